//! Work that takes longer than an answer may: counting, removing, importing.

use std::collections::VecDeque;

use super::Version;
use super::admin::Right;
use super::id::JobId;
use crate::clock::Timestamp;

macro_rules! names {
    ($(#[$enum_doc:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $text:literal, $words:literal;)* }) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $enum { $($(#[$doc])* $name,)* }

        impl $enum {
            /// Every one, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in the database and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The words on a page.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }

            /// The one with the name `text`.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

names! {
    /// What kind of work it is.
    JobKind {
        /// A file with accounts is looked through, and nothing is changed.
        CheckImport = "check-import", "Check accounts of a file";
        /// The files of a deleted account are moved into the trash.
        Discard = "discard", "Move files to the trash";
        /// Accounts are taken over from a file.
        Import = "import", "Import accounts";
        /// The files of a deleted account are removed for good.
        Purge = "purge", "Delete files";
        /// Books are compared with the disk.
        Recount = "recount", "Recount storage";
        /// A deleted account is made again, with its files.
        Restore = "restore", "Restore account";
    }
}

impl JobKind {
    /// The right to begin and to cancel one.
    pub fn right(self) -> Right {
        match self {
            Self::CheckImport
            | Self::Discard
            | Self::Import
            | Self::Purge
            | Self::Recount
            | Self::Restore => Right::ManageAccounts,
        }
    }

    /// Whether one that failed or was cancelled may be begun again as it is. Of the others somebody must
    /// be asked first, where they are begun.
    pub fn is_repeatable(self) -> bool {
        match self {
            Self::Discard | Self::Recount => true,
            Self::CheckImport | Self::Import | Self::Purge | Self::Restore => false,
        }
    }

    /// Whether one that the service left in the middle is begun again by the next start: it must
    /// then find out itself what is done already.
    pub fn is_resumed(self) -> bool {
        match self {
            Self::CheckImport
            | Self::Discard
            | Self::Import
            | Self::Purge
            | Self::Recount
            | Self::Restore => true,
        }
    }
}

names! {
    /// How far it is.
    JobState {
        /// It waits for its turn.
        Queued = "queued", "Waiting";
        /// It is being done.
        Running = "running", "Running";
        /// It came to its end.
        Done = "done", "Done";
        /// It could not be done; the result says why.
        Failed = "failed", "Failed";
        /// Somebody stopped it.
        Cancelled = "cancelled", "Cancelled";
    }
}

impl JobState {
    /// Whether it came to an end before its work did.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Done | Self::Failed | Self::Cancelled => true,
        }
    }
}

names! {
    /// What its progress counts.
    JobUnit {
        /// Accounts.
        Accounts = "accounts", "accounts";
        /// Files and folders.
        Files = "files", "files";
        /// Rows of a file.
        Rows = "rows", "rows";
    }
}

/// How much of it is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// So much.
    pub done: u64,
    /// Of so much, as far as that is known.
    pub total: Option<u64>,
    /// Of what.
    pub unit: JobUnit,
}

impl Progress {
    /// Of how much; `None` while that is not known, which it is not any more when more is done.
    pub fn whole(self) -> Option<u64> {
        self.total.filter(|total| self.done <= *total)
    }

    /// The done part in whole percent, 100 at most; `None` while the whole is not known.
    pub fn percent(self) -> Option<u64> {
        let total = self.whole()?;
        let whole = u128::from(self.done) * 100;
        let percent = whole.checked_div(u128::from(total)).unwrap_or(100);
        u64::try_from(percent).ok()
    }
}

/// What a job said while it ran. Bounded: of a long log, the first lines and the last ones stay.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JobLog {
    first: Vec<(Timestamp, String)>,
    last: VecDeque<(Timestamp, String)>,
}

impl JobLog {
    /// Lines that are kept from the beginning.
    const FIRST: usize = 50;
    /// Lines that are kept from the end.
    const LAST: usize = 150;
    /// Longest line, in characters.
    const LINE_CHARACTERS: usize = 500;

    /// Adds a line.
    pub fn push(&mut self, at: Timestamp, line: &str) {
        let line: String = line.chars().take(Self::LINE_CHARACTERS).collect();
        if self.first.len() < Self::FIRST {
            self.first.push((at, line));
            return;
        }
        if self.last.len() == Self::LAST {
            self.last.pop_front();
        }
        self.last.push_back((at, line));
    }

    /// The lines that were kept, earliest first.
    pub fn lines(&self) -> impl Iterator<Item = &(Timestamp, String)> {
        self.first.iter().chain(&self.last)
    }
}

/// A job as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// Never changes.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: JobKind,
    /// What it is about, as shown: a user name, a customer, a file.
    pub subject: String,
    /// The id of that; of jobs with the same one only one runs at a time. Empty for none.
    pub subject_id: String,
    /// What exactly is to be done, as JSON that the kind understands.
    pub spec: String,
    /// Who wanted it.
    pub actor: String,
    /// How far it is.
    pub state: JobState,
    /// Whether somebody asked it to stop.
    pub is_cancelled: bool,
    /// How much of it is done.
    pub progress: Progress,
    /// What came of it, in a sentence; empty until it is over.
    pub result: String,
    /// Figures that explain the result: name and value.
    pub facts: Vec<(String, String)>,
    /// What it said while it ran.
    pub log: JobLog,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// When it began; with the latest start if it was begun again.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Raised by every save.
    pub version: Version,
}

/// Which jobs a list shows, latest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JobQuery {
    /// Only those that are so far.
    pub state: Option<JobState>,
    /// Only this kind.
    pub kind: Option<JobKind>,
    /// Only those about this; empty for any.
    pub subject_id: String,
    /// Only those that were wanted before this one.
    pub before: Option<JobId>,
    /// Most rows.
    pub limit: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_first_and_the_last_lines_stay() {
        let mut log = JobLog::default();

        for number in 0..1_000 {
            log.push(Timestamp::from_seconds(number), &format!("line {number}"));
        }

        let lines: Vec<&str> = log.lines().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines.len(), 200);
        assert_eq!((lines[49], lines[50]), ("line 49", "line 850"));
        assert_eq!(lines.last(), Some(&"line 999"));
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut log = JobLog::default();

        log.push(Timestamp::default(), &"ä".repeat(10_000));

        assert_eq!(
            log.lines().next().map(|line| line.1.chars().count()),
            Some(500)
        );
    }

    #[test]
    fn nothing_of_nothing_is_everything_and_more_than_all_is_unknown() {
        let of = |done, total| {
            let unit = JobUnit::Files;
            Progress { done, total, unit }.percent()
        };

        assert_eq!(of(0, Some(0)), Some(100));
        assert_eq!(of(1, Some(3)), Some(33));
        assert_eq!(of(9, Some(3)), None);
        assert_eq!(of(9, None), None);
    }
}
