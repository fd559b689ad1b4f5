//! The audit log: who changed what. Entries are written in the same transaction as the change, so
//! this room only reads, and notes the few deeds that change nothing stored.

use crate::clock::Timestamp;
use crate::hosting::foundation::{Deed, Foundation};
use crate::model::page::AuditQuery;
use crate::model::{Actor, AuditAction, AuditEvent};
use crate::store::StoreError;

/// A cheap handle on the audit log.
#[derive(Clone, Debug)]
pub struct Audit(Foundation);

impl Audit {
    /// Old entries that are removed in one transaction.
    const STEP: u64 = 5_000;

    /// The audit log over this foundation.
    pub fn new(foundation: Foundation) -> Self {
        Self(foundation)
    }

    /// One page of entries, latest first.
    pub async fn page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.0.db.audit_events(query).await
    }

    /// Removes entries from before `before`, in steps, so that no writer waits long; tells how many.
    pub async fn shorten(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut tx = self.0.db.begin().await?;
            let step = tx.delete_audit_before(before, Self::STEP).await?;
            tx.commit().await?;
            removed += step;
            if step < Self::STEP {
                return Ok(removed);
            }
        }
    }

    /// Notes something that was done to a live session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be written.
    pub async fn note(
        &self,
        actor: &Actor,
        action: AuditAction,
        object: &str,
        object_id: String,
    ) -> Result<(), StoreError> {
        let mut tx = self.0.db.begin().await?;
        let deed = Deed {
            action,
            object,
            object_id,
            changes: Vec::new(),
        };
        self.0.audit(&mut tx, actor, deed).await?;
        tx.commit().await
    }
}
