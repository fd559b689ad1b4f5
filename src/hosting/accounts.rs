//! Accounts: create, change, suspend, delete. The only writer of accounts.

use crate::hosting::limits::EffectiveLimits;
use crate::model::page::{AccountQuery, AccountRow, Page};
use crate::model::{
    Account, AccountId, Actor, Customer, CustomerId, Override, PermissionProfile, Plan, Right,
    Secret, TlsRule, Usage, Username, Version,
};
use crate::store::StoreError;

/// A cheap handle on the accounts.
#[derive(Clone, Debug)]
pub struct Accounts;

/// What is needed to make an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to log in with.
    pub username: Username,
    /// Its customer.
    pub customer_id: CustomerId,
    /// Its password.
    pub password: Secret,
    /// The part that can be changed later.
    pub settings: AccountSettings,
}

/// The part of an account that an administrator edits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccountSettings {
    /// What it may do.
    pub permissions: PermissionProfile,
    /// Whether it must encrypt.
    pub tls: TlsRule,
    /// Own limit of bytes.
    pub bytes: Override,
    /// Own limit of files.
    pub files: Override,
    /// Own limit of sessions at once.
    pub sessions: Override,
    /// Free text.
    pub notes: String,
}

/// What happens to the files of a deleted account.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Files {
    /// They are removed for good.
    Delete,
    /// They stay on the volume; no account, not even one of the same name, shows them again.
    #[default]
    Keep,
}

/// An account with everything that a page or a login needs to know about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountDetails {
    /// The account.
    pub account: Account,
    /// Its customer.
    pub customer: Customer,
    /// The customer's plan.
    pub plan: Plan,
    /// The limits in force.
    pub limits: EffectiveLimits,
    /// What it uses.
    pub usage: Usage,
    /// What all accounts of the customer use together.
    pub pool_usage: Usage,
    /// Sessions it has now.
    pub sessions: usize,
}

/// What can go wrong with an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("no such account")]
    NotFound,
    /// There is no such customer.
    #[error("no such customer")]
    NoSuchCustomer,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// Another account has the name.
    #[error("{0} is taken")]
    Taken(Username),
    /// The customer has as many accounts as it may.
    #[error("the customer may have {limit} accounts")]
    TooManyAccounts {
        /// The limit.
        limit: u64,
    },
    /// Somebody else saved first.
    #[error("the account was changed meanwhile")]
    Stale,
    /// The home could not be made or removed.
    #[error("the home folder is not usable")]
    Home(#[from] crate::vfs::StorageError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] crate::hosting::passwords::PasswordError),
    /// The database failed.
    #[error("accounts are not available")]
    Store(StoreError),
}

impl Accounts {
    /// Makes an account and its home.
    pub async fn create(&self, actor: &Actor, new: NewAccount) -> Result<Account, AccountError> {
        todo!()
    }

    /// Replaces the editable part; `seen` is the version that the editor saw.
    pub async fn change(
        &self,
        actor: &Actor,
        id: AccountId,
        seen: Version,
        settings: AccountSettings,
    ) -> Result<Account, AccountError> {
        todo!()
    }

    /// Sets the password and ends the account's sessions; tells how many.
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: AccountId,
        password: Secret,
    ) -> Result<usize, AccountError> {
        todo!()
    }

    /// Forbids logins and ends the account's sessions; tells how many.
    pub async fn suspend(
        &self,
        actor: &Actor,
        id: AccountId,
        reason: &str,
    ) -> Result<usize, AccountError> {
        todo!()
    }

    /// Allows logins again.
    pub async fn resume(&self, actor: &Actor, id: AccountId) -> Result<(), AccountError> {
        todo!()
    }

    /// Deletes the account and ends its sessions; tells how many.
    pub async fn delete(
        &self,
        actor: &Actor,
        id: AccountId,
        files: Files,
    ) -> Result<usize, AccountError> {
        todo!()
    }

    /// Counts the account's files on disk and corrects the books; tells before and after.
    pub async fn recount(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<(Usage, Usage), AccountError> {
        todo!()
    }

    /// One account with its limits and usage.
    pub async fn details(&self, id: AccountId) -> Result<AccountDetails, AccountError> {
        todo!()
    }

    /// The account with this name.
    pub async fn by_username(&self, name: &Username) -> Result<Option<Account>, AccountError> {
        todo!()
    }

    /// One page of accounts.
    pub async fn page(&self, query: &AccountQuery) -> Result<Page<AccountRow>, AccountError> {
        todo!()
    }
}
