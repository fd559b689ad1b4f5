//! Figures, rates, times and durations as people read them. Templates print these and compute nothing.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, Zoned};

use crate::clock::Timestamp;
pub(crate) use crate::model::ByteSize as Bytes;

/// Bytes per second: `11.4 MiB/s`, a plain `0` when nothing moves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rate(pub(crate) u64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0");
        }
        write!(f, "{}/s", Bytes(self.0))
    }
}

/// A figure split into number and unit, so that a page can print the unit smaller.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Figure {
    /// The number: `11.4`.
    pub(crate) number: String,
    /// The unit or the rest of the phrase: `MiB/s`, `of 200`; may be empty.
    pub(crate) unit: String,
}

impl Figure {
    /// Splits a size or rate at its non-breaking space.
    pub(crate) fn of(value: impl fmt::Display) -> Self {
        let text = value.to_string();
        let (number, unit) = text.split_once('\u{a0}').unwrap_or((&text, ""));
        Self {
            number: number.to_owned(),
            unit: unit.to_owned(),
        }
    }

    /// A count with what it is out of.
    pub(crate) fn count(count: u64, rest: impl Into<String>) -> Self {
        Self {
            number: Count(count).to_string(),
            unit: rest.into(),
        }
    }
}

/// A number with its thousands grouped: `12,480`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let first = digits.len() % 3;
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index % 3 == first {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A share in per cent, whole but for the ends: `76 %`, `0.3 %`, `99.8 %`. Cut, never rounded up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Pct {
    part: u64,
    whole: u64,
}

impl Pct {
    /// How much `part` is of `whole`; of nothing, everything is used.
    pub(crate) fn of(part: u64, whole: u64) -> Self {
        Self { part, whole }
    }

    /// The share in thousandths; may exceed 1,000.
    pub(crate) fn per_mille(self) -> u64 {
        let whole = u128::from(self.whole.max(1));
        let part = if self.whole == 0 {
            1
        } else {
            u128::from(self.part)
        };
        u64::try_from(part * 1_000 / whole).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Pct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = self.per_mille();
        let fraction = thousandths % 10;
        match thousandths {
            1..10 | 991..1_000 if fraction > 0 => {
                write!(f, "{}.{fraction}\u{a0}%", thousandths / 10)
            }
            _ => write!(f, "{}\u{a0}%", thousandths / 10),
        }
    }
}

/// A span of time in two units at most: `9 s`, `1 min 2 s`, `3 h`, `2 days`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 if self.0.as_millis() > 0 => write!(f, "{}\u{a0}ms", self.0.as_millis()),
            0..60 => write!(f, "{seconds}\u{a0}s"),
            60..600 if !seconds.is_multiple_of(60) => {
                write!(f, "{}\u{a0}min {}\u{a0}s", seconds / 60, seconds % 60)
            }
            60..3_600 => write!(f, "{}\u{a0}min", seconds / 60),
            3_600..36_000 if !(seconds / 60).is_multiple_of(60) => {
                write!(
                    f,
                    "{}\u{a0}h {}\u{a0}min",
                    seconds / 3_600,
                    seconds / 60 % 60
                )
            }
            3_600..86_400 => write!(f, "{}\u{a0}h", seconds / 3_600),
            86_400..172_800 => f.write_str("1\u{a0}day"),
            _ => write!(f, "{}\u{a0}days", seconds / 86_400),
        }
    }
}

/// A span of time in one unit, for figures that are refreshed: `8 min`, `3 h`, `2 days`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct About(pub(crate) Duration);

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{seconds}\u{a0}s"),
            60..3_600 => write!(f, "{}\u{a0}min", seconds / 60),
            3_600..86_400 => write!(f, "{}\u{a0}h", seconds / 3_600),
            _ => Span(self.0).fmt(f),
        }
    }
}

/// A moment on a page, seen from the moment the page was made, in the service's time zone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    /// The moment `at`, on a page made at `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// The moment itself.
    pub(crate) fn at(self) -> Timestamp {
        self.at
    }

    /// Another moment on the same page.
    pub(crate) fn of(self, at: Timestamp) -> Self {
        Self { at, now: self.now }
    }

    /// For machines, in UTC: `2026-03-12T13:32:08Z`.
    pub(crate) fn iso(self) -> String {
        moment(self.at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Relative below seven days, else the date: `8 min ago`, `yesterday`, `12 Mar`.
    pub(crate) fn ago(self) -> String {
        let seconds = self.now.since(self.at).as_secs();
        match seconds {
            0..60 => "just now".to_owned(),
            60..3_600 => format!("{} min ago", seconds / 60),
            3_600..86_400 => format!("{} hr ago", seconds / 3_600),
            86_400..172_800 => "yesterday".to_owned(),
            172_800..604_800 => format!("{} days ago", seconds / 86_400),
            _ => self.day(),
        }
    }

    /// The time of day: `14:32`.
    pub(crate) fn clock(self) -> String {
        zoned(self.at).strftime("%H:%M").to_string()
    }

    /// The time of day to the second: `14:32:08`.
    pub(crate) fn seconds(self) -> String {
        zoned(self.at).strftime("%H:%M:%S").to_string()
    }

    /// The date, without the year in this year: `12 Mar`, `3 Feb 2025`.
    pub(crate) fn day(self) -> String {
        let at = zoned(self.at);
        let pattern = if at.year() == zoned(self.now).year() {
            "%-d %b"
        } else {
            "%-d %b %Y"
        };
        at.strftime(pattern).to_string()
    }

    /// The date in UTC, always with the year: `1 Apr 2026`.
    pub(crate) fn utc_day(self) -> String {
        let at = moment(self.at).to_zoned(TimeZone::UTC);
        at.strftime("%-d %b %Y").to_string()
    }

    /// Date and time: `12 Mar, 14:32`.
    pub(crate) fn date_time(self) -> String {
        format!("{}, {}", self.day(), self.clock())
    }

    /// Everything, for a tooltip: `Thu 12 Mar 2026, 14:32:08 +01:00`.
    pub(crate) fn full(self) -> String {
        zoned(self.at)
            .strftime("%a %-d %b %Y, %H:%M:%S %:z")
            .to_string()
    }

    /// The heading of a day in a log: `Today, 12 March`, `Yesterday, 11 March`, `Mon 9 March`.
    pub(crate) fn heading(self) -> String {
        let at = zoned(self.at);
        let today = zoned(self.now);
        let pattern = if at.date() == today.date() {
            "Today, %-d %B"
        } else if today.yesterday().is_ok_and(|day| day.date() == at.date()) {
            "Yesterday, %-d %B"
        } else if at.year() == today.year() {
            "%a %-d %B"
        } else {
            "%a %-d %B %Y"
        };
        at.strftime(pattern).to_string()
    }

    /// What the clock in the top bar shows: `Thu 12 Mar, 14:32 CET`.
    pub(crate) fn bar(self) -> String {
        zoned(self.at).strftime("%a %-d %b, %H:%M %Z").to_string()
    }

    /// The zone that all times of a page are in: `Europe/Berlin (UTC+01:00)`.
    pub(crate) fn zone(self) -> String {
        let name = ZONE.iana_name().unwrap_or("the server's zone");
        let offset = zoned(self.at).strftime("%:z").to_string();
        format!("{name} (UTC{offset})")
    }
}

/// The beginning of the day `2026-03-12` in the service's zone; `None` if it is no date.
pub(crate) fn day_start(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.trim().parse().ok()?;
    let start = date.to_zoned(ZONE.clone()).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// The end of the day `2026-03-12`, which is the beginning of the next one.
pub(crate) fn day_end(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.trim().parse().ok()?;
    let end = date.tomorrow().ok()?.to_zoned(ZONE.clone()).ok()?;
    Some(Timestamp::from_millis(end.timestamp().as_millisecond()))
}

/// The day of `at` as a date input wants it: `2026-03-12`.
pub(crate) fn day_input(at: Timestamp) -> String {
    zoned(at).strftime("%Y-%m-%d").to_string()
}

/// `1 session`, `2 sessions`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{} {word}", Count(count))
}

/// The two letters that stand for a person.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// Read once: a server does not travel.
static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

fn moment(at: Timestamp) -> Moment {
    Moment::from_millisecond(at.as_millis()).unwrap_or(Moment::UNIX_EPOCH)
}

fn zoned(at: Timestamp) -> Zoned {
    moment(at).to_zoned(ZONE.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl fmt::Display) -> String {
        value.to_string().replace('\u{a0}', " ")
    }

    #[test]
    fn a_rate_of_nothing_is_a_plain_zero() {
        assert_eq!(text(Rate(0)), "0");
        assert_eq!(text(Rate(11_953_766)), "11.3 MiB/s");
    }

    #[test]
    fn a_share_is_whole_but_for_its_ends() {
        assert_eq!(text(Pct::of(76, 100)), "76 %");
        assert_eq!(text(Pct::of(3, 1_000)), "0.3 %");
        assert_eq!(text(Pct::of(9_989, 10_000)), "99.8 %");
        assert_eq!(text(Pct::of(51, 50)), "102 %");
        assert_eq!(text(Pct::of(0, 0)), "100 %");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(text(Count(0)), "0");
        assert_eq!(text(Count(999)), "999");
        assert_eq!(text(Count(12_480)), "12,480");
        assert_eq!(text(Count(1_000_000)), "1,000,000");
    }

    #[test]
    fn a_span_has_two_units_at_most() {
        for (seconds, words) in [
            (9, "9 s"),
            (62, "1 min 2 s"),
            (490, "8 min 10 s"),
            (3_599, "59 min"),
            (3_660, "1 h 1 min"),
            (172_800, "2 days"),
        ] {
            assert_eq!(text(Span(Duration::from_secs(seconds))), words);
        }
    }

    #[test]
    fn a_moment_is_relative_for_a_week() {
        let now = Timestamp::from_seconds(1_773_322_328);
        let ago = |seconds| When::new(now.minus(Duration::from_secs(seconds)), now).ago();

        assert_eq!(ago(20), "just now");
        assert_eq!(ago(8 * 60), "8 min ago");
        assert_eq!(ago(3_700), "1 hr ago");
        assert_eq!(ago(90_000), "yesterday");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert!(!ago(8 * 86_400).contains("ago"));
    }

    #[test]
    fn a_figure_parts_number_and_unit() {
        let figure = Figure::of(Rate(53_267_660));

        assert_eq!(
            (figure.number.as_str(), figure.unit.as_str()),
            ("50.7", "MiB/s")
        );
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(initials("Mara van der Lindqvist"), "ML");
        assert_eq!(initials("ada"), "A");
    }
}
