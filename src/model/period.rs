//! Periods of a month that begin on a day of the month, at midnight UTC. Which one it is follows from
//! the present moment alone: nobody has to be awake when one ends.

use std::fmt;
use std::str::FromStr;

use crate::clock::Timestamp;

/// The day of the month on which a period begins; every month has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResetDay(u8);

/// The text is not a day that every month has. The message is shown beside the field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Day must be 1 to 28")]
pub struct ResetDayError;

/// A span of time; its end is the first moment that is not part of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Period {
    /// The first moment.
    pub begin: Timestamp,
    /// The first moment behind it.
    pub end: Timestamp,
}

impl ResetDay {
    /// The last day that every month has.
    pub const LAST: u8 = 28;

    /// The day with this number; `None` if not every month has it.
    pub fn new(day: u8) -> Option<Self> {
        (1..=Self::LAST).contains(&day).then_some(Self(day))
    }

    /// Its number, 1 to 28.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl Default for ResetDay {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for ResetDay {
    type Err = ResetDayError;

    fn from_str(text: &str) -> Result<Self, ResetDayError> {
        let day = text.trim().parse().map_err(|_| ResetDayError)?;
        Self::new(day).ok_or(ResetDayError)
    }
}

impl fmt::Display for ResetDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Period {
    /// The period in which `now` is.
    pub fn at(now: Timestamp, day: ResetDay) -> Self {
        let months = month_of(now);
        let this = begin_of(months, day);
        if this <= now {
            Self {
                begin: this,
                end: begin_of(months + 1, day),
            }
        } else {
            Self {
                begin: begin_of(months - 1, day),
                end: this,
            }
        }
    }

    /// The period in which `now` is, if `last` is the latest that anything was counted in. While that
    /// one runs it keeps its beginning, and ends when the day comes: a changed day lengthens or
    /// shortens it. No two periods overlap, and a clock that was set back begins none anew.
    pub fn after(last: Self, now: Timestamp, day: ResetDay) -> Self {
        let usual = Self::at(now.max(last.begin), day);
        let begin = if now < last.end {
            last.begin
        } else {
            usual.begin.max(last.end)
        };
        Self { begin, ..usual }
    }
}

const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0000-03-01, where the years of this calculation begin, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;
/// Days of 400 years of the Gregorian calendar.
const DAYS_PER_ERA: i64 = 146_097;

/// Months since March of the year 0.
fn month_of(at: Timestamp) -> i64 {
    let days = at.as_seconds().div_euclid(SECONDS_PER_DAY) + DAYS_BEFORE_1970;
    let (era, day) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    // Leap days of the era up to this day: one in 4 years, none in 100, one in 400.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - days_before_year(year);
    // Months of March to January have 153 days in five of them.
    let month = (5 * day_of_year + 2) / 153;
    (era * 400 + year) * 12 + month
}

/// Midnight of the day in the month with this number.
fn begin_of(months: i64, day: ResetDay) -> Timestamp {
    let (years, month) = (months.div_euclid(12), months.rem_euclid(12));
    let (era, year) = (years.div_euclid(400), years.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + i64::from(day.0) - 1;
    let days = era * DAYS_PER_ERA + days_before_year(year) + day_of_year - DAYS_BEFORE_1970;
    Timestamp::from_seconds(days.saturating_mul(SECONDS_PER_DAY))
}

/// Days of the era before its year with this number.
fn days_before_year(year: i64) -> i64 {
    365 * year + year / 4 - year / 100
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOV_1: Timestamp = Timestamp::from_seconds(1_793_491_200);
    const DEC_1: Timestamp = Timestamp::from_seconds(1_796_083_200);
    const DAY: i64 = 86_400;

    fn day(number: u8) -> ResetDay {
        ResetDay::new(number).unwrap()
    }

    fn later(at: Timestamp, days: i64) -> Timestamp {
        Timestamp::from_seconds(at.as_seconds() + days * DAY)
    }

    fn period(begin: Timestamp, end: Timestamp) -> Period {
        Period { begin, end }
    }

    #[test]
    fn a_period_begins_on_its_day_and_ends_a_month_later() {
        assert_eq!(Period::at(NOV_1, day(1)), period(NOV_1, DEC_1));
        let last = Timestamp::from_millis(DEC_1.as_millis() - 1);
        assert_eq!(Period::at(last, day(1)), period(NOV_1, DEC_1));
        assert_eq!(Period::at(DEC_1, day(1)).begin, DEC_1);
        assert_eq!(
            Period::at(later(NOV_1, 9), day(15)),
            period(later(NOV_1, -17), later(NOV_1, 14))
        );
    }

    #[test]
    fn leap_days_and_years_are_known() {
        // 2024-02-28 to 2024-03-28: 29 days. 2023: 28 days. 1970-01-01 is a beginning.
        let feb_28_2024 = Timestamp::from_seconds(1_709_078_400);
        let feb_28_2023 = Timestamp::from_seconds(1_677_542_400);
        let length = |at| {
            let period = Period::at(at, day(28));
            assert_eq!(period.begin, at);
            (period.end.as_seconds() - period.begin.as_seconds()) / DAY
        };
        assert_eq!((length(feb_28_2024), length(feb_28_2023)), (29, 28));
        let epoch = Period::at(Timestamp::default(), day(1));
        assert_eq!(epoch.begin, Timestamp::default());
        assert_eq!(epoch.end.as_seconds(), 31 * DAY);
    }

    #[test]
    fn a_changed_day_moves_the_end_of_the_running_period_only() {
        let running = period(NOV_1, DEC_1);
        let now = later(NOV_1, 9);

        let sooner = Period::after(running, now, day(15));
        let later_on = Period::after(running, now, day(5));

        assert_eq!(sooner, period(NOV_1, later(NOV_1, 14)));
        assert_eq!(later_on, period(NOV_1, later(DEC_1, 4)));
        assert_eq!(
            Period::after(sooner, later(NOV_1, 14), day(15)).begin,
            sooner.end
        );
    }

    #[test]
    fn a_period_that_ended_while_nobody_looked_overlaps_no_other() {
        let ended = period(later(NOV_1, 14), DEC_1);

        // The day was 1 and is 15 again: the usual period would begin where the last one did.
        let next = Period::after(ended, later(DEC_1, 2), day(15));

        assert_eq!(next, period(DEC_1, later(DEC_1, 14)));
        let set_back = Period::after(ended, later(NOV_1, -60), day(1));
        assert_eq!(set_back, ended);
    }

    #[test]
    fn only_days_of_every_month_are_days() {
        assert_eq!("28".parse(), Ok(day(28)));
        for wrong in ["0", "29", "31", "", "first", "-1", "256"] {
            assert_eq!(wrong.parse::<ResetDay>(), Err(ResetDayError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_period(
            seconds in -60_000_000_000_i64..250_000_000_000,
            number in 1_u8..=28,
        ) {
            let (now, day) = (Timestamp::from_seconds(seconds), day(number));

            let Period { begin, end } = Period::at(now, day);

            prop_assert!(begin <= now && now < end);
            let days = (end.as_seconds() - begin.as_seconds()) / DAY;
            prop_assert!((28..=31).contains(&days), "{days}");
            prop_assert_eq!(begin.as_seconds().rem_euclid(DAY), 0);
            prop_assert_eq!(Period::at(end, day).begin, end);
            prop_assert_eq!(Period::at(begin, day).end, end);
        }
    }
}
