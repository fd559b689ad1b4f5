//! What every rule needs: the database, the time, the news bus, new ids and audit entries.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::events::{Event, Events};
use crate::model::{Actor, AuditAction, AuditEvent, ByteSize, Limit, Override};
use crate::store::{Db, StoreError, Tx};

/// The ground that the services stand on; a clone is cheap.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The news bus.
    pub events: Events,
}

/// What an audit entry says besides who and when.
#[derive(Clone, Debug)]
pub(super) struct Deed<'a> {
    pub(super) action: AuditAction,
    pub(super) object: &'a str,
    pub(super) object_id: String,
    pub(super) changes: Vec<(String, String, String)>,
}

impl Foundation {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }

    /// The two ingredients of a new id: the time in milliseconds, and random bytes.
    pub fn id_parts(&self) -> (u64, [u8; 10]) {
        (
            u64::try_from(self.now().as_millis()).unwrap_or(0),
            rand::random(),
        )
    }

    /// Tells everybody, after the change is committed.
    pub(super) fn publish(&self, event: Event) {
        self.events.publish(event);
    }

    /// Appends an audit entry to the transaction of the change it describes.
    pub(super) async fn audit(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        deed: Deed<'_>,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            seq: 0,
            at: self.now(),
            admin_id: actor.admin_id,
            actor: actor.name.clone(),
            ip: actor.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            action: deed.action,
            object: deed.object.to_owned(),
            object_id: deed.object_id,
            changes: deed.changes,
        };
        tx.append_audit(&event).await.map(drop)
    }
}

/// Names the fields that differ: name, value before, value after.
pub(super) fn differences(
    fields: impl IntoIterator<Item = (&'static str, String, String)>,
) -> Vec<(String, String, String)> {
    fields
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| (name.to_owned(), before, after))
        .collect()
}

/// An override in the words of the audit log.
pub(super) fn override_words(own: Override, show: fn(u64) -> String) -> String {
    match own {
        Override::Inherit => "from plan".to_owned(),
        Override::Own(limit) => limit_words(limit, show),
    }
}

/// A limit in the words of the audit log.
pub(super) fn limit_words(limit: Limit, show: fn(u64) -> String) -> String {
    limit.map_or_else(|| "no limit".to_owned(), show)
}

/// Shows a limit of bytes.
pub(super) fn bytes(value: u64) -> String {
    ByteSize(value).to_string()
}

/// Shows a limit of anything else.
pub(super) fn number(value: u64) -> String {
    value.to_string()
}
