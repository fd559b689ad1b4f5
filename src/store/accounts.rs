//! Accounts.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{
    Account, AccountBrief, AccountId, AccountQuery, AccountRow, AccountStatus, CustomerId, Page,
    PasswordHash, Username, Version,
};

impl Db {
    /// The account `id`.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        todo!()
    }

    /// The account that logs in as `username`.
    pub async fn account_by_username(
        &self,
        username: &Username,
    ) -> Result<Option<Account>, StoreError> {
        todo!()
    }

    /// The account `id` with its customer, plan and usage.
    pub async fn account_row(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        todo!()
    }

    /// The accounts of a customer, by user name.
    pub async fn accounts_of_customer(
        &self,
        customer_id: CustomerId,
    ) -> Result<Vec<Account>, StoreError> {
        todo!()
    }

    /// One page of the accounts that match.
    pub async fn account_page(&self, query: &AccountQuery) -> Result<Page<AccountRow>, StoreError> {
        todo!()
    }

    /// At most `limit` accounts after `after`, by id: call again with the last one until none is
    /// left.
    pub async fn account_briefs(
        &self,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<AccountBrief>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Adds an account, holding nothing.
    pub async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        todo!()
    }

    /// Saves everything an administrator can edit (not status, password, home or login marks) and
    /// raises the version. `account.version` is the one that was read.
    pub async fn save_account(
        &mut self,
        account: &Account,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Suspends or resumes an account whatever its version; `false` if there is no such account.
    pub async fn set_account_status(
        &mut self,
        id: AccountId,
        status: AccountStatus,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Sets the password; `false` if there is no such account.
    pub async fn set_account_password(
        &mut self,
        id: AccountId,
        hash: &PasswordHash,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Notes a successful login; the version stays.
    pub async fn record_account_login(
        &mut self,
        id: AccountId,
        at: Timestamp,
        ip: &str,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Removes an account and its usage; `false` if there is no such account. The journal keeps its
    /// rows.
    pub async fn delete_account(&mut self, id: AccountId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Counts the accounts of a customer and keeps others from adding one until the changes are
    /// committed.
    pub async fn count_accounts_of_customer(
        &mut self,
        customer_id: CustomerId,
    ) -> Result<u64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
