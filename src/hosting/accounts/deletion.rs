//! Deleting an account, and what becomes of its files.

use super::details::Files;
use super::error::AccountError;
use super::service::{Accounts, require};
use super::trail::deed;
use crate::hosting::jobs::NewJob;
use crate::hosting::trash::PurgeSpec;
use crate::model::{Account, AccountId, Actor, AuditAction, JobKind};

impl Accounts {
    /// Deletes the account and ends its sessions; tells how many. Its files are removed by a job.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn delete(
        &self,
        actor: &Actor,
        id: AccountId,
        files: Files,
    ) -> Result<usize, AccountError> {
        require(actor)?;
        let account = self.get(id).await?;
        let kept = match files {
            Files::Delete => "deleted",
            Files::Keep => "kept",
        };
        let mut tx = self.parts().foundation.db.begin().await?;
        if !tx.delete_account(id).await? {
            return Err(AccountError::NotFound);
        }
        let mut purge = None;
        if files == Files::Delete {
            let new = self.purge(&account);
            purge = Some(self.parts().jobs.queue_with(&mut tx, actor, new).await?);
        }
        let changed = vec![("files".to_owned(), String::new(), kept.to_owned())];
        let deed = deed(AuditAction::AccountDeleted, &account, changed);
        self.parts().foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        let ended = self.disconnect(id, "The account was deleted.");
        self.note_ended((actor, AuditAction::AccountDeleted), &account, ended)
            .await;
        self.parts().ledger.remove_account(id);
        self.parts().volumes.forget(id);
        if let Some(purge) = purge {
            self.parts().jobs.tell(purge.id);
        }
        Ok(ended)
    }

    fn purge(&self, account: &Account) -> NewJob {
        let spec = PurgeSpec {
            place: account.home.clone(),
            files: self.parts().ledger.usage(account.id).files,
        };
        NewJob {
            kind: JobKind::Purge,
            subject: account.username.to_string(),
            subject_id: account.id.to_string(),
            spec: serde_json::json!(spec).to_string(),
        }
    }
}
