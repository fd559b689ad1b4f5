//! Times as FTP writes them, and the commands that carry one.

use quaymaster::clock::Timestamp;
use quaymaster::proto::date::{Civil, format, parse, parse_to_the_minute};
use quaymaster::proto::{Command, SiteCommand};

use super::feed::{Feed, line, run};

/// 0000-01-01 00:00:00.
const FIRST_SECOND: i64 = -62_167_219_200;
/// 9999-12-31 23:59:59.
const LAST_SECOND: i64 = 253_402_300_799;

const FRAGMENTS: [&str; 24] = [
    "2024",
    "1900",
    "0000",
    "9999",
    "02",
    "29",
    "30",
    "12",
    "13",
    "00",
    "23",
    "24",
    "59",
    "60",
    "61",
    ".",
    ".5",
    ".999999999999999999999",
    "+",
    "-",
    " ",
    "T",
    "Z",
    "٢",
];

#[test]
fn what_is_read_as_a_time_is_a_time_and_reads_back() {
    run("dates", |feed| {
        every_second_reads_back(feed);
        let typed = if feed.one_in(2) {
            mutated(feed)
        } else {
            feed.text(&FRAGMENTS, 8)
        };

        if let Ok(at) = parse(&typed) {
            let seconds = at.as_seconds();
            // A leap second is the first of the next minute.
            assert!(
                (FIRST_SECOND..=LAST_SECOND + 1).contains(&seconds),
                "{typed}"
            );
            if typed.get(12..14) != Some("60") {
                assert_eq!(Some(format(at).as_str()), typed.get(..14));
            }
            assert_eq!(parse_to_the_minute(&typed), Ok(at));
        }
        if let Ok(at) = parse_to_the_minute(&typed)
            && typed.len() == 12
        {
            assert_eq!(format(at), format!("{typed}00"));
        }
        carried(&typed);
    });
}

fn every_second_reads_back(feed: &mut Feed) {
    let at = Timestamp::from_seconds(feed.between(FIRST_SECOND, LAST_SECOND - 1));
    let text = format(at);
    assert_eq!(parse(&text), Ok(at), "{text}");
    let next = format(Timestamp::from_seconds(at.as_seconds() + 1));
    assert!(text < next, "{text} {next}");
    let civil = Civil::of(at);
    assert!((1..=12).contains(&civil.month) && (1..=31).contains(&civil.day));

    // Whatever a disk tells, there is a date for it.
    let clamped = format(Timestamp::from_millis(feed.number().cast_signed()));
    assert!(clamped.len() == 14 && parse(&clamped).is_ok(), "{clamped}");
}

/// A time with something wrong, or not.
fn mutated(feed: &mut Feed) -> String {
    let at = Timestamp::from_seconds(feed.between(FIRST_SECOND, LAST_SECOND));
    let mut text = format(at);
    if feed.one_in(3) {
        text.truncate(12);
    }
    for _ in 0..feed.below(3) {
        let index = feed.below(text.len());
        let digit = char::from(b'0' + feed.byte() % 10);
        match feed.below(5) {
            0 => text.insert(index, digit),
            1 => drop(text.remove(index)),
            2 => text.push_str(feed.pick(&[".", ".1", ".0001", ".x"])),
            _ => {
                text.remove(index);
                text.insert(index, digit);
            }
        }
    }
    text
}

/// The commands understand a time exactly where it is one.
fn carried(typed: &str) {
    if typed.contains(' ') || typed.contains(char::is_control) {
        return;
    }
    let read = |text: String| line(&text).and_then(|line| Command::parse(&line).ok());
    let expected = parse(typed).ok();
    let mfmt = match read(format!("MFMT {typed} a b")) {
        Some(Command::Mfmt(argument)) => {
            assert_eq!(argument.pathname.as_str(), "a b");
            Some(argument.modified)
        }
        _ => None,
    };
    assert_eq!(mfmt, expected, "{typed}");
    let mff = match read(format!("MFF Modify={typed}; a b")) {
        Some(Command::Mff(argument)) => argument.modified,
        _ => None,
    };
    let is_one_value = !typed.contains([';', '=']);
    assert_eq!(mff, expected.filter(|_| is_one_value), "{typed}");
    let mdtm = match read(format!("MDTM {typed} a b")) {
        Some(Command::Mdtm(argument)) => argument.set.and_then(|set| set.modified.ok()),
        _ => None,
    };
    assert_eq!(mdtm, expected, "{typed}");
    let utime = match read(format!("SITE UTIME {typed} a b")) {
        Some(Command::Site(SiteCommand::Utime { modified, .. })) => Some(modified),
        _ => None,
    };
    assert_eq!(utime, parse_to_the_minute(typed).ok(), "{typed}");
}
