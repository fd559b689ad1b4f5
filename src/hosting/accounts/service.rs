//! The service itself.

use std::sync::Arc;

use super::details::{AccountDetails, AccountSettings, NewAccount};
use super::error::AccountError;
use super::trail::{changes, deed};
use crate::events::Event;
use crate::hosting::foundation::{Foundation, differences};
use crate::hosting::jobs::Jobs;
use crate::hosting::limits::{EffectiveLimits, max_accounts};
use crate::hosting::passwords::Passwords;
use crate::hosting::quota::Ledger;
use crate::hosting::sessions::Sessions;
use crate::hosting::volumes::Volumes;
use crate::model::page::{AccountQuery, AccountRow, Page};
use crate::model::{
    Account, AccountId, AccountStatus, Actor, AuditAction, Customer, CustomerId, PathRules, Plan,
    Right, Secret, Username, Version,
};
use crate::settings::LiveSettings;
use crate::store::{Conflict, StoreError};
use crate::vfs::StorageError;

/// A cheap handle on the accounts.
#[derive(Clone, Debug)]
pub struct Accounts(Arc<Parts>);

/// What the accounts work with.
#[derive(Debug)]
pub struct Parts {
    /// Database, time, news.
    pub foundation: Foundation,
    /// Does what takes longer.
    pub jobs: Jobs,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Keeps the books.
    pub ledger: Ledger,
    /// Knows who is connected.
    pub sessions: Sessions,
    /// The settings in force.
    pub settings: LiveSettings,
    /// Holds the homes.
    pub volumes: Volumes,
}

impl Accounts {
    /// The accounts over these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Makes an account and its home.
    ///
    /// # Errors
    ///
    /// [`AccountError::Taken`], [`AccountError::NoSuchCustomer`], [`AccountError::TooManyAccounts`],
    /// [`AccountError::HomeTaken`], [`AccountError::Volume`], [`AccountError::Home`] and
    /// [`AccountError::Password`]; nothing is left behind.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future may leave an empty home folder, which no account shows.
    pub async fn create(&self, actor: &Actor, new: NewAccount) -> Result<Account, AccountError> {
        require(actor)?;
        Passwords::check(&new.password, new.username.as_str())?;
        let volume_id = self.0.volumes.for_newcomer(new.volume_id)?;
        let (customer, plan) = self.owner(new.customer_id).await?;
        let password_hash = self.0.passwords.hash(&new.password).await?;
        let (unix_ms, random) = self.0.foundation.id_parts();
        let id = AccountId::from_parts(unix_ms, random);
        let now = self.0.foundation.now();
        let account = Account {
            id,
            volume_id,
            home: format!("{}/{}-{}", customer.slug, new.username, id.short()),
            username: new.username,
            customer_id: customer.id,
            status: AccountStatus::Active,
            suspend_reason: String::new(),
            password_hash,
            password_changed_at: now,
            permissions: new.settings.permissions,
            rules: PathRules::default(),
            tls: new.settings.tls,
            login: new.settings.login,
            session: new.settings.session,
            limits: new.settings.limits,
            notes: new.settings.notes,
            last_login_at: None,
            last_login_ip: String::new(),
            last_upload_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        // Before the row: an account whose folder cannot be made must not exist.
        let made = self.0.volumes.make_home(&account).await;
        made.map_err(|error| match error {
            StorageError::Exists => AccountError::HomeTaken(account.home.clone()),
            other => other.into(),
        })?;
        let mut tx = self.0.foundation.db.begin().await?;
        let allowed = max_accounts(&customer, &plan).limit;
        if let Some(limit) = allowed
            && tx.count_accounts_of_customer(customer.id).await? >= limit
        {
            return Err(AccountError::TooManyAccounts { limit });
        }
        tx.insert_account(&account)
            .await
            .map_err(|error| taken(error, &account.username))?;
        let deed = deed(AuditAction::AccountCreated, &account, Vec::new());
        self.0.foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.book(&account, &customer, &plan);
        self.0.foundation.publish(Event::AccountChanged(id));
        Ok(account)
    }

    /// Replaces the editable part; `seen` is the version that the editor saw. Running sessions look
    /// the account up again at once.
    ///
    /// # Errors
    ///
    /// [`AccountError::Stale`] if somebody else saved first, [`AccountError::NotFound`].
    pub async fn change(
        &self,
        actor: &Actor,
        id: AccountId,
        seen: Version,
        settings: AccountSettings,
    ) -> Result<Account, AccountError> {
        require(actor)?;
        let before = self.get(id).await?;
        let mut account = settings.put_on(Account {
            version: seen,
            ..before.clone()
        });
        let mut tx = self.0.foundation.db.begin().await?;
        account.version = tx.save_account(&account, self.0.foundation.now()).await?;
        let deed = deed(
            AuditAction::AccountChanged,
            &account,
            changes(&before, &account),
        );
        self.0.foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        // Before any session looks it up.
        self.0.foundation.publish(Event::AccountChanged(id));
        let ended = self.refresh(id).await?;
        self.note_ended((actor, AuditAction::AccountChanged), &account, ended)
            .await;
        self.get(id).await
    }

    /// Sets the password and ends the account's sessions; tells how many.
    ///
    /// # Errors
    ///
    /// [`AccountError::Password`] if it is too weak, [`AccountError::NotFound`].
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: AccountId,
        password: Secret,
    ) -> Result<usize, AccountError> {
        require(actor)?;
        let account = self.get(id).await?;
        Passwords::check(&password, account.username.as_str())?;
        let hash = self.0.passwords.hash(&password).await?;
        let mut tx = self.0.foundation.db.begin().await?;
        if !tx
            .set_account_password(id, &hash, self.0.foundation.now())
            .await?
        {
            return Err(AccountError::NotFound);
        }
        let changed = vec![("password".to_owned(), String::new(), "changed".to_owned())];
        let deed = deed(AuditAction::AccountPasswordReset, &account, changed);
        self.0.foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        let ended = self.disconnect(id, "The password was changed.");
        self.note_ended((actor, AuditAction::AccountPasswordReset), &account, ended)
            .await;
        Ok(ended)
    }

    /// Forbids logins and ends the account's sessions; tells how many.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn suspend(
        &self,
        actor: &Actor,
        id: AccountId,
        reason: &str,
    ) -> Result<usize, AccountError> {
        let account = self
            .set_status(actor, id, AccountStatus::Suspended, reason)
            .await?;
        let ended = self.disconnect(id, "The account is suspended.");
        self.note_ended((actor, AuditAction::AccountSuspended), &account, ended)
            .await;
        Ok(ended)
    }

    /// Allows logins again.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn resume(&self, actor: &Actor, id: AccountId) -> Result<(), AccountError> {
        self.set_status(actor, id, AccountStatus::Active, "")
            .await?;
        self.0.foundation.publish(Event::AccountChanged(id));
        Ok(())
    }

    /// One account with its limits and usage.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn details(&self, id: AccountId) -> Result<AccountDetails, AccountError> {
        let account = self.get(id).await?;
        let (customer, plan) = self.owner(account.customer_id).await?;
        let sessions = self
            .0
            .sessions
            .count_by_account()
            .get(&id)
            .copied()
            .unwrap_or(0);
        Ok(AccountDetails {
            limits: EffectiveLimits::of(&account, &customer, &plan),
            usage: self.0.ledger.usage(id),
            pool_usage: self.0.ledger.pool_usage(customer.id),
            standing: account.standing(self.0.foundation.now()),
            traffic: self.traffic(id, &customer),
            pool_traffic: self.pool_traffic(&customer),
            account,
            customer,
            plan,
            sessions,
        })
    }

    /// The account with this name.
    pub async fn by_username(&self, name: &Username) -> Result<Option<Account>, AccountError> {
        Ok(self.0.foundation.db.account_by_username(name).await?)
    }

    /// One page of accounts, with what they hold at this moment.
    pub async fn page(&self, query: &AccountQuery) -> Result<Page<AccountRow>, AccountError> {
        let now = self.0.foundation.now();
        let mut page = self.0.foundation.db.account_page(query, now).await?;
        for row in &mut page.rows {
            row.usage = self.0.ledger.usage(row.account.id);
        }
        Ok(page)
    }

    /// One page of accounts, with what they hold as last written down; for a process that does not
    /// keep the books.
    pub async fn stored_page(
        &self,
        query: &AccountQuery,
    ) -> Result<Page<AccountRow>, AccountError> {
        let now = self.0.foundation.now();
        Ok(self.0.foundation.db.account_page(query, now).await?)
    }

    pub(in crate::hosting) fn parts(&self) -> &Parts {
        &self.0
    }

    pub(super) async fn get(&self, id: AccountId) -> Result<Account, AccountError> {
        self.0
            .foundation
            .db
            .account(id)
            .await?
            .ok_or(AccountError::NotFound)
    }

    pub(in crate::hosting) async fn owner(
        &self,
        id: CustomerId,
    ) -> Result<(Customer, Plan), AccountError> {
        let db = &self.0.foundation.db;
        let customer = db.customer(id).await?.ok_or(AccountError::NoSuchCustomer)?;
        let plan = db
            .plan(customer.plan_id)
            .await?
            .ok_or(AccountError::NoSuchCustomer)?;
        Ok((customer, plan))
    }

    async fn set_status(
        &self,
        actor: &Actor,
        id: AccountId,
        status: AccountStatus,
        reason: &str,
    ) -> Result<Account, AccountError> {
        require(actor)?;
        let account = self.get(id).await?;
        let action = match status {
            AccountStatus::Active => AuditAction::AccountResumed,
            AccountStatus::Suspended => AuditAction::AccountSuspended,
        };
        let mut tx = self.0.foundation.db.begin().await?;
        if !tx
            .set_account_status(id, status, reason, self.0.foundation.now())
            .await?
        {
            return Err(AccountError::NotFound);
        }
        let changed = differences([("reason", account.suspend_reason.clone(), reason.to_owned())]);
        self.0
            .foundation
            .audit(&mut tx, actor, deed(action, &account, changed))
            .await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Puts the limits in force; an account that is not known yet begins with nothing stored.
    pub(super) fn book(&self, account: &Account, customer: &Customer, plan: &Plan) {
        let limits = EffectiveLimits::of(account, customer, plan);
        self.0.ledger.limit_pool(customer, plan);
        self.0.ledger.limit_account(account, &limits, None);
    }
}

pub(super) fn require(actor: &Actor) -> Result<(), AccountError> {
    let right = Right::ManageAccounts;
    if actor.may(right) {
        Ok(())
    } else {
        Err(AccountError::Forbidden(right))
    }
}

pub(super) fn taken(error: StoreError, name: &Username) -> AccountError {
    match error {
        StoreError::Conflict(Conflict::Username) => AccountError::Taken(name.clone()),
        other => AccountError::Store(other),
    }
}
