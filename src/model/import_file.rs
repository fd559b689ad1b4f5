//! A file with accounts that is kept while jobs work through it, one row for each account.

use super::id::ImportId;
use crate::clock::Timestamp;

/// A file as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportFile {
    /// Never changes.
    pub id: ImportId,
    /// What it is, as shown.
    pub title: String,
    /// Name of the customer whose accounts they are where the file does not tell.
    pub customer: Option<String>,
    /// Whether accounts that are there and differ are changed.
    pub changes_existing: bool,
    /// Names of the customers that were made for it, or would be.
    pub new_customers: Vec<String>,
    /// When it came.
    pub created_at: Timestamp,
}

/// One account of a file, and what became of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportRow {
    /// From 1, in the order of the file.
    pub number: u64,
    /// Where it stands, in words.
    pub place: String,
    /// Its name, as written.
    pub username: String,
    /// What it should be, as JSON; empty if nothing is to be done any more.
    pub wanted: String,
    /// Its folder on the other server; empty if the file does not tell.
    pub old_home: String,
    /// What is not taken over, in sentences.
    pub told: Vec<String>,
    /// Whether nothing more will become of it.
    pub is_done: bool,
    /// What became of it, or would.
    pub result: ImportResult,
}

/// What became of one account, or would.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportResult {
    /// One word; empty until it was looked at.
    pub outcome: String,
    /// Why, or which fields; may be empty.
    pub detail: String,
    /// The home that was made; empty if none was.
    pub home: String,
}

/// How many rows of a file have the same outcome.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportCount {
    /// The word; empty for those that nobody has looked at.
    pub outcome: String,
    /// Whether something can still be done with them.
    pub is_left: bool,
    /// So many.
    pub rows: u64,
}

/// Which rows of a file are read, in its order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportRowQuery {
    /// Only those with this outcome; empty for any.
    pub outcome: String,
    /// Only those with which something can still be done.
    pub is_left: bool,
    /// Only those after this number.
    pub after: u64,
    /// Most rows.
    pub limit: u64,
}
