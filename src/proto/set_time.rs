//! The arguments that carry a time: `MDTM` with its two meanings, and `MFMT`.

use crate::clock::Timestamp;
use crate::proto::argument::{Argument, Pathname, SyntaxError};
use crate::proto::date::{self, DateError};

/// The argument of `MDTM`, which can mean two things (the set form has no RFC).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MdtmArgument {
    /// The whole argument as a pathname: what is meant if it exists.
    pub literal: Pathname,
    /// The argument read as `time SP pathname`: what is meant otherwise, if the account may set
    /// times.
    pub set: Option<SetTime>,
}

/// A time to set on a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetTime {
    /// The time, or the fact that there is no such day.
    pub modified: Result<Timestamp, DateError>,
    /// The file.
    pub pathname: Pathname,
}

impl Argument for MdtmArgument {
    const SYNTAX: &'static str = " [<YYYYMMDDHHMMSS>] <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let literal = Pathname::parse(raw)?;
        let set = literal
            .as_str()
            .split_once(' ')
            .filter(|(time, _)| has_the_shape_of_a_time(time))
            .and_then(|(time, path)| {
                Some(SetTime {
                    modified: date::parse(time),
                    pathname: Pathname::of(path).ok()?,
                })
            });
        Ok(Self { literal, set })
    }
}

/// The argument of `MFMT` (draft-somers-ftp-mfxx §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MfmtArgument {
    /// The time to set.
    pub modified: Timestamp,
    /// The file.
    pub pathname: Pathname,
}

impl Argument for MfmtArgument {
    const SYNTAX: &'static str = " <YYYYMMDDHHMMSS> <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let raw = raw.ok_or(SyntaxError::MissingArgument)?;
        let (time, path) = raw.split_once(' ').unwrap_or((raw, ""));
        Ok(Self {
            modified: date::parse(time).map_err(|_| BAD_DATE)?,
            pathname: Pathname::of(path)?,
        })
    }
}

/// 14 digits, perhaps a fraction: enough to mean a time and no path.
fn has_the_shape_of_a_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    whole.len() == 14
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
}

/// A time that is not in the calendar.
pub(crate) const BAD_DATE: SyntaxError = SyntaxError::Malformed("Not a valid date.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_digits_and_a_name_may_mean_either() {
        let argument = MdtmArgument::parse(Some("20250101000000 f.txt")).unwrap();
        let set = argument.set.unwrap();

        assert_eq!(argument.literal.as_str(), "20250101000000 f.txt");
        assert_eq!(set.modified, date::parse("20250101000000"));
        assert_eq!(set.pathname.as_str(), "f.txt");
    }

    #[test]
    fn a_fraction_is_allowed_and_a_wrong_day_is_remembered() {
        let fraction = MdtmArgument::parse(Some("20250101000000.25 a b")).unwrap();
        assert_eq!(fraction.set.unwrap().pathname.as_str(), "a b");

        let wrong = MdtmArgument::parse(Some("20251301000000 f")).unwrap();
        assert_eq!(wrong.set.unwrap().modified, Err(DateError));
    }

    #[test]
    fn anything_else_is_a_name() {
        for typed in [
            "f.txt",
            "20250101000000",
            "20250101000000 ",
            "2025010100000 f",
            "202501010000000 f",
            "20250101000000.x f",
            "2025010100000x f",
        ] {
            let argument = MdtmArgument::parse(Some(typed)).unwrap();
            assert_eq!(argument.set, None, "{typed}");
            assert_eq!(argument.literal.as_str(), typed);
        }
        assert!(MdtmArgument::parse(None).is_err());
    }

    #[test]
    fn mfmt_wants_a_day_that_exists_and_a_name() {
        let argument = MfmtArgument::parse(Some("20240229120000  f.txt")).unwrap();
        assert_eq!(argument.modified, date::parse("20240229120000").unwrap());
        assert_eq!(argument.pathname.as_str(), " f.txt");

        for typed in [
            "20230229120000 f",
            "x f",
            "20240101000000",
            "20240101000000 ",
            "f",
        ] {
            let error = MfmtArgument::parse(Some(typed)).unwrap_err();
            assert_eq!(error.reply().code().number(), 501, "{typed}");
        }
    }
}
