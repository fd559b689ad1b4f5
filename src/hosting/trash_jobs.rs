//! Orders for the jobs about the files of a deleted account; of one account only one is done at a time.

use super::jobs::NewJob;
use crate::model::{AccountId, JobKind};

/// The job that moves the files of a deleted account into the trash.
pub(super) fn discard_job(id: AccountId, username: &str) -> NewJob {
    job(JobKind::Discard, id, username)
}

/// The job that removes the files of a deleted account.
pub(super) fn purge_job(id: AccountId, username: &str) -> NewJob {
    job(JobKind::Purge, id, username)
}

fn job(kind: JobKind, id: AccountId, username: &str) -> NewJob {
    NewJob {
        kind,
        subject: username.to_owned(),
        subject_id: id.to_string(),
        spec: serde_json::json!(id).to_string(),
    }
}
