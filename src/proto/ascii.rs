//! TYPE A: line ends between the wire (CR LF) and the disk (LF), across chunk borders
//! (RFC 959 §3.1.1.1).

/// Turns CR LF into LF, for uploads. A CR that is not followed by LF is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrlfToLf {
    /// The last chunk ended in a CR whose fate is open.
    held_cr: bool,
}

impl CrlfToLf {
    /// Appends the converted `chunk` to `out`: at most one byte more than the chunk has.
    pub fn convert(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            if std::mem::take(&mut self.held_cr) && line != b"\n" {
                out.push(b'\r');
            }
            if let Some(text) = line.strip_suffix(b"\r\n") {
                out.extend_from_slice(text);
                out.push(b'\n');
            } else if let Some(text) = line.strip_suffix(b"\r") {
                out.extend_from_slice(text);
                self.held_cr = true;
            } else {
                out.extend_from_slice(line);
            }
        }
    }

    /// Appends what was held back, at the end of the file: at most one byte.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.held_cr) {
            out.push(b'\r');
        }
    }
}

/// Turns LF into CR LF, for downloads. An LF that already follows a CR is left alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct LfToCrlf {
    /// The last byte was a CR.
    after_cr: bool,
}

impl LfToCrlf {
    /// Appends the converted `chunk` to `out`: at most twice as many bytes as the chunk has.
    pub fn convert(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) if !text.last().map_or(self.after_cr, |byte| *byte == b'\r') => {
                    out.extend_from_slice(text);
                    out.extend_from_slice(b"\r\n");
                }
                _ => out.extend_from_slice(line),
            }
            self.after_cr = line.ends_with(b"\r");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn to_disk(chunks: &[&[u8]]) -> Vec<u8> {
        let mut converter = CrlfToLf::default();
        let mut out = Vec::new();
        for chunk in chunks {
            converter.convert(chunk, &mut out);
        }
        converter.finish(&mut out);
        out
    }

    fn to_wire(chunks: &[&[u8]]) -> Vec<u8> {
        let mut converter = LfToCrlf::default();
        let mut out = Vec::new();
        for chunk in chunks {
            converter.convert(chunk, &mut out);
        }
        out
    }

    #[test]
    fn an_upload_loses_the_cr_of_crlf_and_no_other() {
        for (sent, stored) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb", "a\rb"),
            ("a\r\r\n", "a\r\n"),
            ("a\n", "a\n"),
            ("a\r", "a\r"),
            ("", ""),
        ] {
            assert_eq!(to_disk(&[sent.as_bytes()]), stored.as_bytes(), "{sent:?}");
        }
    }

    #[test]
    fn a_download_gains_a_cr_only_where_there_is_none() {
        for (stored, sent) in [
            ("a\nb\n", "a\r\nb\r\n"),
            ("a\r\n", "a\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("a\rb", "a\rb"),
            ("", ""),
        ] {
            assert_eq!(to_wire(&[stored.as_bytes()]), sent.as_bytes(), "{stored:?}");
        }
    }

    #[test]
    fn a_line_end_cut_by_a_chunk_border_is_seen() {
        assert_eq!(to_disk(&[b"a\r", b"\nb"]), b"a\nb");
        assert_eq!(to_disk(&[b"a\r", b"", b"b"]), b"a\rb");
        assert_eq!(to_disk(&[b"a\r", b"\r\n"]), b"a\r\n");
        assert_eq!(to_wire(&[b"a\r", b"\nb\n"]), b"a\r\nb\r\n");
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(
            chunks in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"\r\nab"[..]), 0..6), 0..8),
        ) {
            let cut: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let whole = chunks.concat();

            prop_assert_eq!(to_disk(&cut), to_disk(&[&whole]));
            prop_assert_eq!(to_wire(&cut), to_wire(&[&whole]));
        }

        #[test]
        fn text_survives_the_way_out_and_back(text in "[ab\n]{0,40}") {
            let sent = to_wire(&[text.as_bytes()]);

            prop_assert_eq!(to_disk(&[&sent]), text.as_bytes());
        }

        #[test]
        fn neither_way_makes_more_than_it_promises(
            bytes in prop::collection::vec(prop::sample::select(&b"\r\nab"[..]), 0..40),
        ) {
            prop_assert!(to_wire(&[&bytes]).len() <= 2 * bytes.len());
            prop_assert!(to_disk(&[&bytes]).len() <= bytes.len());
        }
    }
}
