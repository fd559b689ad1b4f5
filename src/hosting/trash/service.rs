//! The service itself.

use super::error::TrashError;
use crate::hosting::accounts::Accounts;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::jobs::Jobs;
use crate::hosting::trash_jobs::{purge_job, restore_job};
use crate::hosting::volumes::Volumes;
use crate::model::{AccountId, Actor, AuditAction, Job, Right, TrashEntry, TrashState, Username};
use crate::store::StoreError;

/// A cheap handle on the files of deleted accounts.
#[derive(Clone, Debug)]
pub struct Trash {
    pub(super) foundation: Foundation,
    pub(super) volumes: Volumes,
    pub(super) accounts: Accounts,
    jobs: Jobs,
}

impl Trash {
    /// Purges that are queued at once when their time has come.
    const DUE_BATCH: u64 = 100;
    /// Deleted accounts of one name that are told at once.
    const NAMESAKES: u64 = 20;

    /// The trash over these services.
    pub fn new(
        foundation: Foundation,
        (jobs, volumes): (Jobs, Volumes),
        accounts: Accounts,
    ) -> Self {
        Self {
            foundation,
            volumes,
            accounts,
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

    /// What deleted accounts of this name have left, the youngest account first; not all of very many.
    ///
    /// # Errors
    ///
    /// [`TrashError::Store`].
    pub async fn of_name(&self, name: &Username) -> Result<Vec<TrashEntry>, TrashError> {
        Ok(self
            .foundation
            .db
            .trash_of_name(name, Self::NAMESAKES)
            .await?)
    }

    /// Has the files removed for good, by a job.
    ///
    /// # Errors
    ///
    /// [`TrashError::Purging`] and [`TrashError::Restoring`] if that is going on,
    /// [`TrashError::NotFound`], [`TrashError::Forbidden`].
    pub async fn purge(&self, actor: &Actor, id: AccountId) -> Result<Job, TrashError> {
        let entry = self.idle(actor, id).await?;
        let job = self.begin(actor, &entry).await?;
        job.ok_or(TrashError::Purging)
    }

    /// Has the account made again, with its files, by a job; under `name`, or as it was called.
    ///
    /// # Errors
    ///
    /// As [`Trash::purge`], and what [`TrashError::obstacle`] explains.
    pub async fn restore(
        &self,
        actor: &Actor,
        id: AccountId,
        name: Option<Username>,
    ) -> Result<Job, TrashError> {
        let entry = self.idle(actor, id).await?;
        let account = self.foundation.db.deleted_account(id).await?;
        let mut account = account.ok_or(TrashError::OnlyFiles)?;
        account.username = name.unwrap_or(account.username);
        self.accounts.check_return(&account, entry.usage).await?;
        let new = restore_job(id, &account.username);
        Ok(self.jobs.queue(actor, new).await?)
    }

    /// The files, if the actor may decide about them and no job is about to.
    async fn idle(&self, actor: &Actor, id: AccountId) -> Result<TrashEntry, TrashError> {
        let right = Right::ManageAccounts;
        if !actor.may(right) {
            return Err(TrashError::Forbidden(right));
        }
        let entry = self.get(id).await?;
        match entry.state {
            TrashState::Purging => Err(TrashError::Purging),
            TrashState::Restoring => Err(TrashError::Restoring),
            TrashState::Kept | TrashState::Trashed => Ok(entry),
        }
    }

    /// Has everything removed whose time has come; tells how many accounts' files that is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn purge_due(&self) -> Result<usize, StoreError> {
        let now = self.foundation.now();
        let due = self.foundation.db.due_trash(now, Self::DUE_BATCH).await?;
        let mut begun = 0;
        for entry in &due {
            // While the disk is away, the day stands: the next look finds it.
            let is_there = self.volumes.removal(entry.volume_id, &entry.place).is_ok();
            if is_there && self.begin(&Actor::system(), entry).await?.is_some() {
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// `None` if another job has them in its hands, or they are gone.
    async fn begin(&self, actor: &Actor, entry: &TrashEntry) -> Result<Option<Job>, StoreError> {
        let new = purge_job(entry.account_id, &entry.username);
        let mut tx = self.foundation.db.begin().await?;
        if !tx.begin_purge(entry.account_id).await? {
            return Ok(None);
        }
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
        Ok(Some(job))
    }
}
