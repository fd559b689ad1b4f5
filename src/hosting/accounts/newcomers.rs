//! Writing accounts for whoever brings many of them: what goes into one transaction, and what follows when
//! it is committed.

use super::error::AccountError;
use super::service::{Accounts, taken};
use super::trail::{changes, deed, rule_changes};
use crate::events::Event;
use crate::hosting::foundation::differences;
use crate::hosting::limits::max_accounts;
use crate::model::{
    Account, AccountId, AccountLimits, AccountStatus, Actor, AuditAction, Customer, LoginRules,
    PasswordHash, PathRules, PermissionProfile, Plan, SessionRules, TlsRule, Username,
};
use crate::store::Tx;

/// Who comes with a password that is hashed already.
#[derive(Clone, Debug)]
pub(in crate::hosting) struct Newcomer {
    pub(in crate::hosting) username: Username,
    pub(in crate::hosting) password_hash: PasswordHash,
}

/// What an administrator edits and differs: names, before and after.
pub(in crate::hosting) fn differing(
    before: &Account,
    after: &Account,
) -> Vec<(String, String, String)> {
    let status = [(
        "status",
        before.status.as_str().to_owned(),
        after.status.as_str().to_owned(),
    )];
    let mut all = differences(status);
    all.extend(changes(before, after));
    all.extend(rule_changes(&before.rules, &after.rules));
    all
}

impl Accounts {
    /// An account of `customer` that follows its plan, on the default volume; nothing is written yet.
    ///
    /// # Errors
    ///
    /// [`AccountError::Volume`] if there is none.
    pub(in crate::hosting) fn newcomer(
        &self,
        customer: &Customer,
        newcomer: Newcomer,
    ) -> Result<Account, AccountError> {
        let volume_id = self.parts().volumes.for_newcomer(None)?;
        let foundation = &self.parts().foundation;
        let (unix_ms, random) = foundation.id_parts();
        let id = AccountId::from_parts(unix_ms, random);
        let now = foundation.now();
        Ok(Account {
            id,
            volume_id,
            home: format!("{}/{}-{}", customer.slug, newcomer.username, id.short()),
            username: newcomer.username,
            customer_id: customer.id,
            status: AccountStatus::Active,
            suspend_reason: String::new(),
            password_hash: newcomer.password_hash,
            password_changed_at: now,
            permissions: PermissionProfile::default(),
            rules: PathRules::default(),
            tls: TlsRule::default(),
            login: LoginRules::default(),
            session: SessionRules::default(),
            limits: AccountLimits::default(),
            notes: String::new(),
            last_login_at: None,
            last_login_ip: String::new(),
            last_upload_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }

    /// Adds an account whose home is there already. Files may be moved into it before the server starts
    /// next, so they are counted then.
    ///
    /// # Errors
    ///
    /// [`AccountError::Taken`], [`AccountError::TooManyAccounts`]; the transaction is of no use then.
    pub(in crate::hosting) async fn insert(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        (customer, plan): (&Customer, &Plan),
    ) -> Result<(), AccountError> {
        if let Some(limit) = max_accounts(customer, plan).limit
            && tx.count_accounts_of_customer(customer.id).await? >= limit
        {
            return Err(AccountError::TooManyAccounts { limit });
        }
        tx.insert_account(account)
            .await
            .map_err(|error| taken(error, &account.username))?;
        tx.mark_dirty(&[account.id], account.created_at).await?;
        let deed = deed(AuditAction::AccountCreated, account, Vec::new());
        Ok(self.parts().foundation.audit(tx, actor, deed).await?)
    }

    /// Saves what an administrator edits, if somebody did not before.
    ///
    /// # Errors
    ///
    /// [`AccountError::Stale`]; the transaction is of no use then.
    pub(in crate::hosting) async fn write_settings(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (before, after): (&Account, &Account),
    ) -> Result<(), AccountError> {
        let mut changed = changes(before, after);
        changed.extend(rule_changes(&before.rules, &after.rules));
        if changed.is_empty() {
            return Ok(());
        }
        let foundation = &self.parts().foundation;
        tx.save_account(after, foundation.now()).await?;
        let deed = deed(AuditAction::AccountChanged, after, changed);
        Ok(foundation.audit(tx, actor, deed).await?)
    }

    /// Suspends or resumes.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub(in crate::hosting) async fn write_status(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (before, after): (&Account, &Account),
    ) -> Result<(), AccountError> {
        let foundation = &self.parts().foundation;
        let (status, reason) = (after.status, after.suspend_reason.as_str());
        let set = tx.set_account_status(after.id, status, reason, foundation.now());
        if !set.await? {
            return Err(AccountError::NotFound);
        }
        let action = match status {
            AccountStatus::Active => AuditAction::AccountResumed,
            AccountStatus::Suspended => AuditAction::AccountSuspended,
        };
        let reasons = ("reason", before.suspend_reason.clone(), reason.to_owned());
        let deed = deed(action, after, differences([reasons]));
        Ok(foundation.audit(tx, actor, deed).await?)
    }

    /// Sets a password that is hashed already.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub(in crate::hosting) async fn write_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (account, hash): (&Account, &PasswordHash),
    ) -> Result<(), AccountError> {
        let foundation = &self.parts().foundation;
        let set = tx.set_account_password(account.id, hash, foundation.now());
        if !set.await? {
            return Err(AccountError::NotFound);
        }
        let changed = vec![("password".to_owned(), String::new(), "changed".to_owned())];
        let deed = deed(AuditAction::AccountPasswordReset, account, changed);
        Ok(foundation.audit(tx, actor, deed).await?)
    }

    /// Keeps the books of a new account; after the commit.
    pub(in crate::hosting) fn welcome(&self, account: &Account, owner: (&Customer, &Plan)) {
        self.book(account, owner.0, owner.1);
        let changed = Event::AccountChanged(account.id);
        self.parts().foundation.publish(changed);
    }

    /// Lets books and sessions follow what `actor` did to `account`, and ends the sessions that may not
    /// go on after that; after the commit.
    ///
    /// # Errors
    ///
    /// [`AccountError::Store`].
    pub(in crate::hosting) async fn follow(
        &self,
        (actor, did): (&Actor, AuditAction),
        account: &Account,
    ) -> Result<(), AccountError> {
        let changed = Event::AccountChanged(account.id);
        self.parts().foundation.publish(changed);
        let ended = match did {
            AuditAction::AccountSuspended => {
                self.disconnect(account.id, "The account is suspended.")
            }
            AuditAction::AccountPasswordReset => {
                self.disconnect(account.id, "The password was changed.")
            }
            _ => 0,
        };
        // Written down first: those are gone, whatever becomes of the rest.
        self.note_ended((actor, did), account, ended).await;
        let ended = self.refresh(account.id).await?;
        self.note_ended((actor, did), account, ended).await;
        Ok(())
    }
}
