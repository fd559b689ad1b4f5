//! The audit log: who changed what. Entries are written in the same transaction as the change.

use crate::model::AuditEvent;
use crate::model::page::AuditQuery;
use crate::store::StoreError;

/// A cheap handle on the audit log.
#[derive(Clone, Debug)]
pub struct Audit;

impl Audit {
    /// One page of entries, latest first.
    pub async fn page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        todo!()
    }
}
