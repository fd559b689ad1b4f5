//! What the checksum verbs ask for: `HASH` with `OPTS HASH` (draft-bryan-ftpext-hash), and the older
//! `XCRC` family, which has no RFC.

use crate::proto::argument::{Argument, Pathname, SyntaxError, decimal};

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Algorithm {
    /// SHA-256; what `HASH` uses until told otherwise.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA-1.
    Sha1,
    /// MD5.
    Md5,
    /// CRC-32 as in ISO 3309.
    Crc32,
}

impl Algorithm {
    /// Every algorithm, strongest habit first: the order of `FEAT`.
    pub const ALL: [Self; 5] = [
        Self::Sha256,
        Self::Sha512,
        Self::Sha1,
        Self::Md5,
        Self::Crc32,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
            Self::Sha1 => "SHA-1",
            Self::Md5 => "MD5",
            Self::Crc32 => "CRC32",
        }
    }

    /// Every name, this one marked: the line of `FEAT`.
    pub fn feature(self) -> String {
        let names = Self::ALL.map(|algorithm| {
            let mark = if algorithm == self { "*" } else { "" };
            format!("{}{mark}", algorithm.name())
        });
        names.join(";")
    }

    /// The algorithm of that name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// The argument of `XCRC` and its family: a pathname, perhaps in quotes, perhaps with the first byte
/// and the one behind the last. A text that can be read in several ways means the first of them
/// whose file exists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChecksumArgument {
    /// The ways to read it, the literal one first.
    pub readings: Vec<ChecksumReading>,
}

/// One way to read a [`ChecksumArgument`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChecksumReading {
    /// The file.
    pub pathname: Pathname,
    /// First byte, and the one behind the last; `None` for the whole file.
    pub span: Option<(u64, u64)>,
}

impl Argument for ChecksumArgument {
    const SYNTAX: &'static str = " <pathname> [<start> <end>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let literal = Pathname::parse(raw)?;
        let text = literal.as_str().to_owned();
        let mut readings = vec![ChecksumReading {
            pathname: literal,
            span: None,
        }];
        readings.extend(quoted(&text));
        readings.extend(ranged(&text));
        Ok(Self { readings })
    }
}

/// `"pathname"`, with or without a range behind it.
fn quoted(text: &str) -> Option<ChecksumReading> {
    let (name, rest) = text.strip_prefix('"')?.rsplit_once('"')?;
    let span = match rest.trim() {
        "" => None,
        rest => Some(span(rest)?),
    };
    Some(ChecksumReading {
        pathname: Pathname::of(name).ok()?,
        span,
    })
}

/// `pathname start end`.
fn ranged(text: &str) -> Option<ChecksumReading> {
    let (rest, end) = text.rsplit_once(' ')?;
    let (name, start) = rest.rsplit_once(' ')?;
    Some(ChecksumReading {
        pathname: Pathname::of(name).ok()?,
        span: Some((decimal(start)?, decimal(end)?)),
    })
}

fn span(text: &str) -> Option<(u64, u64)> {
    let (start, end) = text.split_once(' ')?;
    Some((decimal(start)?, decimal(end.trim_start())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(typed: &str) -> Vec<(String, Option<(u64, u64)>)> {
        ChecksumArgument::parse(Some(typed))
            .unwrap()
            .readings
            .into_iter()
            .map(|reading| (reading.pathname.as_str().to_owned(), reading.span))
            .collect()
    }

    #[test]
    fn the_literal_reading_comes_first() {
        for (typed, readings) in [
            ("f.txt", vec![("f.txt", None)]),
            ("a b", vec![("a b", None)]),
            ("f 0 5", vec![("f 0 5", None), ("f", Some((0, 5)))]),
            ("a b 1 2", vec![("a b 1 2", None), ("a b", Some((1, 2)))]),
            ("f 5", vec![("f 5", None)]),
            ("f 0 x", vec![("f 0 x", None)]),
            ("\"a b\"", vec![("\"a b\"", None), ("a b", None)]),
            (
                "\"a b\" 0 5",
                vec![
                    ("\"a b\" 0 5", None),
                    ("a b", Some((0, 5))),
                    ("\"a b\"", Some((0, 5))),
                ],
            ),
            ("\"a", vec![("\"a", None)]),
            ("\"\"", vec![("\"\"", None)]),
        ] {
            let readings: Vec<_> = readings
                .into_iter()
                .map(|(name, span)| (name.to_owned(), span))
                .collect();
            assert_eq!(read(typed), readings, "{typed}");
        }
        assert_eq!(
            ChecksumArgument::parse(None),
            Err(SyntaxError::MissingArgument)
        );
    }

    #[test]
    fn the_feature_line_marks_the_selection() {
        assert_eq!(
            Algorithm::default().feature(),
            "SHA-256*;SHA-512;SHA-1;MD5;CRC32"
        );
        assert_eq!(
            Algorithm::Sha1.feature(),
            "SHA-256;SHA-512;SHA-1*;MD5;CRC32"
        );
    }

    #[test]
    fn names_are_read_in_any_case() {
        for algorithm in Algorithm::ALL {
            let lower = algorithm.name().to_lowercase();
            assert_eq!(Algorithm::named(&lower), Some(algorithm));
        }
        assert_eq!(Algorithm::named("SHA256"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "[\" 0-9a-z]{0,20}|.{0,20}") {
            drop(ChecksumArgument::parse(Some(&typed)));
        }
    }
}
