//! What comparing the books with the disk has shown, in words.

use crate::clock::Timestamp;
use crate::hosting::jobs::JobReport;
use crate::model::{ByteSize, Usage, Username};

/// What comparing one account with the disk has shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The account.
    pub username: Username,
    /// The moment that is compared.
    pub at: Timestamp,
    /// What the books said.
    pub books: Usage,
    /// What stood on the disk.
    pub disk: Usage,
    /// When books and disk were last known to agree.
    pub since: Timestamp,
}

impl Finding {
    /// Whether the books were right.
    pub fn agrees(&self) -> bool {
        self.books == self.disk
    }

    /// By how much the disk differs: `+3 files, +1.5 MiB`.
    pub(super) fn difference(&self) -> String {
        let bytes = if self.disk.bytes < self.books.bytes {
            format!("−{}", ByteSize(self.books.bytes - self.disk.bytes))
        } else {
            format!("+{}", ByteSize(self.disk.bytes - self.books.bytes))
        };
        format!(
            "{}, {bytes}",
            files_apart(self.books.files, self.disk.files)
        )
    }

    /// What a job tells of it.
    pub(super) fn report(&self) -> JobReport {
        let result = if self.agrees() {
            "The books were right.".to_owned()
        } else {
            format!(
                "The books were wrong by {} and are corrected.",
                self.difference()
            )
        };
        let facts = [
            ("The books said", words(self.books)),
            ("The disk had", words(self.disk)),
            ("Difference", self.difference()),
            ("Compared", moment(self.at)),
            ("Compared before that", moment(self.since)),
        ];
        JobReport {
            result,
            facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }
}

/// `2026-03-12 13:32:08 UTC`.
fn moment(at: Timestamp) -> String {
    let known = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    known.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn files_apart(before: u64, after: u64) -> String {
    if after < before {
        format!("−{}", files(before - after))
    } else {
        format!("+{}", files(after - before))
    }
}

fn files(count: u64) -> String {
    if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    }
}

fn words(usage: Usage) -> String {
    format!("{} in {}", ByteSize(usage.bytes), files(usage.files))
}

/// What comparing many accounts has shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Totals {
    pub(super) compared: u64,
    pub(super) wrong: u64,
    pub(super) failed: u64,
}

impl Totals {
    pub(super) fn report(self) -> JobReport {
        let result = match (self.wrong, self.failed) {
            (0, 0) => "All books were right.",
            (_, 0) => "Wrong books are corrected; the log says which.",
            _ => "Some accounts could not be counted; the log says which.",
        };
        let facts = [
            ("Accounts compared", self.compared),
            ("Books corrected", self.wrong),
            ("Not counted", self.failed),
        ];
        JobReport {
            result: result.to_owned(),
            facts: facts
                .map(|(name, count)| (name.to_owned(), count.to_string()))
                .into(),
        }
    }
}
