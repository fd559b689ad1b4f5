//! Orders for the jobs about the files of a deleted account; of one account only one is done at a time.

use serde::{Deserialize, Serialize};

use super::jobs::NewJob;
use crate::model::{AccountId, JobKind, Username};

/// The job that moves the files of a deleted account into the trash.
pub(super) fn discard_job(id: AccountId, username: &str) -> NewJob {
    job(JobKind::Discard, id, username)
}

/// The job that removes the files of a deleted account.
pub(super) fn purge_job(id: AccountId, username: &str) -> NewJob {
    job(JobKind::Purge, id, username)
}

/// The job that makes a deleted account again, under this name.
pub(super) fn restore_job(id: AccountId, username: &Username) -> NewJob {
    let spec = RestoreSpec {
        account: id,
        username: username.to_string(),
    };
    NewJob {
        spec: serde_json::json!(spec).to_string(),
        ..job(JobKind::Restore, id, username.as_str())
    }
}

/// What a restored account is to be.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct RestoreSpec {
    pub(super) account: AccountId,
    pub(super) username: String,
}

fn job(kind: JobKind, id: AccountId, username: &str) -> NewJob {
    NewJob {
        kind,
        subject: username.to_owned(),
        subject_id: id.to_string(),
        spec: serde_json::json!(id).to_string(),
    }
}
