//! Writes the ledger to the database in batches, and fills it at the start.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::ledger::TrafficLedger;
use crate::clock::{Clock, Timestamp};
use crate::store::{Db, StoreError, TrafficChange};

/// What writes traffic figures. Clones write for the same ledger.
#[derive(Clone, Debug)]
pub struct TrafficKeeper {
    ledger: TrafficLedger,
    db: Db,
    clock: Arc<dyn Clock>,
}

impl TrafficKeeper {
    /// Figures are written this often.
    const PERIOD: Duration = Duration::from_millis(500);
    /// Periods that ended so long ago are forgotten.
    const MEMORY: Duration = Duration::from_hours(800 * 24);
    /// How often that is looked for.
    const FORGET_EVERY: Duration = Duration::from_hours(24);

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

    /// Works until `stop`, then writes what is left.
    pub async fn run(&self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Self::PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut forget = tokio::time::interval(Self::FORGET_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => self.flush().await,
                _ = forget.tick() => self.forget().await,
            }
        }
        self.flush().await;
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
        tx.commit().await
    }

    /// Removes periods that ended long ago; what cannot be removed now is tried again tomorrow.
    pub async fn forget(&self) {
        if let Err(error) = self.remove_old().await {
            tracing::warn!(%error, "old traffic figures stay another day");
        }
    }

    async fn remove_old(&self) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.forget_traffic(self.clock.now().minus(Self::MEMORY))
            .await?;
        tx.commit().await
    }
}
