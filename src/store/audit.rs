//! The audit log.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::model::{AuditEvent, AuditQuery};

impl Db {
    /// The entries that match, latest first.
    pub async fn audit_events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Appends an entry and returns its number; `event.seq` is ignored.
    pub async fn append_audit(&mut self, event: &AuditEvent) -> Result<i64, StoreError> {
        todo!()
    }

    /// Removes entries from before `before` and returns how many there were.
    pub async fn delete_audit_before(
        &mut self,
        before: crate::clock::Timestamp,
    ) -> Result<u64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
