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
        for &byte in chunk {
            if std::mem::take(&mut self.held_cr) && byte != b'\n' {
                out.push(b'\r');
            }
            if byte == b'\r' {
                self.held_cr = true;
            } else {
                out.push(byte);
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
        for &byte in chunk {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            out.push(byte);
            self.after_cr = byte == b'\r';
        }
    }
}
