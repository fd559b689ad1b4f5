//! Making a deleted account again: the same id, the same home, the same password.

use super::error::AccountError;
use super::service::{Accounts, taken};
use super::trail::deed;
use crate::events::Event;
use crate::hosting::foundation::differences;
use crate::hosting::limits::{EffectiveLimits, max_accounts};
use crate::hosting::quota::Limits;
use crate::model::{Account, Actor, AuditAction, TrashEntry, Usage};
use crate::store::UsageChange;

impl Accounts {
    /// Whether a deleted account that held `held` could be made again at this moment.
    ///
    /// # Errors
    ///
    /// [`AccountError::Taken`], [`AccountError::NoSuchCustomer`], [`AccountError::TooManyAccounts`],
    /// [`AccountError::NoRoom`].
    pub(in crate::hosting) async fn check_return(
        &self,
        account: &Account,
        held: Usage,
    ) -> Result<(), AccountError> {
        let (customer, plan) = self.owner(account.customer_id).await?;
        let db = &self.parts().foundation.db;
        if db.account_by_username(&account.username).await?.is_some() {
            return Err(AccountError::Taken(account.username.clone()));
        }
        let others = db.accounts_of_customer(customer.id).await?.len();
        if let Some(limit) = max_accounts(&customer, &plan).limit
            && u64::try_from(others).unwrap_or(u64::MAX) >= limit
        {
            return Err(AccountError::TooManyAccounts { limit });
        }
        let limits = EffectiveLimits::of(account, &customer, &plan);
        let used = self.parts().ledger.pool_usage(customer.id);
        let free = Limits {
            bytes: limits
                .pool_bytes
                .limit
                .map(|most| most.saturating_sub(used.bytes)),
            files: limits
                .pool_files
                .limit
                .map(|most| most.saturating_sub(used.files)),
        };
        if !free.hold(held) {
            return Err(AccountError::NoRoom { held, free });
        }
        Ok(())
    }

    /// Makes a deleted account again whose files lie in its home, and tells what they are; they count
    /// from the moment on in which it can log in. `entry` is what it left when it was deleted.
    ///
    /// # Errors
    ///
    /// Those of [`Accounts::check_return`], [`AccountError::FilesMissing`] and [`AccountError::Home`]. After [`AccountError::Store`] it
    /// may have been made or not.
    pub(in crate::hosting) async fn restore(
        &self,
        actor: &Actor,
        account: &Account,
        entry: &TrashEntry,
    ) -> Result<Usage, AccountError> {
        let (limits, held) = match self.take_back(actor, account, entry).await {
            Ok(back) => back,
            Err(error) => {
                self.parts().ledger.remove_account(account.id);
                self.parts().volumes.forget(account.id);
                return Err(error);
            }
        };
        // Again, because whoever followed the deletion late has forgotten it meanwhile.
        let ledger = &self.parts().ledger;
        ledger.limit_account(account, &limits, Some(held));
        let changed = Event::AccountChanged(account.id);
        self.parts().foundation.publish(changed);
        Ok(held)
    }

    async fn take_back(
        &self,
        actor: &Actor,
        account: &Account,
        entry: &TrashEntry,
    ) -> Result<(EffectiveLimits, Usage), AccountError> {
        let (customer, plan) = self.owner(account.customer_id).await?;
        let parts = self.parts();
        let held = parts.volumes.count(account).await?;
        if held.files == 0 && entry.usage.files > 0 && !entry.is_partial {
            return Err(AccountError::FilesMissing(entry.usage.files));
        }
        let limits = EffectiveLimits::of(account, &customer, &plan);
        let own = Limits {
            bytes: limits.account.bytes.limit,
            files: limits.account.files.limit,
        };
        parts.ledger.limit_pool(&customer, &plan);
        let admitted = parts.ledger.admit(customer.id, account.id, (own, held));
        admitted.map_err(|free| AccountError::NoRoom { held, free })?;
        let mut tx = parts.foundation.db.begin().await?;
        if let Some(limit) = max_accounts(&customer, &plan).limit
            && tx.count_accounts_of_customer(customer.id).await? >= limit
        {
            return Err(AccountError::TooManyAccounts { limit });
        }
        let added = tx.restore_account(account).await;
        added.map_err(|error| taken(error, &account.username))?;
        let now = parts.foundation.now();
        let change = UsageChange {
            account_id: account.id,
            usage: held,
            dirty: false,
        };
        tx.save_usage(&[change], now).await?;
        tx.set_counted_at(account.id, now).await?;
        tx.delete_trash(account.id).await?;
        let name = account.username.to_string();
        let names = differences([("username", entry.username.clone(), name)]);
        let deed = deed(AuditAction::AccountRestored, account, names);
        parts.foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        Ok((limits, held))
    }
}
