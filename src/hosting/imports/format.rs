//! The files that are written.

use std::str::FromStr;

/// What accounts are written as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportFormat {
    /// For people and spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// Whether password hashes leave the house.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hashes {
    /// They are in the file, which is then to be kept like the database.
    Included,
    /// An account that is made from the file has no password.
    LeftOut,
}

/// No format has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown format: use csv or json")]
pub struct UnknownFormat;

impl ExportFormat {
    /// The name on the command line, and the ending of a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut all = [Self::Csv, Self::Json].into_iter();
        let found = all.find(|format| format.as_str() == text);
        found.ok_or(UnknownFormat)
    }
}
