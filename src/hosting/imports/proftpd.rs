//! `ftpd.passwd` of ProFTPD (`AuthUserFile`): one account on a line, seven fields between colons, as
//! `ftpasswd` writes them.

use super::error::FileError;
use super::lines::records;
use super::record::{Record, RowRefusal, Wanted};

/// Reads all lines; those that are empty or begin with `#` are none.
///
/// # Errors
///
/// [`FileError::TooMany`].
pub(super) fn read(text: &str) -> Result<Vec<Record>, FileError> {
    records(text, account)
}

fn account(line: &str) -> Result<Wanted, RowRefusal> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, password, _uid, _gid, gecos, home, _shell] = fields[..] else {
        let count = fields.len();
        let reason = format!("{count} fields between colons, 7 are needed");
        return Err(RowRefusal::new("line", reason));
    };
    let mut wanted = Wanted::named(name)?;
    wanted.set_password(password)?;
    wanted.set_notes(gecos)?;
    home.clone_into(&mut wanted.old_home);
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountStatus;

    const HASH: &str = "$5$quaysalt$UAtRV6Rpdznjsw6DWAzFBGxcPX0vsMV1gvrkYX2U8NB";

    #[test]
    fn a_line_has_seven_fields_and_a_lock_is_seen() {
        let text = format!(
            "kestrel:{HASH}:1001:1001:Kestrel Print:/srv/kestrel:/bin/false\r\n\
             heron:!{HASH}:1002:1002::/srv/heron:/sbin/nologin\n\
             kite:{HASH}:1003:1003::/srv/kite\n\
             swan:xj31ZMTZzkVA.:1004:1004::/srv/swan:/bin/sh\n"
        );

        let records = read(&text).unwrap();

        let wanted = records[0].wanted.as_ref().unwrap();
        assert_eq!(wanted.old_home, "/srv/kestrel");
        assert_eq!(wanted.notes.as_deref(), Some("Kestrel Print"));
        assert_eq!(wanted.password.as_ref().unwrap().as_str(), HASH);
        let heron = records[1].wanted.as_ref().unwrap();
        assert_eq!(heron.status.as_ref().unwrap().0, AccountStatus::Suspended);
        let refused = |index: usize| records[index].wanted.as_ref().unwrap_err().to_string();
        assert_eq!(refused(2), "line: 6 fields between colons, 7 are needed");
        assert_eq!(refused(3), "password: not a password hash of a known kind");
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_it_is_read_without_a_panic(text in "([:\n$!*0-9#]|\\PC){0,80}") {
            let _records = read(&text);
        }
    }
}
