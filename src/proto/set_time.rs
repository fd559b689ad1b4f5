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
