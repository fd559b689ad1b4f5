//! Writes the ledger to the database in batches, and marks accounts before they are written to.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::book::{Change, Lift};
use super::ledger::Ledger;
use super::shared::MarkRequest;
use crate::clock::Clock;
use crate::hosting::traffic::{TrafficKeeper, TrafficLedger};
use crate::model::AccountId;
use crate::store::{Db, StoreError, UsageChange};

/// The one task that writes figures of usage and of traffic.
///
/// An account is marked in the database before its first change and unmarked once its figures are
/// written and nothing has been under way for a while. Whatever is marked when the service starts
/// was, or had just been, in the middle of something when it died, and is counted on disk again.
#[derive(Debug)]
pub struct Keeper {
    ledger: Ledger,
    traffic: TrafficKeeper,
    requests: mpsc::Receiver<MarkRequest>,
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Keeper {
    /// Figures are written this often.
    const PERIOD: Duration = Duration::from_millis(500);
    /// Mark requests that are answered by one transaction.
    const BATCH: usize = 256;

    /// Empty books and their keeper.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> (Ledger, Self) {
        let traffic = TrafficLedger::new(Arc::clone(&clock));
        let (ledger, requests) = Ledger::new(traffic.clone());
        (
            ledger.clone(),
            Self {
                ledger,
                traffic: TrafficKeeper::new(traffic, db.clone(), Arc::clone(&clock)),
                requests,
                db,
                clock,
            },
        )
    }

    /// Works until `stop`, then writes what is left and lifts every mark.
    pub async fn run(self, stop: CancellationToken) {
        // Beside each other: an upload waits for its mark, and nobody for figures of traffic.
        let traffic = self.traffic.clone();
        let traffic_stop = stop.child_token();
        let keep = async {
            self.keep(stop).await;
            traffic_stop.cancel();
        };
        tokio::join!(keep, traffic.run(traffic_stop.clone()));
    }

    async fn keep(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Self::PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(Self::BATCH);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                received = self.requests.recv_many(&mut batch, Self::BATCH) => {
                    if received == 0 {
                        break;
                    }
                    self.mark(&mut batch).await;
                }
                _ = tick.tick() => {
                    self.flush(Lift::Quiet).await;
                }
            }
        }
        self.flush(Lift::All).await;
    }

    /// What fills the books of traffic and writes them down.
    pub(super) fn traffic(&self) -> &TrafficKeeper {
        &self.traffic
    }

    /// Marks come before everything: an upload waits for each of them.
    async fn mark(&self, batch: &mut Vec<MarkRequest>) {
        let (ids, waiting): (Vec<AccountId>, Vec<oneshot::Sender<bool>>) = batch
            .drain(..)
            .map(|request| (request.account, request.done))
            .unzip();
        let result = self.write_marks(&ids).await;
        if let Err(error) = &result {
            tracing::error!(%error, "accounts could not be marked, so their uploads are refused");
        }
        for id in ids.iter().filter(|_| result.is_ok()) {
            self.ledger.set_marked(*id, true);
        }
        for done in waiting {
            // The upload may have been given up meanwhile.
            let _gone = done.send(result.is_ok());
        }
    }

    async fn flush(&self, lift: Lift) {
        let changes = self.ledger.take_changes(lift);
        if changes.is_empty() {
            return;
        }
        if let Err(error) = self.write(&changes).await {
            tracing::error!(%error, accounts = changes.len(), "usage waits to be written");
            self.ledger.put_back(&changes);
        }
    }

    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let rows: Vec<UsageChange> = changes
            .iter()
            .map(|change| UsageChange {
                account_id: change.account,
                usage: change.usage,
                dirty: change.busy,
            })
            .collect();
        let mut tx = self.db.begin().await?;
        tx.save_usage(&rows, self.clock.now()).await?;
        tx.commit().await
    }

    async fn write_marks(&self, ids: &[AccountId]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.mark_dirty(ids, self.clock.now()).await?;
        tx.commit().await
    }
}
