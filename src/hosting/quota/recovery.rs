//! Fills the ledger at the start, and after an unclean end counts the homes that were being written
//! to, so that the figures equal the disk before anybody can upload.

use super::keeper::Keeper;
use super::ledger::Ledger;
use crate::clock::Timestamp;
use crate::hosting::foundation::{Deed, Foundation, differences};
use crate::hosting::limits::EffectiveLimits;
use crate::hosting::volumes::Volumes;
use crate::model::page::AccountBrief;
use crate::model::{AccountId, Actor, AuditAction, Usage};
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
        // Nothing is being uploaded now, so whatever is staged was left behind.
        let swept = self
            .volumes
            .sweep(&account, Timestamp::from_millis(i64::MAX))
            .await?;
        let counted = self.volumes.count(&account).await?;
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
        if counted != brief.usage {
            self.note(&account, brief.usage, counted).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        account: &crate::model::Account,
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
