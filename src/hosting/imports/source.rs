//! The kinds of files that are read, and those that are written.

use std::str::FromStr;

use super::bounds::LARGEST_BYTES;
use super::error::FileError;
use super::record::Record;
use super::{mod_sql, ours, proftpd, pure_ftpd, repeats, sftpgo};

/// What a file comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Our CSV.
    Csv,
    /// Our JSON.
    Json,
    /// `ftpd.passwd`, an `AuthUserFile`.
    ProFtpd,
    /// An SQL dump of the table that `mod_sql` reads.
    ProFtpdSql,
    /// `pureftpd.passwd`.
    PureFtpd,
    /// The JSON of `dumpdata`.
    SftpGo,
}

/// No kind has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown kind of file: use csv, json, pure-ftpd, proftpd, proftpd-sql or sftpgo")]
pub struct UnknownSource;

impl Source {
    /// Every kind, ours first.
    pub const ALL: [Self; 6] = [
        Self::Csv,
        Self::Json,
        Self::PureFtpd,
        Self::ProFtpd,
        Self::ProFtpdSql,
        Self::SftpGo,
    ];

    /// The name in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::ProFtpd => "proftpd",
            Self::ProFtpdSql => "proftpd-sql",
            Self::PureFtpd => "pure-ftpd",
            Self::SftpGo => "sftpgo",
        }
    }

    /// The name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV with our columns",
            Self::Json => "JSON exported here",
            Self::ProFtpd => "ProFTPD ftpd.passwd",
            Self::ProFtpdSql => "ProFTPD SQL dump (mod_sql)",
            Self::PureFtpd => "Pure-FTPd pureftpd.passwd",
            Self::SftpGo => "SFTPGo JSON dump",
        }
    }

    /// Reads a file. Nothing is asked of the database, and nothing is computed that takes long.
    ///
    /// # Errors
    ///
    /// [`FileError`] if it is no such file. What is wrong with a single account is in its record.
    pub fn read(self, file: &[u8]) -> Result<Vec<Record>, FileError> {
        if file.len() > LARGEST_BYTES {
            return Err(FileError::TooLarge);
        }
        let text = text(file)?;
        let mut records = match self {
            Self::Csv => ours::read_csv(text),
            Self::Json => ours::read_json(text),
            Self::ProFtpd => proftpd::read(text),
            Self::ProFtpdSql => mod_sql::read(text),
            Self::PureFtpd => pure_ftpd::read(text),
            Self::SftpGo => sftpgo::read(text),
        }?;
        if records.is_empty() {
            return Err(FileError::NoAccounts);
        }
        repeats::refuse(&mut records);
        Ok(records)
    }
}

fn text(file: &[u8]) -> Result<&str, FileError> {
    std::str::from_utf8(file).map_err(|error| {
        let before = file.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count() as u64;
        FileError::NotUtf8 { line }
    })
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        let found = Self::ALL.into_iter().find(|source| source.as_str() == text);
        found.ok_or(UnknownSource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, file: &[u8]) -> Result<usize, FileError> {
        source.read(file).map(|records| records.len())
    }

    #[test]
    fn a_file_that_is_none_is_refused_as_a_whole() {
        for source in Source::ALL {
            assert!(read(source, b"").is_err(), "{source:?}");
            assert_eq!(
                read(source, b"a\nb\xff"),
                Err(FileError::NotUtf8 { line: 2 }),
                "{source:?}"
            );
            let large = vec![b' '; LARGEST_BYTES + 1];
            assert_eq!(read(source, &large), Err(FileError::TooLarge), "{source:?}");
            assert_eq!(source.as_str().parse(), Ok(source));
        }
    }

    #[test]
    fn more_accounts_than_are_taken_are_refused_as_a_whole() {
        let many = crate::hosting::imports::bounds::MOST_ROWS + 1;
        let sql =
            "insert into u (name,pass) values ('a','b')".to_owned() + &",('a','b')".repeat(many);
        for (source, file) in [
            (Source::Csv, "username\n".to_owned() + &"ab\n".repeat(many)),
            (
                Source::Json,
                format!("{{\"accounts\": [{}0]}}", "0,".repeat(many)),
            ),
            (Source::PureFtpd, "ab:x\n".repeat(many)),
            (Source::ProFtpd, "ab:x\n".repeat(many)),
            (Source::ProFtpdSql, sql),
            (Source::SftpGo, format!("[{}0]", "0,".repeat(many))),
        ] {
            assert_eq!(
                read(source, file.as_bytes()),
                Err(FileError::TooMany),
                "{source:?}"
            );
        }
    }
}
