//! The end of an account in writing: date and time in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::clock::Timestamp;

/// A moment that is written like `2027-03-12 18:30`, in UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expiry(pub Timestamp);

/// The text is no date with a time. The message is shown beside the field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Write date and time in UTC like 2027-03-12 18:30, or leave it empty for no end")]
pub struct ExpiryError;

impl Expiry {
    /// As an input for date and time wants it: `2027-03-12T18:30`.
    pub fn input(self) -> String {
        self.written('T')
    }

    fn written(self, between: char) -> String {
        let Ok(moment) = jiff::Timestamp::from_millisecond(self.0.as_millis()) else {
            return String::new();
        };
        let utc = Offset::UTC.to_datetime(moment);
        let is_whole = utc.second() == 0 && utc.subsec_nanosecond() == 0;
        let time = if is_whole { "%H:%M" } else { "%H:%M:%S%.f" };
        utc.strftime(&format!("%Y-%m-%d{between}{time}"))
            .to_string()
    }
}

impl FromStr for Expiry {
    type Err = ExpiryError;

    /// Reads a date with a time; `UTC` or `Z` may stand behind them.
    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        let text = text.trim();
        let text = text.strip_suffix("UTC").unwrap_or(text);
        let text = text.strip_suffix('Z').unwrap_or(text).trim();
        // A date alone would leave open whether its day counts, and no other zone is meant.
        let (_, time) = text.split_once(['T', ' ']).ok_or(ExpiryError)?;
        if !time
            .chars()
            .all(|c| c.is_ascii_digit() || c == ':' || c == '.')
        {
            return Err(ExpiryError);
        }
        let civil: DateTime = text.parse().map_err(|_| ExpiryError)?;
        let zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| ExpiryError)?;
        if !(1970..=9999).contains(&civil.year()) {
            return Err(ExpiryError);
        }
        let millis = zoned.timestamp().as_millisecond();
        Ok(Self(Timestamp::from_millis(millis)))
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} UTC", self.written(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back_from_its_text() {
        let noon = Expiry(Timestamp::from_seconds(1_804_507_200));

        for text in [
            "2027-03-08 12:00",
            "2027-03-08T12:00",
            "2027-03-08 12:00:00 UTC",
            " 2027-03-08T12:00:00Z ",
        ] {
            assert_eq!(text.parse(), Ok(noon), "{text}");
        }
        assert_eq!(noon.to_string(), "2027-03-08 12:00 UTC");
        assert_eq!(noon.input(), "2027-03-08T12:00");
        let odd = Expiry(Timestamp::from_millis(1_804_507_201_250));
        assert_eq!(odd.input().parse(), Ok(odd));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2027-03-08",
            "12:00",
            "2027-02-30 12:00",
            "2027-03-08 25:00",
            "2027-03-08 12:00+02:00",
            "08.03.2027 12:00",
            "1969-12-31 23:59",
            "tomorrow",
        ] {
            assert_eq!(text.parse::<Expiry>(), Err(ExpiryError), "{text}");
        }
    }
}
