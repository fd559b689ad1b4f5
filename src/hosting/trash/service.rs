//! The service itself.

use super::error::TrashError;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::jobs::Jobs;
use crate::hosting::trash_jobs::purge_job;
use crate::hosting::volumes::Volumes;
use crate::model::{AccountId, Actor, AuditAction, Job, Right, TrashEntry, TrashState};
use crate::store::StoreError;

/// A cheap handle on the files of deleted accounts.
#[derive(Clone, Debug)]
pub struct Trash {
    pub(super) foundation: Foundation,
    pub(super) volumes: Volumes,
    jobs: Jobs,
}

impl Trash {
    /// Purges that are queued at once when their time has come.
    const DUE_BATCH: u64 = 100;

    /// The trash over these services.
    pub fn new(foundation: Foundation, jobs: Jobs, volumes: Volumes) -> Self {
        Self {
            foundation,
            volumes,
            jobs,
        }
    }

    /// One page of what deleted accounts have left, the youngest account first.
    ///
    /// # Errors
    ///
    /// [`TrashError::Store`].
    pub async fn page(
        &self,
        before: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<TrashEntry>, TrashError> {
        Ok(self.foundation.db.trash(before, limit).await?)
    }

    /// What one deleted account has left.
    ///
    /// # Errors
    ///
    /// [`TrashError::NotFound`].
    pub async fn get(&self, id: AccountId) -> Result<TrashEntry, TrashError> {
        let found = self.foundation.db.trash_entry(id).await?;
        found.ok_or(TrashError::NotFound)
    }

    /// Has the files removed for good, by a job.
    ///
    /// # Errors
    ///
    /// [`TrashError::Purging`] if that is going on, [`TrashError::NotFound`],
    /// [`TrashError::Forbidden`].
    pub async fn purge(&self, actor: &Actor, id: AccountId) -> Result<Job, TrashError> {
        let right = Right::ManageAccounts;
        if !actor.may(right) {
            return Err(TrashError::Forbidden(right));
        }
        let entry = self.get(id).await?;
        if entry.state == TrashState::Purging {
            return Err(TrashError::Purging);
        }
        Ok(self.begin(actor, &entry).await?)
    }

    /// Has everything removed whose time has come; tells how many accounts' files that is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn purge_due(&self) -> Result<usize, StoreError> {
        let now = self.foundation.now();
        let due = self.foundation.db.due_trash(now, Self::DUE_BATCH).await?;
        for entry in &due {
            self.begin(&Actor::system(), entry).await?;
        }
        Ok(due.len())
    }

    async fn begin(&self, actor: &Actor, entry: &TrashEntry) -> Result<Job, StoreError> {
        let new = purge_job(entry.account_id, &entry.username);
        let mut tx = self.foundation.db.begin().await?;
        tx.set_trash_state(entry.account_id, TrashState::Purging, None)
            .await?;
        let job = self.jobs.queue_with(&mut tx, actor, new).await?;
        let deed = Deed {
            action: AuditAction::FilesPurged,
            object: &entry.username,
            object_id: entry.account_id.to_string(),
            changes: Vec::new(),
        };
        self.foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.jobs.tell(job.id);
        Ok(job)
    }
}
