//! Marks that the service leaves for its next start.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::statements::queries;

queries! {
    BY_KEY = "SELECT value FROM service_fact WHERE key = $1";
    PUT = "
        INSERT INTO service_fact (key, value) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    DELETE = "DELETE FROM service_fact WHERE key = $1";
}

impl Db {
    /// The mark `key`.
    pub async fn service_fact(&self, key: &str) -> Result<Option<String>, StoreError> {
        let value = on_reader!(self, |pool| sqlx::query_scalar(BY_KEY)
            .bind(key)
            .fetch_optional(pool)
            .await)?;
        Ok(value)
    }
}

impl Tx {
    /// Sets the mark `key`.
    pub async fn set_service_fact(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        execute!(self, PUT, key, value)?;
        Ok(())
    }

    /// Removes the mark `key`; `false` if it was not there.
    pub async fn delete_service_fact(&mut self, key: &str) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, key)?;
        Ok(affected > 0)
    }
}
