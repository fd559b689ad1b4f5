//! Marks that the service leaves for its next start.

use super::db::{Db, Tx};
use super::error::StoreError;

impl Db {
    /// The mark `key`.
    pub async fn service_fact(&self, key: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Sets the mark `key`.
    pub async fn set_service_fact(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// Removes the mark `key`; `false` if it was not there.
    pub async fn delete_service_fact(&mut self, key: &str) -> Result<bool, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
