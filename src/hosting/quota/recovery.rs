//! Fills the ledger at the start, and after an unclean end counts the homes that were being written
//! to, so that the figures equal the disk before anybody can upload.

use super::keeper::Keeper;
use super::ledger::Ledger;
use crate::clock::Timestamp;
use crate::hosting::foundation::{Deed, Foundation, differences};
use crate::hosting::limits::EffectiveLimits;
use crate::hosting::volumes::Volumes;
use crate::model::page::AccountBrief;
use crate::model::{Account, AccountId, Actor, AuditAction, Usage, VolumeId};
use crate::store::StoreError;
use crate::vfs::StorageError;

/// Why the ledger could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// A home cannot be read.
    #[error("the files of an account cannot be counted")]
    Storage(#[from] StorageError),
    /// The database failed.
    #[error("usage figures are not available")]
    Store(#[from] StoreError),
}

/// Brings the ledger up from the database.
#[derive(Debug)]
pub struct Recovery<'a> {
    foundation: &'a Foundation,
    volumes: &'a Volumes,
}

impl<'a> Recovery<'a> {
    /// Accounts that are read at once.
    const BATCH: u64 = 1_000;

    /// A recovery over these services.
    pub fn new(foundation: &'a Foundation, volumes: &'a Volumes) -> Self {
        Self {
            foundation,
            volumes,
        }
    }

    /// The filled ledger and its keeper. Homes that were being written to when the service died are
    /// counted here, before the first client is let in.
    ///
    /// # Errors
    ///
    /// [`RecoveryError`]; the service must not start with figures that may be wrong.
    pub async fn run(&self) -> Result<(Ledger, Keeper), RecoveryError> {
        let db = self.foundation.db.clone();
        let (ledger, keeper) = Keeper::new(db, self.foundation.clock.clone());
        self.book_pools(&ledger).await?;
        let mut after: Option<AccountId> = None;
        loop {
            let briefs = self
                .foundation
                .db
                .account_briefs(after, Self::BATCH)
                .await?;
            for brief in &briefs {
                self.book(&ledger, brief).await?;
            }
            match briefs.last() {
                Some(last) => after = Some(last.account_id),
                None => break,
            }
        }
        keeper.traffic().restore().await?;
        Ok((ledger, keeper))
    }

    async fn book_pools(&self, ledger: &Ledger) -> Result<(), RecoveryError> {
        for customer in self.foundation.db.customers().await? {
            let Some(plan) = self.foundation.db.plan(customer.plan_id).await? else {
                continue;
            };
            ledger.limit_pool(&customer, &plan);
        }
        Ok(())
    }

    async fn book(&self, ledger: &Ledger, brief: &AccountBrief) -> Result<(), RecoveryError> {
        let db = &self.foundation.db;
        let Some(account) = db.account(brief.account_id).await? else {
            return Ok(());
        };
        let Some(customer) = db.customer(account.customer_id).await? else {
            return Ok(());
        };
        let Some(plan) = db.plan(customer.plan_id).await? else {
            return Ok(());
        };
        let limits = EffectiveLimits::of(&account, &customer, &plan);
        ledger.limit_account(&account, &limits, Some(brief.usage));
        if !brief.dirty {
            return Ok(());
        }
        match self.count(ledger, &account, brief.usage).await {
            // Its files are where nobody can look now; it stays marked, and is counted when they are back.
            Err(RecoveryError::Storage(error)) if may_wait(&error, &account) => {
                self.volumes.postpone(account.volume_id, account.id);
                tracing::warn!(
                    account.name = %account.username,
                    %error,
                    "`{}` was being written to when the service ended, and cannot be counted now; its \
                     volume is closed until it can",
                    account.username,
                );
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Counts accounts of a volume that is back, and lets everybody in there. One that cannot be
    /// counted keeps the volume closed, and is tried again.
    ///
    /// # Errors
    ///
    /// [`RecoveryError`]; those before it are counted.
    pub async fn count_returned(
        &self,
        ledger: &Ledger,
        volume: VolumeId,
        accounts: &[AccountId],
    ) -> Result<(), RecoveryError> {
        let db = &self.foundation.db;
        for id in accounts {
            // It may have been deleted meanwhile.
            if let Some(account) = db.account(*id).await? {
                let stored = db.usage(*id).await?.map(|(usage, _)| usage);
                let stored = stored.unwrap_or_default();
                self.count(ledger, &account, stored).await?;
            }
            self.volumes.admit(volume, *id);
        }
        Ok(())
    }

    /// Counts an account that nobody can log in to now, so whatever is staged there was left behind.
    async fn count(
        &self,
        ledger: &Ledger,
        account: &Account,
        stored: Usage,
    ) -> Result<(), RecoveryError> {
        let all = Timestamp::from_millis(i64::MAX);
        let swept = self.volumes.sweep(account, all).await?;
        let counted = self.volumes.count(account).await?;
        ledger.recounted(account.id, counted);
        ledger.set_marked(account.id, true);
        tracing::info!(
            account.name = %account.username,
            used_bytes = counted.bytes,
            used_files = counted.files,
            removed_files = swept,
            "`{}` was being written to when the service ended; its files are counted again",
            account.username,
        );
        if counted != stored {
            self.note(account, stored, counted).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        account: &Account,
        before: Usage,
        counted: Usage,
    ) -> Result<(), StoreError> {
        let changes = differences([
            ("bytes", before.bytes.to_string(), counted.bytes.to_string()),
            ("files", before.files.to_string(), counted.files.to_string()),
        ]);
        let deed = Deed {
            action: AuditAction::QuotaRecounted,
            object: account.username.as_str(),
            object_id: account.id.to_string(),
            changes,
        };
        let mut tx = self.foundation.db.begin().await?;
        self.foundation
            .audit(&mut tx, &Actor::system(), deed)
            .await?;
        tx.commit().await
    }
}

/// Whether the others need not wait until the account can be counted: a disk of its own fails alone.
fn may_wait(error: &StorageError, account: &Account) -> bool {
    matches!(error, StorageError::Unavailable) || account.volume_id != VolumeId::FIRST
}
