//! Deleting an account, and what becomes of its files.

use std::time::Duration;

use super::details::Files;
use super::error::AccountError;
use super::service::{Accounts, require};
use super::trail::deed;
use crate::hosting::trash_jobs::{discard_job, purge_job};
use crate::model::{
    Account, AccountId, Actor, AuditAction, Customer, Plan, TrashEntry, TrashState, Usage,
};

impl Accounts {
    /// Deletes the account and ends its sessions; tells how many. What becomes of its files is written
    /// down in the same step and done by a job; those in the trash stay there for `days`;
    /// [`Accounts::trash_days`] says for how many.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn delete(
        &self,
        actor: &Actor,
        id: AccountId,
        (files, days): (Files, u32),
    ) -> Result<usize, AccountError> {
        require(actor)?;
        let account = self.get(id).await?;
        let db = &self.parts().foundation.db;
        let customer = db.customer(account.customer_id).await?;
        let customer = customer.ok_or(AccountError::NoSuchCustomer)?;
        let usage = self.held(id).await?;
        let mut tx = db.begin().await?;
        if !tx.delete_account(id).await? {
            return Err(AccountError::NotFound);
        }
        let entry = self.left(actor, (&account, &customer), usage, (files, days));
        tx.insert_trash(&entry, Some(&account)).await?;
        let name = account.username.as_str();
        let work = match files {
            Files::Keep => None,
            Files::Purge => Some(purge_job(id, name)),
            Files::Trash => Some(discard_job(id, name)),
        };
        let mut queued = None;
        if let Some(work) = work {
            queued = Some(self.parts().jobs.queue_with(&mut tx, actor, work).await?.id);
        }
        let told = vec![("files".to_owned(), String::new(), files.as_str().to_owned())];
        let deed = deed(AuditAction::AccountDeleted, &account, told);
        self.parts().foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        let ended = self.disconnect(id, "The account was deleted.");
        self.note_ended((actor, AuditAction::AccountDeleted), &account, ended)
            .await;
        self.parts().ledger.remove_account(id);
        self.parts().volumes.forget(id);
        if let Some(job) = queued {
            self.parts().jobs.tell(job);
        }
        Ok(ended)
    }

    /// Days that files of accounts on this plan stay in the trash.
    pub fn trash_days(&self, plan: &Plan) -> u32 {
        let settings = self.parts().settings.current();
        plan.trash_days.unwrap_or(settings.trash_days.0)
    }

    /// What the account holds: as the books say, or as last written down if they are kept elsewhere.
    async fn held(&self, id: AccountId) -> Result<Usage, AccountError> {
        if self.parts().ledger.quota(id).is_some() {
            return Ok(self.parts().ledger.usage(id));
        }
        let stored = self.parts().foundation.db.usage(id).await?;
        Ok(stored.map_or_else(Usage::default, |(usage, _)| usage))
    }

    fn left(
        &self,
        actor: &Actor,
        (account, customer): (&Account, &Customer),
        usage: Usage,
        (files, days): (Files, u32),
    ) -> TrashEntry {
        let now = self.parts().foundation.now();
        let due = now.plus(Duration::from_hours(24 * u64::from(days)));
        TrashEntry {
            account_id: account.id,
            username: account.username.to_string(),
            customer_id: customer.id,
            customer: customer.name.clone(),
            volume_id: account.volume_id,
            place: account.home.clone(),
            state: match files {
                Files::Keep => TrashState::Kept,
                Files::Purge => TrashState::Purging,
                Files::Trash => TrashState::Trashed,
            },
            usage,
            is_partial: files == Files::Purge,
            is_restorable: true,
            deleted_by: actor.name.clone(),
            deleted_at: now,
            due_at: (files == Files::Trash).then_some(due),
        }
    }
}
