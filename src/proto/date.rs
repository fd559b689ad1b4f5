//! Times as FTP writes them: `YYYYMMDDHHMMSS[.fraction]`, always UTC (RFC 3659 §2.3), in the
//! proleptic Gregorian calendar, years 0 to 9999.

use super::digits::Column;
use crate::clock::Timestamp;

/// The text is not a time of the calendar.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a date")]
pub struct DateError;

/// A moment, taken apart in UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Civil {
    /// Year, 0 to 9999; a moment outside is clamped.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day, 1 to 31.
    pub day: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute, 0 to 59.
    pub minute: i64,
    /// Second, 0 to 59.
    pub second: i64,
}

impl Civil {
    /// Takes `at` apart.
    pub fn of(at: Timestamp) -> Self {
        let seconds = at.as_seconds().clamp(FIRST_SECOND, LAST_SECOND);
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        Self {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    /// The moment; `None` if there is no such day or time. Second 60 is read as the next minute's
    /// first (RFC 3659 allows leap seconds).
    fn moment(self) -> Option<i64> {
        let in_range = (0..=9_999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second);
        in_range.then(|| {
            day_of(self.year, self.month, self.day) * SECONDS_PER_DAY
                + self.hour * 3_600
                + self.minute * 60
                + self.second
        })
    }
}

/// Writes `at` as `YYYYMMDDHHMMSS`.
pub fn format(at: Timestamp) -> String {
    let mut out = String::with_capacity(14);
    write(at, &mut out);
    out
}

/// Appends `at` as `YYYYMMDDHHMMSS`.
pub fn write(at: Timestamp, out: &mut String) {
    let civil = Civil::of(at);
    Column::FOUR.push_signed(civil.year, out);
    for part in [
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
    ] {
        Column::TWO.push_signed(part, out);
    }
}

/// Reads `YYYYMMDDHHMMSS` with an optional fraction, which is kept to the millisecond.
///
/// # Errors
///
/// [`DateError`] for anything else and for days that do not exist; the peer hears 501.
pub fn parse(text: &str) -> Result<Timestamp, DateError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, millis_of(fraction).ok_or(DateError)?),
        None => (text, 0),
    };
    if whole.len() != 14 {
        return Err(DateError);
    }
    let seconds = parse_digits(whole)?;
    Ok(Timestamp::from_millis(seconds * 1_000 + fraction))
}

/// Reads `YYYYMMDDhhmm[ss]`, as `SITE UTIME` has it.
///
/// # Errors
///
/// [`DateError`] for anything else.
pub fn parse_to_the_minute(text: &str) -> Result<Timestamp, DateError> {
    if text.len() == 12 {
        parse_digits(text).map(Timestamp::from_seconds)
    } else {
        parse(text)
    }
}

/// Seconds since 1970 of 12 or 14 digits.
fn parse_digits(text: &str) -> Result<i64, DateError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DateError);
    }
    let field = |from: usize, to: usize| -> i64 {
        text.get(from..to)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0)
    };
    Civil {
        year: field(0, 4),
        month: field(4, 6),
        day: field(6, 8),
        hour: field(8, 10),
        minute: field(10, 12),
        second: field(12, 14),
    }
    .moment()
    .ok_or(DateError)
}

/// Milliseconds of the digits behind the point; what is finer is cut.
fn millis_of(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
    millis.parse().ok()
}

/// Days from 1970-01-01 to the given day. Years begin in March here, so that the leap day is the
/// last of its year and every 400 years are alike.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970
}

/// The reverse of [`day_of`]: year, month and day.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_TO_1970;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// 0000-01-01 00:00:00.
const FIRST_SECOND: i64 = -62_167_219_200;
/// 9999-12-31 23:59:59.
const LAST_SECOND: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_read_and_write() {
        for (text, seconds) in [
            ("19700101000000", 0),
            ("20260102030405", 1_767_323_045),
            ("20240229120000", 1_709_208_000),
            ("19691231235959", -1),
            ("19000101000000", -2_208_988_800),
            ("20380119031408", 2_147_483_648),
            ("21060207062816", 4_294_967_296),
            ("00000101000000", FIRST_SECOND),
            ("00000229000000", FIRST_SECOND + 59 * 86_400),
            ("99991231235959", LAST_SECOND),
        ] {
            assert_eq!(parse(text), Ok(Timestamp::from_seconds(seconds)), "{text}");
            assert_eq!(format(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn a_fraction_is_kept_to_the_millisecond() {
        for (text, millis) in [
            ("19700101000001.5", 1_500),
            ("19700101000001.123456", 1_123),
            ("19700101000001.007", 1_007),
            ("19691231235959.250", -750),
        ] {
            assert_eq!(parse(text), Ok(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_fraction_is_not_written() {
        assert_eq!(format(Timestamp::from_millis(1_999)), "19700101000001");
        assert_eq!(format(Timestamp::from_millis(-1)), "19691231235959");
    }

    #[test]
    fn days_and_hours_that_do_not_exist_are_refused() {
        for text in [
            "20230229120000",
            "19000229000000",
            "20241301000000",
            "20240001000000",
            "20240100000000",
            "20240431000000",
            "20240101240000",
            "20240101006000",
            "20240101000061",
            "2024010100000",
            "202401010000000",
            "20240101000000.",
            "20240101000000.x",
            "20240101000000.1.2",
            "+2024010100000",
            "2024 101000000",
            "２０２４０１０１０００",
            "",
            "x",
        ] {
            assert_eq!(parse(text), Err(DateError), "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_next_minute() {
        assert_eq!(parse("20161231235960"), parse("20170101000000"));
        assert!(parse("20000229000000").is_ok());
    }

    #[test]
    fn twelve_digits_are_enough_for_utime() {
        assert_eq!(parse_to_the_minute("202401010203"), parse("20240101020300"));
        assert_eq!(
            parse_to_the_minute("20240101020304"),
            parse("20240101020304")
        );
        assert_eq!(parse_to_the_minute("2024010102"), Err(DateError));
    }

    #[test]
    fn moments_beyond_the_calendar_are_clamped() {
        assert_eq!(format(Timestamp::from_millis(i64::MAX)), "99991231235959");
        assert_eq!(format(Timestamp::from_millis(i64::MIN)), "00000101000000");
    }

    proptest! {
        #[test]
        fn every_second_reads_back(seconds in FIRST_SECOND..=LAST_SECOND) {
            let at = Timestamp::from_seconds(seconds);

            prop_assert_eq!(parse(&format(at)), Ok(at));
        }

        #[test]
        fn a_later_second_is_written_as_a_greater_text(seconds in FIRST_SECOND..LAST_SECOND) {
            let (now, next) = (Timestamp::from_seconds(seconds), Timestamp::from_seconds(seconds + 1));

            prop_assert!(format(now) < format(next));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9.]{0,20}|.{0,20}") {
            let _: Result<Timestamp, DateError> = parse(&text);
            let _: Result<Timestamp, DateError> = parse_to_the_minute(&text);
        }
    }
}
