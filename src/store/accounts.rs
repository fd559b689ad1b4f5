//! Accounts, one at a time. Lists are in `account_lists`.

use super::account_row::{AccountColumns, account_columns};
use super::account_rules::{networks_text, session_rules_text};
use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::path_rules::path_rules_text;
use super::row::{RowName, millis};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{
    Account, AccountId, AccountStatus, CustomerId, PasswordHash, Username, Version,
};

queries! {
    BY_ID = concat!("SELECT ", account_columns!(), " FROM account a WHERE a.account_id = $1");
    BY_USERNAME = concat!("SELECT ", account_columns!(), " FROM account a WHERE a.username = $1");
    OF_CUSTOMER = concat!(
        "SELECT ", account_columns!(),
        " FROM account a WHERE a.customer_id = $1 ORDER BY a.username"
    );
    INSERT = "
        INSERT INTO account (
            account_id, username, customer_id, status, suspend_reason, password_hash,
            password_changed_at, home, permissions, tls, bytes_own, bytes_limit, files_own,
            files_limit, sessions_own, sessions_limit, notes, last_login_at, last_login_ip,
            created_at, updated_at, version, path_rules, file_bytes_own, file_bytes_limit,
            upload_rate_own, upload_rate_limit, download_rate_own, download_rate_limit,
            session_upload_rate_own, session_upload_rate_limit, session_download_rate_own,
            session_download_rate_limit, sessions_per_address_own, sessions_per_address_limit,
            expires_at, networks, session_rules, volume_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
            $35, $36, $37, $38, $39)";
    INSERT_USAGE = "
        INSERT INTO quota_usage (account_id, used_bytes, used_files, dirty, updated_at)
        VALUES ($1, 0, 0, FALSE, $2)";
    SAVE = "
        UPDATE account
           SET username = $3, permissions = $4, tls = $5, bytes_own = $6, bytes_limit = $7,
               files_own = $8, files_limit = $9, sessions_own = $10, sessions_limit = $11,
               notes = $12, updated_at = $13, path_rules = $14, file_bytes_own = $15,
               file_bytes_limit = $16, upload_rate_own = $17, upload_rate_limit = $18,
               download_rate_own = $19, download_rate_limit = $20, session_upload_rate_own = $21,
               session_upload_rate_limit = $22, session_download_rate_own = $23,
               session_download_rate_limit = $24, sessions_per_address_own = $25,
               sessions_per_address_limit = $26, expires_at = $27, networks = $28,
               session_rules = $29, version = version + 1
         WHERE account_id = $1 AND version = $2
        RETURNING version";
    SET_STATUS = "
        UPDATE account
           SET status = $2, suspend_reason = $3, updated_at = $4, version = version + 1
         WHERE account_id = $1";
    SET_PASSWORD = "
        UPDATE account
           SET password_hash = $2, password_changed_at = $3, updated_at = $3,
               version = version + 1
         WHERE account_id = $1";
    RENEW_PASSWORD = "
        UPDATE account SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2";
    RECORD_LOGIN = "
        UPDATE account SET last_login_at = $2, last_login_ip = $3 WHERE account_id = $1";
    DELETE = "DELETE FROM account WHERE account_id = $1";
    LOCK_CUSTOMER = "UPDATE customer SET version = version WHERE customer_id = $1";
    COUNT_OF_CUSTOMER = "SELECT COUNT(*) FROM account WHERE customer_id = $1";
}

impl Db {
    /// The account `id`.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(AccountColumns::read).transpose()
    }

    /// The account that logs in as `username`.
    pub async fn account_by_username(
        &self,
        username: &Username,
    ) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountColumns> = on_reader!(self, |pool| sqlx::query_as(BY_USERNAME)
            .bind(username.as_str())
            .fetch_optional(pool)
            .await)?;
        row.map(AccountColumns::read).transpose()
    }

    /// The accounts of a customer, by user name.
    pub async fn accounts_of_customer(
        &self,
        customer_id: CustomerId,
    ) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountColumns> = on_reader!(self, |pool| sqlx::query_as(OF_CUSTOMER)
            .bind(customer_id.to_string())
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(AccountColumns::read).collect()
    }
}

impl Tx {
    /// Adds an account, holding nothing.
    ///
    /// # Errors
    ///
    /// `Conflict::Username` if the name is taken, `Conflict::Missing` without its customer.
    pub async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let id = account.id.to_string();
        let row = RowName {
            table: "account",
            id: &id,
        };
        let own = account.limits.map(|limit| row.bigint_own("a limit", limit));
        let own = own.all()?;
        execute!(
            self,
            INSERT,
            &id,
            account.username.as_str(),
            account.customer_id.to_string(),
            account.status.as_str(),
            &account.suspend_reason,
            account.password_hash.as_str(),
            account.password_changed_at.as_millis(),
            &account.home,
            account.permissions.as_str(),
            account.tls.as_str(),
            own.bytes.0,
            own.bytes.1,
            own.files.0,
            own.files.1,
            own.sessions.0,
            own.sessions.1,
            &account.notes,
            account.last_login_at.map(Timestamp::as_millis),
            &account.last_login_ip,
            account.created_at.as_millis(),
            account.updated_at.as_millis(),
            account.version,
            path_rules_text(&account.rules),
            own.file_bytes.0,
            own.file_bytes.1,
            own.upload_rate.0,
            own.upload_rate.1,
            own.download_rate.0,
            own.download_rate.1,
            own.session_upload_rate.0,
            own.session_upload_rate.1,
            own.session_download_rate.0,
            own.session_download_rate.1,
            own.sessions_per_address.0,
            own.sessions_per_address.1,
            millis(account.login.expires_at),
            networks_text(&account.login),
            session_rules_text(&account.session),
            account.volume_id.to_string(),
        )?;
        self.save_account_traffic(&row, account).await?;
        execute!(self, INSERT_USAGE, &id, account.created_at.as_millis())?;
        Ok(())
    }

    /// Saves what an administrator edits (not status, password, customer, home or login marks) and
    /// raises the version. `account.version` is the one that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else saved first, `Conflict::Username` if the name is
    /// taken.
    pub async fn save_account(
        &mut self,
        account: &Account,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        let id = account.id.to_string();
        let row = RowName {
            table: "account",
            id: &id,
        };
        let own = account.limits.map(|limit| row.bigint_own("a limit", limit));
        let own = own.all()?;
        let version = on_tx!(self, |connection| sqlx::query_scalar(SAVE)
            .bind(&id)
            .bind(account.version)
            .bind(account.username.as_str())
            .bind(account.permissions.as_str())
            .bind(account.tls.as_str())
            .bind(own.bytes.0)
            .bind(own.bytes.1)
            .bind(own.files.0)
            .bind(own.files.1)
            .bind(own.sessions.0)
            .bind(own.sessions.1)
            .bind(&account.notes)
            .bind(at.as_millis())
            .bind(path_rules_text(&account.rules))
            .bind(own.file_bytes.0)
            .bind(own.file_bytes.1)
            .bind(own.upload_rate.0)
            .bind(own.upload_rate.1)
            .bind(own.download_rate.0)
            .bind(own.download_rate.1)
            .bind(own.session_upload_rate.0)
            .bind(own.session_upload_rate.1)
            .bind(own.session_download_rate.0)
            .bind(own.session_download_rate.1)
            .bind(own.sessions_per_address.0)
            .bind(own.sessions_per_address.1)
            .bind(millis(account.login.expires_at))
            .bind(networks_text(&account.login))
            .bind(session_rules_text(&account.session))
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)?;
        self.save_account_traffic(&row, account).await?;
        Ok(version)
    }

    /// Suspends or resumes an account whatever its version; `false` if there is no such account.
    pub async fn set_account_status(
        &mut self,
        id: AccountId,
        status: AccountStatus,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            SET_STATUS,
            id.to_string(),
            status.as_str(),
            reason,
            at.as_millis()
        )?;
        Ok(affected > 0)
    }

    /// Sets the password; `false` if there is no such account.
    pub async fn set_account_password(
        &mut self,
        id: AccountId,
        hash: &PasswordHash,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            SET_PASSWORD,
            id.to_string(),
            hash.as_str(),
            at.as_millis()
        )?;
        Ok(affected > 0)
    }

    /// Replaces the hash of a password by another of the same password; the version and the time of the
    /// last change stay. `false` if the hash is not `before` any more.
    pub async fn renew_account_password(
        &mut self,
        id: AccountId,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (before, after) = (before.as_str(), after.as_str());
        let affected = execute!(self, RENEW_PASSWORD, id.to_string(), before, after)?;
        Ok(affected > 0)
    }

    /// Notes a successful login; the version stays. `false` if there is no such account.
    pub async fn record_account_login(
        &mut self,
        id: AccountId,
        at: Timestamp,
        ip: &str,
    ) -> Result<bool, StoreError> {
        let affected = execute!(self, RECORD_LOGIN, id.to_string(), at.as_millis(), ip)?;
        Ok(affected > 0)
    }

    /// Removes an account and its usage; `false` if there is no such account. The journal keeps its
    /// rows.
    pub async fn delete_account(&mut self, id: AccountId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string()).map_err(StoreError::of_delete)?;
        Ok(affected > 0)
    }

    /// Counts the accounts of a customer, and keeps others from changing that number through this
    /// function until the changes are committed.
    pub async fn count_accounts_of_customer(
        &mut self,
        customer_id: CustomerId,
    ) -> Result<u64, StoreError> {
        let id = customer_id.to_string();
        // Writing the row without changing it locks it, in words that both engines understand.
        execute!(self, LOCK_CUSTOMER, &id)?;
        let count: i64 = on_tx!(self, |connection| sqlx::query_scalar(COUNT_OF_CUSTOMER)
            .bind(&id)
            .fetch_one(connection)
            .await)?;
        RowName {
            table: "account",
            id: &id,
        }
        .amount("count", count)
    }
}
