//! The arguments that choose how a transfer or the conversation goes: `TYPE`, `STRU`, `MODE`,
//! `ALLO`, `OPTS`, `LANG` (RFC 959 §4.1.2 and §4.1.3, RFC 2389, RFC 2640).

use crate::proto::argument::{Argument, SyntaxError, decimal, trimmed};
use crate::proto::checksum::Algorithm;
use crate::proto::facts::Facts;

/// What `OPTS` sets (RFC 2389 §4, RFC 3659 §7.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptsArgument {
    /// `HASH [name]`: this algorithm from now on; `None` asks which one it is.
    Hash(Option<Algorithm>),
    /// `MLST facts`: these facts from now on.
    Mlst(Facts),
    /// `UTF8 [ON]`: it is always on.
    Utf8,
}

impl Argument for OptsArgument {
    const SYNTAX: &'static str = " <UTF8 ON, MLST facts, or HASH algorithm>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let text = trimmed(raw)?;
        let (name, options) = text.split_once(' ').unwrap_or((text, ""));
        let options = options.trim();
        match name.to_ascii_uppercase().as_str() {
            "UTF8" | "UTF-8" => match options.to_ascii_uppercase().as_str() {
                "" | "ON" | "NLST" => Ok(Self::Utf8),
                "OFF" => Err(SyntaxError::Unsupported("UTF8 is always on.")),
                _ => Err(SyntaxError::Malformed("Use OPTS UTF8 ON.")),
            },
            "HASH" if options.is_empty() => Ok(Self::Hash(None)),
            "HASH" => Algorithm::named(options)
                .map(|algorithm| Self::Hash(Some(algorithm)))
                .ok_or(SyntaxError::Malformed("Unknown algorithm.")),
            "MLST" => Ok(Self::Mlst(Facts::parse(options))),
            _ => Err(SyntaxError::Malformed("Option not understood.")),
        }
    }
}

/// How files travel (`TYPE`, RFC 959 §3.1.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TransferType {
    /// `A`: text, lines end in CR LF on the wire.
    #[default]
    Ascii,
    /// `I` and `L 8`: as stored.
    Image,
}

impl TransferType {
    /// The letter on the wire.
    pub const fn letter(self) -> char {
        match self {
            Self::Ascii => 'A',
            Self::Image => 'I',
        }
    }
}

impl Argument for TransferType {
    const SYNTAX: &'static str = " <A or I>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let text = trimmed(raw)?.to_ascii_uppercase();
        let unsupported = SyntaxError::Unsupported("Only TYPE A and TYPE I are supported.");
        let malformed = SyntaxError::Malformed("Unknown type.");
        let mut words = text.split_ascii_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            // Printers send `I N`.
            ("I", _) | ("L", Some("8")) | ("L8", None) => Ok(Self::Image),
            ("A", None | Some("N")) => Ok(Self::Ascii),
            ("A", Some("T" | "C")) | ("E", _) => Err(unsupported),
            ("L", Some(size)) if decimal(size).is_some() => Err(unsupported),
            (word, None) if word.strip_prefix('L').and_then(decimal).is_some() => Err(unsupported),
            _ => Err(malformed),
        }
    }
}

/// `STRU F`, the only structure (RFC 1123 §4.1.2.13).
pub(crate) struct FileStructure;

impl Argument for FileStructure {
    const SYNTAX: &'static str = " F";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "F" => Ok(Self),
            "R" | "P" => Err(SyntaxError::Unsupported("Only STRU F is supported.")),
            _ => Err(SyntaxError::Malformed("Unknown structure.")),
        }
    }
}

/// `MODE S`, the only mode (RFC 959 §3.4).
pub(crate) struct StreamMode;

impl Argument for StreamMode {
    const SYNTAX: &'static str = " S";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "S" => Ok(Self),
            "B" | "C" | "Z" => Err(SyntaxError::Unsupported("Only MODE S is supported.")),
            _ => Err(SyntaxError::Malformed("Unknown mode.")),
        }
    }
}

/// `LANG [tag]`: English is the only language (RFC 2640 §4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// The default, which is English.
    Default,
    /// `en` or one of its regions.
    English,
}

impl Argument for Language {
    const SYNTAX: &'static str = " [<language tag>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let Some(tag) = raw.map(str::trim).filter(|tag| !tag.is_empty()) else {
            return Ok(Self::Default);
        };
        let mut parts = tag.split('-');
        let well_formed = tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !well_formed {
            return Err(SyntaxError::Malformed("Malformed language tag."));
        }
        match parts.next() {
            Some(language) if language.eq_ignore_ascii_case("en") => Ok(Self::English),
            _ => Err(SyntaxError::Unsupported("Only English is supported.")),
        }
    }
}

/// The size that `ALLO` declares; the record size behind `R` says nothing here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allocation(pub u64);

impl Argument for Allocation {
    const SYNTAX: &'static str = " <bytes> [R <record size>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let malformed = SyntaxError::Malformed("Not a valid number of bytes.");
        let mut words = trimmed(raw)?.split_ascii_whitespace();
        let bytes = words.next().and_then(decimal).ok_or(malformed)?;
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Ok(Self(bytes)),
            (Some(r), Some(size), None) if r.eq_ignore_ascii_case("R") => {
                decimal(size).map(|_| Self(bytes)).ok_or(malformed)
            }
            _ => Err(malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<A: Argument>(typed: &str) -> u16 {
        let raw = Some(typed).filter(|typed| !typed.is_empty());
        match A::parse(raw) {
            Ok(_) => 200,
            Err(error) => error.reply().code().number(),
        }
    }

    #[test]
    fn types_are_read_as_printers_write_them() {
        for (typed, meant) in [
            ("A", TransferType::Ascii),
            ("a n", TransferType::Ascii),
            ("I", TransferType::Image),
            ("I N", TransferType::Image),
            ("L 8", TransferType::Image),
            ("l8", TransferType::Image),
        ] {
            assert_eq!(TransferType::parse(Some(typed)), Ok(meant), "{typed}");
        }
        for (typed, expected) in [
            ("A T", 504),
            ("A C", 504),
            ("E", 504),
            ("E N", 504),
            ("L 7", 504),
            ("L7", 504),
            ("L 88", 504),
            ("", 501),
            ("Q", 501),
            ("A X", 501),
            ("L", 501),
            ("Lx", 501),
            ("L x", 501),
        ] {
            assert_eq!(code::<TransferType>(typed), expected, "{typed}");
        }
    }

    #[test]
    fn one_structure_and_one_mode_are_enough() {
        for (typed, structure) in [
            ("F", 200),
            ("f", 200),
            ("R", 504),
            ("P", 504),
            ("X", 501),
            ("", 501),
        ] {
            assert_eq!(code::<FileStructure>(typed), structure, "{typed}");
        }
        for (typed, mode) in [
            ("S", 200),
            ("B", 504),
            ("C", 504),
            ("Z", 504),
            ("X", 501),
            ("", 501),
        ] {
            assert_eq!(code::<StreamMode>(typed), mode, "{typed}");
        }
    }

    #[test]
    fn utf8_is_on_and_stays_on() {
        for typed in [
            "UTF8 ON",
            "utf8 on",
            "UTF-8 ON",
            "UTF8",
            "UTF8 NLST",
            "utf8  ON ",
        ] {
            assert_eq!(
                OptsArgument::parse(Some(typed)),
                Ok(OptsArgument::Utf8),
                "{typed}"
            );
        }
        for (typed, expected) in [
            ("UTF8 OFF", 504),
            ("UTF8 X", 501),
            ("STOR x", 501),
            ("HASH NOPE", 501),
            ("", 501),
        ] {
            assert_eq!(code::<OptsArgument>(typed), expected, "{typed}");
        }
    }

    #[test]
    fn facts_are_chosen_by_opts_mlst() {
        let facts = OptsArgument::parse(Some("mlst size;bogus;MODIFY;"));

        assert_eq!(facts, Ok(OptsArgument::Mlst(Facts::parse("size;modify;"))));
        assert_eq!(
            OptsArgument::parse(Some("MLST")),
            Ok(OptsArgument::Mlst(Facts::NONE))
        );
    }

    #[test]
    fn english_is_spoken() {
        for (typed, expected) in [
            ("", 200),
            ("en", 200),
            ("EN-us", 200),
            ("en-GB-oed", 200),
            ("de", 504),
            ("fr-CA", 504),
            ("e n", 501),
            ("en-", 501),
            ("-", 501),
            ("englishes", 501),
        ] {
            assert_eq!(code::<Language>(typed), expected, "{typed}");
        }
    }

    #[test]
    fn an_announced_size_may_have_a_record_size() {
        for (typed, bytes) in [
            ("100", Some(100)),
            ("100 R 10", Some(100)),
            ("5 r 1", Some(5)),
        ] {
            assert_eq!(
                Allocation::parse(Some(typed)).ok(),
                bytes.map(Allocation),
                "{typed}"
            );
        }
        for typed in ["", "x", "-1", "100 R", "100 X 1", "100 R x", "100 R 1 2"] {
            assert_eq!(code::<Allocation>(typed), 501, "{typed}");
        }
    }
}
