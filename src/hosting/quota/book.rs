//! One page of the books: what a scope uses, has reserved and may use.

use crate::model::{AccountId, Limit, Usage};

/// Limits of one scope.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// Bytes.
    pub bytes: Limit,
    /// Files.
    pub files: Limit,
}

impl Limits {
    /// Whether `usage` fits.
    pub fn hold(&self, usage: Usage) -> bool {
        let fits = |limit: Limit, amount: u64| limit.is_none_or(|limit| amount <= limit);
        fits(self.bytes, usage.bytes) && fits(self.files, usage.files)
    }
}

/// What uploads have reserved at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reserved {
    /// Uploads that hold a reservation.
    pub uploads: usize,
    /// Bytes granted to them beyond what they replace.
    pub bytes: u64,
    /// Files that they are going to add.
    pub files: u64,
}

/// Usage of one account that the database does not know yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Change {
    pub(super) account: AccountId,
    pub(super) usage: Usage,
    /// Whether an upload is under way or likely, so that the account stays marked.
    pub(super) busy: bool,
}

/// Signed, because a deletion may be booked before the upload that it cancels out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Book {
    pub(super) bytes: i64,
    pub(super) files: i64,
    pub(super) reserved_bytes: u64,
    pub(super) reserved_files: u64,
}

/// One account's page, and what the database knows of it.
#[derive(Debug, Default)]
pub(super) struct AccountBook {
    pub(super) limits: Limits,
    pub(super) book: Book,
    pub(super) changed: bool,
    pub(super) marked: bool,
    pub(super) open_changes: u32,
    /// Counts that want nothing to be changed for a moment.
    pub(super) rests: u32,
    /// Looks of the keeper since the last change.
    quiet: u32,
}

/// Which marks are lifted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lift {
    /// Those of accounts that have been quiet for a while: a client that uploads one small file after
    /// the other waits for the database once, not before every file.
    Quiet,
    /// All where nothing is under way: the service stops.
    All,
}

impl AccountBook {
    /// Looks of the keeper after which an account is quiet.
    const QUIET: u32 = 20;

    /// Whether the database must be told, and whether the account stays marked there. A mark that is
    /// lifted is gone here at once.
    pub(super) fn due(&mut self, is_uploading: bool, lift: Lift) -> Option<bool> {
        if !self.changed && !self.marked {
            return None;
        }
        let is_under_way = is_uploading || self.open_changes > 0;
        self.quiet = if is_under_way || self.changed {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        // Only a mark that stands can be kept: one whose lifting failed is lifted again.
        let is_kept = self.marked && lift == Lift::Quiet && self.quiet < Self::QUIET;
        let busy = is_under_way || is_kept;
        if !self.changed && busy {
            return None;
        }
        self.changed = false;
        self.marked &= busy;
        Some(busy)
    }
}

impl Book {
    pub(super) fn usage(self) -> Usage {
        Usage {
            bytes: u64::try_from(self.bytes).unwrap_or(0),
            files: u64::try_from(self.files).unwrap_or(0),
        }
    }

    pub(super) fn free_bytes(self, limits: Limits) -> Limit {
        let taken = self.usage().bytes.saturating_add(self.reserved_bytes);
        limits.bytes.map(|limit| limit.saturating_sub(taken))
    }

    /// Whether the limit holds if `gone` reserved bytes become `come`.
    pub(super) fn holds_bytes(self, limits: Limits, gone: u64, come: u64) -> bool {
        let reserved = self
            .reserved_bytes
            .saturating_sub(gone)
            .saturating_add(come);
        let taken = self.usage().bytes.saturating_add(reserved);
        come <= gone || limits.bytes.is_none_or(|limit| taken <= limit)
    }

    /// Whether the limit holds if `gone` reserved files become `come`.
    pub(super) fn holds_files(self, limits: Limits, gone: u64, come: u64) -> bool {
        let reserved = self
            .reserved_files
            .saturating_sub(gone)
            .saturating_add(come);
        let taken = self.usage().files.saturating_add(reserved);
        come <= gone || limits.files.is_none_or(|limit| taken <= limit)
    }

    pub(super) fn free_files(self, limits: Limits) -> Limit {
        let taken = self.usage().files.saturating_add(self.reserved_files);
        limits.files.map(|limit| limit.saturating_sub(taken))
    }
}

/// Books are signed; no file is so large that this loses a byte.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_until_the_account_has_been_quiet_for_a_while() {
        let mut account = AccountBook {
            changed: true,
            marked: true,
            ..AccountBook::default()
        };

        assert_eq!(account.due(false, Lift::Quiet), Some(true));
        for _ in 1..AccountBook::QUIET {
            assert_eq!(account.due(false, Lift::Quiet), None);
        }
        assert_eq!(account.due(false, Lift::Quiet), Some(false));
        assert!(!account.marked);
    }

    #[test]
    fn a_stop_lifts_every_mark_but_that_of_an_upload_under_way() {
        let marked = || AccountBook {
            marked: true,
            ..AccountBook::default()
        };

        assert_eq!(marked().due(false, Lift::All), Some(false));
        assert_eq!(marked().due(true, Lift::All), None);
    }

    #[test]
    fn a_mark_whose_lifting_was_not_written_is_lifted_again() {
        let mut account = AccountBook {
            marked: true,
            ..AccountBook::default()
        };
        assert_eq!(account.due(false, Lift::All), Some(false));

        // The database did not answer, and the figures are due again.
        account.changed = true;

        assert_eq!(account.due(false, Lift::Quiet), Some(false));
    }
}
