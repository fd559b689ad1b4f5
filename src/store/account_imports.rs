//! By what imported passwords are known again.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::AccountId;

queries! {
    BY_ACCOUNT = "SELECT password_digest FROM account_import WHERE account_id = $1";
    PUT = "
        INSERT INTO account_import (account_id, password_digest, imported_at)
        VALUES ($1, $2, $3)
        ON CONFLICT (account_id) DO UPDATE
           SET password_digest = excluded.password_digest, imported_at = excluded.imported_at";
}

impl Db {
    /// The digest of the hash with which the account was imported last; `None` if it was not.
    pub async fn account_import(&self, id: AccountId) -> Result<Option<String>, StoreError> {
        let digest = on_reader!(self, |pool| sqlx::query_scalar(BY_ACCOUNT)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        Ok(digest)
    }
}

impl Tx {
    /// Notes the digest of the hash with which the account is imported.
    ///
    /// # Errors
    ///
    /// `Conflict::Missing` without the account.
    pub async fn set_account_import(
        &mut self,
        id: AccountId,
        digest: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(self, PUT, id.to_string(), digest, at.as_millis())?;
        Ok(())
    }
}
