//! The kinds of values that a setting can have: how they are written as text, which is their form
//! in the database, on the command line and in forms, and what is said when the text is wrong.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::model::{AddressRule, ByteSize, Checksum, Durability, Limit, PortRange, PublicAddress};
use crate::vfs::OnAbort;

/// How a form shows a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SettingKind {
    /// `auto`, an IPv4 address or a name.
    Address,
    /// One of a few: text and words.
    Choice(&'static [(&'static str, &'static str)]),
    /// A number of days.
    Days,
    /// One line of text.
    Line,
    /// A number.
    Number,
    /// First and last port.
    PortRange,
    /// Passive address rules, one per line.
    Rules,
    /// A number of seconds.
    Seconds,
    /// Yes or no: `true` or `false`.
    Switch,
}

/// Whether the data connection must come from the client of the control connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PeerCheck {
    /// From the same address (IPv6: the same /64).
    #[default]
    Strict,
    /// From anywhere; for clients behind a carrier's address pool.
    Off,
}

/// Whether clients must encrypt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TlsPolicy {
    /// Sign-in is refused without TLS, and so are plain data connections.
    #[default]
    Required,
    /// Clients may encrypt.
    Optional,
    /// TLS is not offered.
    Off,
}

/// A type that a row of the table can have.
pub(super) trait SettingValue: Sized {
    /// How a form shows it.
    const KIND: SettingKind;

    /// Reads the text; the error is a sentence for the field. `bounds` limits the number, or the
    /// number of characters, where the type has one.
    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String>;

    /// Writes the text that [`SettingValue::read`] takes.
    fn print(&self) -> String;
}

impl SettingValue for bool {
    const KIND: SettingKind = SettingKind::Switch;

    fn read(text: &str, _: &RangeInclusive<u64>) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err("Choose yes or no".to_owned()),
        }
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for u32 {
    const KIND: SettingKind = SettingKind::Number;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        number(text, bounds, "")
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for Duration {
    const KIND: SettingKind = SettingKind::Seconds;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        number(text, bounds, " of seconds").map(Self::from_secs)
    }

    fn print(&self) -> String {
        self.as_secs().to_string()
    }
}

/// A number of days.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Days(pub u32);

impl Days {
    /// The same as a duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 24 * 60 * 60)
    }
}

impl SettingValue for Days {
    const KIND: SettingKind = SettingKind::Days;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        number(text, bounds, " of days").map(Self)
    }

    fn print(&self) -> String {
        self.0.to_string()
    }
}

/// Bytes a second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RateLimit(pub Limit);

impl SettingValue for RateLimit {
    const KIND: SettingKind = SettingKind::Line;

    fn read(text: &str, _: &RangeInclusive<u64>) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let size = text.trim_end_matches("/s").parse::<ByteSize>();
        match size {
            Ok(ByteSize(rate)) if rate >= 1_024 => Ok(Self(Some(rate))),
            Ok(_) => Err("Use at least 1 KiB/s, or leave it empty for no limit".to_owned()),
            Err(_) => Err("Write a rate like 50 MiB/s, or leave it empty for no limit".to_owned()),
        }
    }

    fn print(&self) -> String {
        let Some(rate) = self.0 else {
            return String::new();
        };
        format!("{}/s", exactly(rate))
    }
}

impl SettingValue for ByteSize {
    const KIND: SettingKind = SettingKind::Line;

    fn read(text: &str, _: &RangeInclusive<u64>) -> Result<Self, String> {
        let size = text.parse::<Self>();
        size.map_err(|_| "Write a size like 5 GiB, or 0 for none".to_owned())
    }

    fn print(&self) -> String {
        exactly(self.0)
    }
}

/// `bytes` in the largest unit of which they are a whole number.
fn exactly(bytes: u64) -> String {
    let units = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ];
    let whole = units
        .into_iter()
        .find(|(_, size)| bytes.is_multiple_of(*size));
    let (unit, size) = whole.unwrap_or(("B", 1));
    format!("{} {unit}", bytes / size)
}

impl SettingValue for String {
    const KIND: SettingKind = SettingKind::Line;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        let text = text.trim();
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        if text.chars().any(char::is_control) {
            return Err("Write one line without control characters".to_owned());
        }
        if length < *bounds.start() {
            return Err("Enter a text".to_owned());
        }
        if length > *bounds.end() {
            return Err(format!("Use {} characters or fewer", bounds.end()));
        }
        Ok(text.to_owned())
    }

    fn print(&self) -> String {
        self.clone()
    }
}

impl SettingValue for PortRange {
    const KIND: SettingKind = SettingKind::PortRange;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        let range: Self = parsed(text)?;
        let count = u64::try_from(range.count()).unwrap_or(u64::MAX);
        if count > *bounds.end() {
            return Err(format!(
                "The range has {count} ports. Use {} or fewer; a few serve any number of clients",
                bounds.end()
            ));
        }
        Ok(range)
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for PublicAddress {
    const KIND: SettingKind = SettingKind::Address;

    fn read(text: &str, _: &RangeInclusive<u64>) -> Result<Self, String> {
        parsed(text)
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for Vec<AddressRule> {
    const KIND: SettingKind = SettingKind::Rules;

    fn read(text: &str, bounds: &RangeInclusive<u64>) -> Result<Self, String> {
        let rules: Self = text
            .split(['\n', ',', ';'])
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(parsed)
            .collect::<Result<_, _>>()?;
        if u64::try_from(rules.len()).unwrap_or(u64::MAX) > *bounds.end() {
            return Err(format!("Use {} rules or fewer", bounds.end()));
        }
        Ok(rules)
    }

    fn print(&self) -> String {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

macro_rules! choice {
    ($type:ident { $($name:ident = $text:literal, $words:literal;)* }) => {
        impl SettingValue for $type {
            const KIND: SettingKind = SettingKind::Choice(&[$(($text, $words)),*]);

            fn read(text: &str, _: &RangeInclusive<u64>) -> Result<Self, String> {
                match text.trim() {
                    $($text => Ok(Self::$name),)*
                    _ => Err(concat!("Choose one of:", $(" ", $text),*).to_owned()),
                }
            }

            fn print(&self) -> String {
                match self { $(Self::$name => $text,)* }.to_owned()
            }
        }
    };
}

choice! { PeerCheck {
    Strict = "strict", "Same address only";
    Off = "off", "Any address";
} }

choice! { TlsPolicy {
    Required = "required", "Required";
    Optional = "optional", "Optional";
    Off = "off", "Off";
} }

choice! { Durability {
    Received = "received", "When the server has every byte";
    OnDisk = "on-disk", "When it is safe on disk";
} }

choice! { Checksum {
    Off = "off", "None";
    Sha256 = "sha256", "SHA-256";
} }

choice! { OnAbort {
    Auto = "auto", "Keep a new file, not a replacement";
    Keep = "keep", "Keep";
    Discard = "discard", "Discard";
} }

fn parsed<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: Display>,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn number<T>(text: &str, bounds: &RangeInclusive<u64>, of: &str) -> Result<T, String>
where
    T: TryFrom<u64>,
{
    let sentence = || {
        let (least, most) = (bounds.start(), bounds.end());
        format!("Enter a number{of} from {least} to {most}")
    };
    let number: u64 = text.trim().parse().map_err(|_| sentence())?;
    if !bounds.contains(&number) {
        return Err(sentence());
    }
    T::try_from(number).map_err(|_| sentence())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_its_bounds_is_told_the_bounds() {
        assert_eq!(
            Duration::read("10", &(30..=86_400)),
            Err("Enter a number of seconds from 30 to 86400".to_owned())
        );
        assert_eq!(
            u32::read("many", &(1..=5)),
            Err("Enter a number from 1 to 5".to_owned())
        );
        assert_eq!(u32::read(" 5 ", &(1..=5)), Ok(5));
    }

    #[test]
    fn rules_are_written_one_per_line_or_with_commas() {
        let rules =
            Vec::<AddressRule>::read("10.0.0.0/8=same, 192.0.2.1=203.0.113.9", &(0..=9)).unwrap();

        assert_eq!(rules.print(), "10.0.0.0/8=same\n192.0.2.1/32=203.0.113.9");
        assert_eq!(
            Vec::<AddressRule>::read(&rules.print(), &(0..=9)),
            Ok(rules)
        );
        assert!(Vec::<AddressRule>::read("10.0.0.0/8", &(0..=9)).is_err());
    }

    #[test]
    fn a_text_stays_on_its_line() {
        assert!(String::read("one\r\n220 two", &(0..=200)).is_err());
        assert!(String::read("", &(1..=200)).is_err());
        assert!(String::read(&"x".repeat(201), &(0..=200)).is_err());
    }
}
