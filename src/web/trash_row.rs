//! What a deleted account has left, in words, for the pages about the trash.

use super::format::{Bytes, When, plural};
use crate::model::{TrashEntry, TrashState};

/// What one deleted account has left, as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct TrashRow {
    /// The user name that it had.
    pub(crate) name: String,
    /// Its customer.
    pub(crate) customer: String,
    /// How much they are.
    pub(crate) size: String,
    /// How many they are.
    pub(crate) files: String,
    /// Where they lie, beneath the folder of all homes.
    pub(crate) place: String,
    /// What becomes of them.
    pub(crate) state: &'static str,
    /// Whether a job is about to decide about them.
    pub(crate) is_busy: bool,
    /// Whether some of them may be gone.
    pub(crate) is_partial: bool,
    /// Whether the account can be made again.
    pub(crate) is_restorable: bool,
    /// When the account was deleted.
    pub(crate) deleted: When,
    /// Who deleted it.
    pub(crate) by: String,
    /// When they are removed by themselves.
    pub(crate) due: Option<When>,
    /// The page that asks before they are removed.
    pub(crate) purge_url: String,
    /// The page that asks before the account is made again.
    pub(crate) restore_url: String,
    /// Jobs about them.
    pub(crate) jobs_url: String,
}

impl TrashRow {
    /// The files on a page made at `now`.
    pub(crate) fn new(entry: &TrashEntry, now: When) -> Self {
        Self {
            name: entry.username.clone(),
            customer: entry.customer.clone(),
            size: Bytes(entry.usage.bytes).to_string(),
            files: plural(entry.usage.files, "file", "files"),
            place: entry.place.clone(),
            state: entry.state.label(),
            is_busy: matches!(entry.state, TrashState::Purging | TrashState::Restoring),
            is_partial: entry.is_partial,
            is_restorable: entry.is_restorable,
            deleted: now.of(entry.deleted_at),
            by: entry.deleted_by.clone(),
            due: entry.due_at.map(|at| now.of(at)),
            purge_url: format!("/admin/trash/{}/purge", entry.account_id),
            restore_url: format!("/admin/trash/{}/restore", entry.account_id),
            jobs_url: format!("/admin/jobs?about={}", entry.account_id),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::Usage;
    use crate::web::sample_records::{HOSTILE, account};

    /// What the account has left, in that state.
    pub(crate) fn entry(state: TrashState) -> TrashEntry {
        let due = Timestamp::from_seconds(1_773_922_100);
        TrashEntry {
            account_id: account().id,
            username: "kestrel-print".to_owned(),
            customer_id: account().customer_id,
            customer: HOSTILE.to_owned(),
            volume_id: account().volume_id,
            place: ".trash/0195".to_owned(),
            state,
            usage: Usage {
                bytes: 41_016_938_496,
                files: 12_480,
            },
            is_partial: state == TrashState::Kept,
            is_restorable: true,
            deleted_by: HOSTILE.to_owned(),
            deleted_at: Timestamp::from_seconds(1_773_322_100),
            due_at: (state == TrashState::Trashed).then_some(due),
        }
    }

    #[test]
    fn files_of_a_deleted_account_lead_to_their_jobs() {
        let row = TrashRow::new(&entry(TrashState::Purging), When::default());

        assert!(row.is_busy && row.due.is_none());
        assert_eq!(row.files, "12,480 files");
        assert!(row.jobs_url.ends_with(&account().id.to_string()));
    }
}
