//! The table of users of ProFTPD's `mod_sql`, from an SQL dump, with the limits of `mod_quotatab_sql` and
//! the addresses of `mod_wrap2_sql` if they are in it.

use std::collections::HashMap;

use super::access::End;
use super::addresses;
use super::error::FileError;
use super::record::{Place, Record, RowRefusal, Wanted};
use super::sql::{Table, TableRow, tables};
use crate::clock::Timestamp;
use crate::model::{Expiry, Override};

/// What columns are called, in `mod_sql`'s documents and in installations of it.
const NAME: &[&str] = &["userid", "username", "user_name", "user", "login", "name"];
const PASSWORD: &[&str] = &["passwd", "password", "pass", "pwd"];
const HOME: &[&str] = &[
    "homedir",
    "home_dir",
    "homedirectory",
    "home",
    "dir",
    "path",
];
const ALLOWED: &[&str] = &["loginallowed", "login_enabled", "enabled", "active"];
const DENIED: &[&str] = &["disabled", "locked"];
const EXPIRES: &[&str] = &[
    "expires",
    "expires_at",
    "expiration",
    "expiration_date",
    "expiry",
    "valid_until",
];
const NOTES: &[&str] = &["comment", "comments", "description", "gecos", "fullname"];

/// Reads the rows of the one table that holds users.
///
/// # Errors
///
/// [`FileError::NoTable`], [`FileError::ManyTables`], and those of [`tables`].
pub(super) fn read(text: &str) -> Result<Vec<Record>, FileError> {
    let tables = tables(text)?;
    let beside = Beside {
        quotas: quotas(&tables),
        allowed: addresses_in(&tables, "allowed"),
        denied: addresses_in(&tables, "denied"),
    };
    let table = users(&tables)?;
    Ok(table.rows.iter().map(|row| record(row, &beside)).collect())
}

/// What other tables say about users, by name.
struct Beside<'t> {
    quotas: HashMap<&'t str, &'t TableRow>,
    allowed: HashMap<&'t str, Vec<&'t str>>,
    denied: HashMap<&'t str, Vec<&'t str>>,
}

/// The table with names, passwords and homes; if there is none, the one with names and passwords.
fn users(tables: &[Table]) -> Result<&Table, FileError> {
    let having = |columns: &[&[&str]]| -> Vec<&Table> {
        let has = |table: &&Table| {
            let first = table.rows.first();
            first.is_some_and(|row| columns.iter().all(|names| row.has(names)))
        };
        tables.iter().filter(has).collect()
    };
    let mut found = having(&[NAME, PASSWORD, HOME]);
    if found.is_empty() {
        found = having(&[NAME, PASSWORD]);
    }
    match found[..] {
        [] => Err(FileError::NoTable),
        [table] => Ok(table),
        _ => {
            let names: Vec<_> = found
                .iter()
                .take(5)
                .map(|table| table.name.as_str())
                .collect();
            Err(FileError::ManyTables(names.join(", ")))
        }
    }
}

fn record(row: &TableRow, beside: &Beside<'_>) -> Record {
    let name = row.cell(NAME).unwrap_or_default();
    let wanted = account(row, name, beside);
    Record::new(Place::Line(row.line), name, wanted)
}

fn account(row: &TableRow, name: &str, beside: &Beside<'_>) -> Result<Wanted, RowRefusal> {
    let mut wanted = Wanted::named(name)?;
    wanted.set_password(row.cell(PASSWORD).unwrap_or_default())?;
    wanted.set_notes(row.cell(NOTES).unwrap_or_default())?;
    row.cell(HOME)
        .unwrap_or_default()
        .clone_into(&mut wanted.old_home);
    let allowed = flag("login allowed", row.cell(ALLOWED))?;
    let denied = flag("login denied", row.cell(DENIED))?;
    if allowed == Some(false) || denied == Some(true) {
        wanted.suspend("Logins were not allowed on the other server.");
    }
    if let Some(end) = end(row.cell(EXPIRES).unwrap_or_default())? {
        wanted.access.end = Some(end);
        let sentence = "Its end is read as a time in UTC.";
        wanted.told.push(sentence.to_owned());
    }
    if let Some(quota) = beside.quotas.get(name) {
        set_quota(&mut wanted, quota)?;
    }
    set_addresses(&mut wanted, name, beside)?;
    Ok(wanted)
}

fn set_quota(wanted: &mut Wanted, quota: &TableRow) -> Result<(), RowRefusal> {
    wanted.limits.bytes = limit("bytes_in_avail", quota)?;
    wanted.limits.files = limit("files_in_avail", quota)?;
    for column in [
        "bytes_out_avail",
        "bytes_xfer_avail",
        "files_out_avail",
        "files_xfer_avail",
    ] {
        if limit(column, quota)?.is_some() {
            let sentence = format!("Its limit {column} is not taken over.");
            wanted.told.push(sentence);
        }
    }
    if flag("per_session", quota.cell(&["per_session"]))? == Some(true) {
        let sentence = "Its limits held for a session; here they hold for what it stores.";
        wanted.told.push(sentence.to_owned());
    }
    Ok(())
}

/// Who is allowed comes before who is denied there: so a list of those who are allowed is one only
/// where everybody else is denied.
fn set_addresses(wanted: &mut Wanted, name: &str, beside: &Beside<'_>) -> Result<(), RowRefusal> {
    let listed = |lists: &HashMap<&str, Vec<_>>| lists.get(name).cloned().unwrap_or_default();
    let (mut allowed, mut denied): (Vec<&str>, Vec<&str>) =
        (listed(&beside.allowed), listed(&beside.denied));
    let is_all = |text: &&str| text.trim().eq_ignore_ascii_case("ALL");
    if allowed.iter().any(is_all) {
        (allowed, denied) = (Vec::new(), Vec::new());
    } else if denied.iter().any(is_all) {
        denied.clear();
        if allowed.is_empty() {
            wanted.suspend("It could be used from nowhere on the other server.");
        }
    } else if !allowed.is_empty() {
        let sentence = "Addresses that were allowed before others are denied are not taken over.";
        if !denied.is_empty() {
            wanted.told.push(sentence.to_owned());
        }
        allowed.clear();
    }
    addresses::take(wanted, ("allowed", &allowed), ("denied", &denied))
}

/// When an account ends; zeros and nothing are never. A number counts seconds since 1970, and a date
/// alone is its first moment, as a database compares it.
fn end(text: &str) -> Result<Option<End>, RowRefusal> {
    let text = text.trim();
    let is_never = text
        .chars()
        .all(|c| matches!(c, '0' | '-' | ' ' | ':' | '.'));
    if is_never || text.eq_ignore_ascii_case("infinity") {
        return Ok(None);
    }
    let moment = if let Ok(seconds) = text.parse::<u32>() {
        Timestamp::from_seconds(i64::from(seconds))
    } else {
        let text = text.strip_suffix("+00").unwrap_or(text);
        let is_date = !text.contains([' ', 'T']);
        let whole = if is_date {
            format!("{text} 00:00")
        } else {
            text.to_owned()
        };
        let read = whole.parse::<Expiry>();
        let unreadable = |_| RowRefusal::new("expires", "no time that can be read");
        read.map_err(unreadable)?.0
    };
    Ok(Some(End::At(moment)))
}

/// Yes or no, as databases write it.
fn flag(field: &'static str, text: Option<&str>) -> Result<Option<bool>, RowRefusal> {
    match text.map(str::to_lowercase).as_deref() {
        None | Some("") => Ok(None),
        Some("1" | "t" | "true" | "y" | "yes" | "on") => Ok(Some(true)),
        Some("0" | "f" | "false" | "n" | "no" | "off") => Ok(Some(false)),
        Some(_) => Err(RowRefusal::new(field, "neither yes nor no")),
    }
}

/// Limits of single users by name, from the table that `mod_quotatab_sql` reads.
fn quotas(tables: &[Table]) -> HashMap<&str, &TableRow> {
    let rows = tables.iter().flat_map(|table| &table.rows);
    rows.filter(|row| row.cell(&["quota_type"]) == Some("user") && row.has(&["bytes_in_avail"]))
        .filter_map(|row| Some((row.cell(&["name"])?, row)))
        .collect()
}

/// The addresses of users, from a table with names and such a column, as `mod_wrap2_sql` reads it.
fn addresses_in<'t>(tables: &'t [Table], column: &str) -> HashMap<&'t str, Vec<&'t str>> {
    let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        let is_user = row.has(PASSWORD);
        let (name, addresses) = (row.cell(&["name"]), row.cell(&[column]));
        if let (Some(name), Some(addresses), false) = (name, addresses, is_user) {
            let listed = addresses.split(|c: char| c == ',' || c.is_whitespace());
            lists.entry(name).or_default().extend(listed);
        }
    }
    lists
}

/// A limit of which zero, or less, means that there is none. Sizes may have a fraction, or be written
/// as powers of ten.
fn limit(column: &'static str, row: &TableRow) -> Result<Option<Override>, RowRefusal> {
    let Some(text) = row.cell(&[column]) else {
        return Ok(None);
    };
    let not_a_number = || RowRefusal::new(column, "not a number");
    let whole: i64 = if let Ok(number) = text.parse() {
        number
    } else {
        let number: f64 = text.trim().parse().map_err(|_| not_a_number())?;
        let whole = format!("{:.0}", number.floor());
        whole.parse().map_err(|_| not_a_number())?
    };
    let limit = u64::try_from(whole).ok().filter(|limit| *limit > 0);
    Ok(limit.map(|limit| Override::Own(Some(limit))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::imports::AccessWishes;
    use crate::model::{AccountStatus, Networks};

    const HASH: &str = "$1$quaysalt$CZToviFmw60gDuam1t4gW/";

    fn mysql() -> String {
        format!(
            "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `ftpuser`;\n\
             CREATE TABLE `ftpuser` (\n  `id` int unsigned NOT NULL AUTO_INCREMENT,\n  `userid` varchar(32) NOT NULL DEFAULT '',\n  \
             `passwd` varchar(128),\n  `uid` smallint(6),\n  `homedir` varchar(255),\n  `LoginAllowed` enum('true','false'),\n  \
             PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`userid`)\n) ENGINE=InnoDB COMMENT='a; table';\n\
             LOCK TABLES `ftpuser` WRITE;\n\
             INSERT INTO `ftpuser` VALUES (1,'kestrel','{HASH}',-1,'/srv/it\\'s, (here)','true'),\n\
             (2,'heron',_binary '{HASH}',5501,'/srv/it''s',NULL),(3,'swan',NULL,5501,'/srv/swan','false');\n\
             UNLOCK TABLES;\n\
             INSERT INTO `ftpquotalimits` (`name`, `quota_type`, `bytes_in_avail`, `files_in_avail`) VALUES ('heron','user',1048576.0,0);\n"
        )
    }

    #[test]
    fn a_dump_of_mysql_is_read() {
        let records = read(&mysql()).unwrap();

        let places: Vec<_> = records.iter().map(|record| record.place).collect();
        assert_eq!(places, [Place::Line(15), Place::Line(16), Place::Line(16)]);
        let wanted = |index: usize| records[index].wanted.as_ref().unwrap();
        assert_eq!(wanted(0).username.as_str(), "kestrel");
        assert_eq!(wanted(0).old_home, "/srv/it's, (here)");
        assert_eq!(wanted(0).password.as_ref().unwrap().as_str(), HASH);
        assert_eq!(wanted(0).status, None);
        assert_eq!(wanted(1).old_home, "/srv/it's");
        assert_eq!(wanted(1).limits.bytes, Some(Override::Own(Some(1_048_576))));
        assert_eq!(wanted(1).limits.files, None);
        let (status, _) = wanted(2).status.clone().unwrap();
        assert_eq!(status, AccountStatus::Suspended);
        assert_eq!(wanted(2).password.as_ref().unwrap().as_str(), "!");
    }

    #[test]
    fn a_dump_of_postgres_is_read() {
        let text = format!(
            "SET standard_conforming_strings = on;\n\
             CREATE TABLE public.users (userid text NOT NULL, passwd text, homedir text, CONSTRAINT c CHECK ((length(userid) > 1)));\n\
             ALTER TABLE public.users OWNER TO ftp;\n\
             COPY public.users (userid, passwd, homedir) FROM stdin;\n\
             kestrel\t{HASH}\t/srv/back\\\\slash\nheron\t\\N\t/srv/h\\tt\n\\.\n\n\
             INSERT INTO public.users VALUES ('swan', '{HASH}', '/srv/\\n'), ('kite', E'{HASH}', E'/srv/\\'k');\n"
        );

        let records = read(&text).unwrap();

        let homes: Vec<_> = records
            .iter()
            .map(|record| record.wanted.as_ref().unwrap().old_home.as_str())
            .collect();
        assert_eq!(
            homes,
            ["/srv/back\\slash", "/srv/h\tt", "/srv/\\n", "/srv/'k"]
        );
        assert_eq!(records[0].place, Place::Line(5));
        assert_eq!(records[2].place, Place::Line(9));
    }

    #[test]
    fn an_end_addresses_and_limits_are_taken_from_their_tables() {
        let text = format!(
            "INSERT INTO users (userid, passwd, homedir, expires) VALUES ('kestrel', '{HASH}', '/k', '2030-01-01'),
             ('heron', '{HASH}', '/h', 1893456000), ('swan', '{HASH}', '/s', '0000-00-00 00:00:00'), ('kite', '{HASH}', '/i', NULL),
             ('tern', '{HASH}', '/t', 'soon');
             INSERT INTO ftpallow (name, allowed) VALUES ('kestrel', '192.0.2.0/24'), ('kestrel', '198.51.100.7,office.example'),
             ('heron', '192.0.2.1'), ('kite', 'ALL');
             INSERT INTO ftpdeny (name, denied) VALUES ('kestrel', 'ALL'), ('heron', '203.0.113.0/24'), ('swan', 'all'), ('kite', '192.0.2.3');
             INSERT INTO quotas (name, quota_type, per_session, bytes_in_avail, bytes_out_avail, files_in_avail) VALUES
             ('kestrel', 'user', 'false', 1.5e+09, 0, 3), ('heron', 'user', 'true', '1048576.75', 9, -1), ('swan', 'user', 'x', 1, 1, 1);"
        );

        let records = read(&text).unwrap();

        let wanted = |index: usize| records[index].wanted.as_ref().unwrap();
        let refused = |index: usize| records[index].wanted.as_ref().unwrap_err().to_string();
        let end = |index: usize| match wanted(index).access.end {
            Some(End::At(end)) => Expiry(end).to_string(),
            _ => String::new(),
        };
        let text = |networks: &Option<Networks>| {
            networks
                .clone()
                .unwrap_or_default()
                .to_string()
                .replace('\n', " ")
        };
        assert_eq!(end(0), "2030-01-01 00:00 UTC");
        assert_eq!(end(1), "2030-01-01 00:00 UTC");
        assert_eq!(text(&wanted(0).access.allowed), "192.0.2.0/24 198.51.100.7");
        assert_eq!(text(&wanted(0).access.denied), "");
        assert_eq!(
            wanted(0).limits.bytes,
            Some(Override::Own(Some(1_500_000_000)))
        );
        assert_eq!(wanted(0).told.len(), 2, "{:?}", wanted(0).told);
        assert_eq!(text(&wanted(1).access.allowed), "");
        assert_eq!(text(&wanted(1).access.denied), "203.0.113.0/24");
        assert_eq!(wanted(1).limits.bytes, Some(Override::Own(Some(1_048_576))));
        assert_eq!(wanted(1).limits.files, None);
        assert_eq!(wanted(1).told.len(), 4, "{:?}", wanted(1).told);
        assert_eq!(refused(2), "per_session: neither yes nor no");
        assert_eq!(wanted(3).access, AccessWishes::default());
        assert_eq!(refused(4), "expires: no time that can be read");
    }

    #[test]
    fn who_could_come_from_nowhere_is_suspended() {
        let text = format!(
            "INSERT INTO users (userid, passwd) VALUES ('swan', '{HASH}');
             INSERT INTO ftpdeny (name, denied) VALUES ('swan', 'ALL');"
        );

        let records = read(&text).unwrap();

        let (status, _) = records[0].wanted.as_ref().unwrap().status.clone().unwrap();
        assert_eq!(status, AccountStatus::Suspended);
    }

    #[test]
    fn a_dump_without_one_table_of_users_is_refused() {
        let insert = |table: &str| {
            format!("INSERT INTO {table} (name, password, home) VALUES ('aa','x','/');\n")
        };

        assert_eq!(read("").unwrap_err(), FileError::NoTable);
        assert_eq!(
            read("insert into t (gid, members) values (1, 'a');").unwrap_err(),
            FileError::NoTable
        );
        assert_eq!(
            read(&(insert("a") + &insert("b"))).unwrap_err(),
            FileError::ManyTables("a, b".to_owned())
        );
        assert!(read(&(insert("a") + "INSERT INTO c (name, password) VALUES ('d','e');")).is_ok());
    }

    #[test]
    fn broken_sql_is_told_with_its_line() {
        for (text, line) in [
            ("INSERT INTO t (a) VALUES ('x", 1),
            ("\nINSERT INTO t (name, pass) VALUES (1);", 2),
            ("INSERT INTO t (a) VALUES (1", 1),
            ("\n\nINSERT INTO t (a) VALUES (1;", 3),
            ("COPY t (a, b) FROM stdin;\n1\t2\n", 3),
            ("/* never ends", 1),
            ("INSERT INTO t (a,(b)) VALUES (1)", 1),
        ] {
            assert_eq!(read(text).unwrap_err(), FileError::Sql { line }, "{text}");
        }
    }

    #[test]
    fn a_row_with_a_wrong_value_names_its_column() {
        let text = format!(
            "INSERT INTO u (userid,passwd,homedir,enabled) VALUES ('aa','{HASH}','/a','maybe'),('b!','{HASH}','/b',1),('cc','secret','/c',1);"
        );

        let records = read(&text).unwrap();

        let fields: Vec<_> = records
            .iter()
            .map(|record| record.wanted.as_ref().unwrap_err().field)
            .collect();
        assert_eq!(fields, ["login allowed", "user name", "password"]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_it_is_read_without_a_panic(
            parts in proptest::collection::vec(
                "INSERT INTO |CREATE TABLE |COPY |VALUES|users|\\(|\\)|,|;|'|\"|`|\\\\|\n|\\.|--|/\\*|\\*/|NULL|-1|userid|passwd|\\PC", 0..40),
        ) {
            let _records = read(&parts.concat());
        }
    }
}
