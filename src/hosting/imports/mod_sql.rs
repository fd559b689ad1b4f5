//! The table of users of ProFTPD's `mod_sql`, from an SQL dump, with the limits of `mod_quotatab_sql` if
//! they are in it.

use std::collections::HashMap;

use super::error::FileError;
use super::record::{Place, Record, RowRefusal, Wanted};
use super::sql::{Table, TableRow, tables};
use crate::model::Override;

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
const NOTES: &[&str] = &["comment", "comments", "description", "gecos", "fullname"];

/// Reads the rows of the one table that holds users.
///
/// # Errors
///
/// [`FileError::NoTable`], [`FileError::ManyTables`], and those of [`tables`].
pub(super) fn read(text: &str) -> Result<Vec<Record>, FileError> {
    let tables = tables(text)?;
    let quotas = quotas(&tables);
    let table = users(&tables)?;
    Ok(table.rows.iter().map(|row| record(row, &quotas)).collect())
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

fn record(row: &TableRow, quotas: &HashMap<&str, &TableRow>) -> Record {
    let name = row.cell(NAME).unwrap_or_default();
    let wanted = account(row, name, quotas.get(name).copied());
    Record::new(Place::Line(row.line), name, wanted)
}

fn account(row: &TableRow, name: &str, quota: Option<&TableRow>) -> Result<Wanted, RowRefusal> {
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
    if let Some(quota) = quota {
        wanted.limits.bytes = limit("bytes_in_avail", quota)?;
        wanted.limits.files = limit("files_in_avail", quota)?;
    }
    Ok(wanted)
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

/// A limit of which zero, or less, means that there is none. Sizes may have a fraction.
fn limit(column: &'static str, row: &TableRow) -> Result<Option<Override>, RowRefusal> {
    let Some(text) = row.cell(&[column]) else {
        return Ok(None);
    };
    let whole = text.split('.').next().unwrap_or_default();
    let number: i64 = whole
        .parse()
        .map_err(|_| RowRefusal::new(column, "not a number"))?;
    let limit = u64::try_from(number).ok().filter(|limit| *limit > 0);
    Ok(limit.map(|limit| Override::Own(Some(limit))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountStatus;

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
