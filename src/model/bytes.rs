//! Sizes as people type and read them: IEC units, 1 KiB = 1024 B.

use std::fmt;
use std::str::FromStr;

/// A number of bytes that prints with three significant digits: `11.8 GiB`.
///
/// Figures are cut, not rounded, so that 49.96 GiB of 50 GiB never looks full or free by rounding.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(pub u64);

/// The text is not a size.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ByteSizeError {
    /// No number, or an unknown unit.
    #[error("“{0}” is not a size. Type a number and a unit, for example 50 GiB")]
    Malformed(String),
    /// More than 8 EiB.
    #[error("“{0}” is larger than any disk")]
    TooLarge(String),
}

const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    /// Reads `10g`, `10 GiB`, `10GB` (meant as GiB), `512 b`, `1.5 tib` or a bare number of bytes.
    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let malformed = || ByteSizeError::Malformed(text.trim().to_owned());
        let folded: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_ascii_lowercase();
        let digits = folded
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(folded.len());
        let (number, unit) = folded.split_at_checked(digits).ok_or_else(malformed)?;
        let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            "t" => 40,
            "p" => 50,
            "e" => 60,
            _ => return Err(malformed()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(malformed());
        }
        let too_large = || ByteSizeError::TooLarge(text.trim().to_owned());
        let whole: u128 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| too_large())?
        };
        let fraction = fraction
            .get(..fraction.len().min(9))
            .ok_or_else(malformed)?;
        let tail: u128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().map_err(|_| malformed())?
        };
        let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
        let bytes = whole
            .checked_mul(1 << shift)
            .and_then(|bytes| bytes.checked_add((tail << shift) / scale))
            .ok_or_else(too_large)?;
        let bytes = i64::try_from(bytes).map_err(|_| too_large())?;
        u64::try_from(bytes).map(Self).map_err(|_| too_large())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_024 {
            return write!(f, "{}\u{a0}B", self.0);
        }
        let mut shift = 10;
        let mut unit = "KiB";
        for (index, name) in UNITS.iter().enumerate() {
            let bits = 10 * (index + 1);
            if self.0 >> bits > 0 {
                shift = bits;
                unit = name;
            }
        }
        let hundredths = (u128::from(self.0) * 100) >> shift;
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        match whole {
            0..10 if rest % 10 > 0 => write!(f, "{whole}.{rest:02}\u{a0}{unit}"),
            0..100 if rest / 10 > 0 => write!(f, "{whole}.{}\u{a0}{unit}", rest / 10),
            _ => write!(f, "{whole}\u{a0}{unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_type_them() {
        for (typed, bytes) in [
            ("0", 0),
            ("512 b", 512),
            ("10g", 10 << 30),
            ("10 GiB", 10 << 30),
            ("10GB", 10 << 30),
            ("1.5 MiB", 3 << 19),
            (" 2 TIB ", 2 << 40),
        ] {
            assert_eq!(typed.parse(), Ok(ByteSize(bytes)), "{typed}");
        }
    }

    #[test]
    fn what_is_no_size_is_quoted_back() {
        for typed in ["", "ten", "5 bananas", "-1", "1.2.3", "."] {
            assert!(
                matches!(typed.parse::<ByteSize>(), Err(ByteSizeError::Malformed(_))),
                "{typed}"
            );
        }
        assert!(matches!(
            "9999999 EiB".parse::<ByteSize>(),
            Err(ByteSizeError::TooLarge(_))
        ));
    }

    #[test]
    fn sizes_print_with_three_digits_and_never_round_up() {
        for (bytes, shown) in [
            (0, "0\u{a0}B"),
            (1_023, "1023\u{a0}B"),
            (1_024, "1\u{a0}KiB"),
            (50 << 30, "50\u{a0}GiB"),
            ((50 << 30) - 1, "49.9\u{a0}GiB"),
            (1_680_000_000_000, "1.52\u{a0}TiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
    }
}
