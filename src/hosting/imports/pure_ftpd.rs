//! `pureftpd.passwd`: one account on a line, up to eighteen fields between colons, as `pure-pw` writes
//! them.

use super::addresses;
use super::error::FileError;
use super::lines::records;
use super::record::{Record, RowRefusal, Wanted};
use crate::model::Override;

/// Fields of a line. The last twelve may be missing.
const FIELDS: usize = 18;
/// Fields without which a line is none.
const NEEDED: usize = 6;

/// Reads all lines; those that are empty or begin with `#` are none.
///
/// # Errors
///
/// [`FileError::TooMany`].
pub(super) fn read(text: &str) -> Result<Vec<Record>, FileError> {
    records(text, account)
}

fn account(line: &str) -> Result<Wanted, RowRefusal> {
    let mut fields: Vec<&str> = line.split(':').collect();
    if !(NEEDED..=FIELDS).contains(&fields.len()) {
        let count = fields.len();
        let reason = format!("{count} fields between colons, {NEEDED} to {FIELDS} are needed");
        return Err(RowRefusal::new("line", reason));
    }
    fields.resize(FIELDS, "");
    let Ok(fields) = <[&str; FIELDS]>::try_from(fields) else {
        return Err(RowRefusal::new("line", "not as many fields as needed"));
    };
    let [name, password, _uid, _gid, gecos, home, rest @ ..] = fields;
    let mut wanted = Wanted::named(name)?;
    wanted.set_password(password)?;
    wanted.set_notes(gecos)?;
    set_home(&mut wanted, home)?;
    set_rules(&mut wanted, rest)?;
    Ok(wanted)
}

fn set_rules(wanted: &mut Wanted, fields: [&str; FIELDS - NEEDED]) -> Result<(), RowRefusal> {
    let [
        up,
        down,
        ratio_up,
        ratio_down,
        sessions,
        files,
        bytes,
        access @ ..,
    ] = fields;
    let [local, local_denied, allowed, denied, hours] = access;
    wanted.limits.session_upload_rate = above_zero("upload bandwidth", up)?;
    wanted.limits.session_download_rate = above_zero("download bandwidth", down)?;
    wanted.limits.sessions = above_zero("maximum number of connections", sessions)?;
    wanted.limits.files = limit("files quota", files)?;
    wanted.limits.bytes = limit("size quota", bytes)?;
    let has_ratio = |ratio| !matches!(ratio, "" | "0");
    for (is_so, sentence) in [
        (
            has_ratio(ratio_up) || has_ratio(ratio_down),
            "Its ratio of uploads to downloads is not taken over.",
        ),
        (
            !local.is_empty() || !local_denied.is_empty(),
            "Its rules for addresses of the server are not taken over.",
        ),
        (
            !hours.is_empty(),
            "Its hours are not taken over; it may log in at any time.",
        ),
    ] {
        if is_so {
            wanted.told.push(sentence.to_owned());
        }
    }
    addresses::take(
        wanted,
        ("allowed clients", &list(allowed)),
        ("refused clients", &list(denied)),
    )
}

fn list(text: &str) -> Vec<&str> {
    text.split(',').collect()
}

/// `/home/x/./` is confined to `/home/x`; what follows the dot is where a session begins.
fn set_home(wanted: &mut Wanted, home: &str) -> Result<(), RowRefusal> {
    let Some((root, start)) = home.split_once("/./") else {
        home.clone_into(&mut wanted.old_home);
        let sentence = "It could leave its home; here it cannot.";
        wanted.told.push(sentence.to_owned());
        return Ok(());
    };
    let root = if root.is_empty() { "/" } else { root };
    root.clone_into(&mut wanted.old_home);
    wanted.set_start(start)
}

fn limit(field: &'static str, text: &str) -> Result<Option<Override>, RowRefusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let number: u64 = text
        .parse()
        .map_err(|_| RowRefusal::new(field, "not a number"))?;
    Ok(Some(Override::Own(Some(number))))
}

/// A limit of which zero means that there is none.
fn above_zero(field: &'static str, text: &str) -> Result<Option<Override>, RowRefusal> {
    let limit = limit(field, text)?;
    Ok(limit.filter(|own| *own != Override::Own(Some(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::imports::AccessWishes;
    use crate::hosting::imports::record::Place;
    use crate::model::{AccountStatus, Networks};

    const HASH: &str = "$1$quaysalt$CZToviFmw60gDuam1t4gW/";

    fn one(line: &str) -> Result<Wanted, RowRefusal> {
        let mut records = read(line).unwrap();
        assert_eq!(records.len(), 1);
        records.remove(0).wanted
    }

    #[test]
    fn every_field_that_has_a_place_here_is_taken_over() {
        let own = |limit| Some(Override::Own(Some(limit)));
        let line = format!(
            "Kestrel:{HASH}:1001:1001:Kestrel Print:/srv/ftp/kestrel/./in/today:10240:20480:1:5:3:1000:10485760:10.0.0.1::192.0.2.0/24,198.51.100.7:192.0.2.9:0900-1800"
        );

        let wanted = one(&line).unwrap();

        assert_eq!(wanted.username.as_str(), "kestrel");
        assert_eq!(wanted.password.unwrap().as_str(), HASH);
        assert_eq!(wanted.notes.as_deref(), Some("Kestrel Print"));
        assert_eq!(wanted.old_home, "/srv/ftp/kestrel");
        assert_eq!(wanted.limits.session_upload_rate, own(10_240));
        assert_eq!(wanted.limits.session_download_rate, own(20_480));
        assert_eq!(wanted.limits.sessions, own(3));
        assert_eq!(wanted.limits.files, own(1_000));
        assert_eq!(wanted.limits.bytes, own(10_485_760));
        let text = |networks: Option<Networks>| networks.unwrap().to_string();
        assert_eq!(text(wanted.access.allowed), "192.0.2.0/24\n198.51.100.7");
        assert_eq!(text(wanted.access.denied), "192.0.2.9");
        assert_eq!(wanted.access.start.unwrap().as_str(), "/in/today");
        assert_eq!(
            wanted.told,
            [
                "Its ratio of uploads to downloads is not taken over.",
                "Its rules for addresses of the server are not taken over.",
                "Its hours are not taken over; it may log in at any time.",
            ]
        );
        assert_eq!(wanted.status, None);
    }

    #[test]
    fn a_line_of_an_old_version_has_six_fields() {
        let wanted = one(&format!("heron:{HASH}:1001:1001::/srv/ftp/heron")).unwrap();

        assert_eq!(wanted.old_home, "/srv/ftp/heron");
        assert_eq!(wanted.limits.bytes, None);
        assert_eq!(wanted.told, ["It could leave its home; here it cannot."]);
    }

    #[test]
    fn an_account_for_hosts_that_are_only_named_is_not_opened_to_everybody() {
        let line = format!("heron:{HASH}:1:1::/h/./::::::::::office.example,: :");

        let wanted = one(&line).unwrap();

        assert_eq!(wanted.access, AccessWishes::default());
        assert_eq!(wanted.status.unwrap().0, AccountStatus::Suspended);
        assert!(
            wanted.told[0].contains("office.example"),
            "{:?}",
            wanted.told
        );
    }

    #[test]
    fn a_locked_password_suspends_and_keeps_its_hash() {
        let wanted = one(&format!("heron:!{HASH}:1:1::/h/./::::::::::::")).unwrap();
        assert_eq!(wanted.password.unwrap().as_str(), HASH);
        assert_eq!(wanted.status.unwrap().0, AccountStatus::Suspended);

        let wanted = one("heron:*:1:1::/h/./::::::::::::").unwrap();
        assert_eq!(wanted.password.unwrap().as_str(), "!");
    }

    #[test]
    fn each_bad_line_names_its_field_and_the_others_are_read() {
        let text = format!(
            "# a comment\n\nheron:{HASH}:1:1::/h/./\nheron:secret:1:1::/h/./\nh n:{HASH}:1:1::/h\nkite\nkite:{HASH}:1:1::/h/./:::::::x\r\nkite:{HASH}:1:1::/h/./:::::::-1\nkite{}",
            ":".repeat(18)
        );

        let records = read(&text).unwrap();

        let told: Vec<_> = records
            .iter()
            .map(|record| {
                (
                    record.place,
                    record.wanted.as_ref().err().map(|error| error.field),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Place::Line(3), None),
                (Place::Line(4), Some("password")),
                (Place::Line(5), Some("user name")),
                (Place::Line(6), Some("line")),
                (Place::Line(7), Some("size quota")),
                (Place::Line(8), Some("size quota")),
                (Place::Line(9), Some("line")),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_it_is_read_without_a_panic(text in "([:\n$!*0-9#]|\\PC){0,80}") {
            let _records = read(&text);
        }
    }
}
