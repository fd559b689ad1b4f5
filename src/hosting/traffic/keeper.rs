//! Writes the ledger to the database in batches, and fills it at the start.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::TrafficLedger;
use crate::clock::{Clock, Timestamp};
use crate::store::{Db, StoreError, TrafficChange};

/// What writes traffic figures.
#[derive(Debug)]
pub struct TrafficKeeper {
    ledger: TrafficLedger,
    db: Db,
    clock: Arc<dyn Clock>,
}

impl TrafficKeeper {
    /// Periods that ended so long ago are forgotten.
    const MEMORY: Duration = Duration::from_hours(800 * 24);

    /// The keeper of these books.
    pub fn new(ledger: TrafficLedger, db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, db, clock }
    }

    /// Takes over what the database knows of the running periods; the accounts and customers must be in
    /// the books already.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the service must not start with figures that may be wrong.
    pub async fn restore(&self) -> Result<(), StoreError> {
        self.ledger.restore(&self.db.latest_traffic().await?);
        Ok(())
    }

    /// Writes what was moved since the last time; what cannot be written waits for the next.
    pub async fn flush(&self) {
        let changes = self.ledger.take_changes();
        if changes.is_empty() {
            return;
        }
        if let Err(error) = self.write(&changes, self.clock.now()).await {
            tracing::error!(%error, rows = changes.len(), "traffic waits to be written");
            self.ledger.put_back(&changes);
        }
    }

    async fn write(&self, changes: &[TrafficChange], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.save_traffic(changes, now).await?;
        let is_closed = |change: &TrafficChange| change.traffic.period.end <= now;
        if changes.iter().any(is_closed) {
            tx.forget_traffic(now.minus(Self::MEMORY)).await?;
        }
        tx.commit().await
    }
}
