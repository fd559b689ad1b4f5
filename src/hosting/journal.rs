//! The transfer journal: written in batches, queried by pages.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::events::{Event, Events};
use crate::model::JournalEntry;
use crate::model::page::{BusyAccount, HourTraffic, JournalQuery};
use crate::store::{Db, StoreError};

/// A cheap handle on the journal.
#[derive(Clone, Debug)]
pub struct Journal {
    db: Db,
    rows: mpsc::Sender<Request>,
    hurry: Arc<Notify>,
}

/// The one task that writes the journal.
#[derive(Debug)]
pub struct JournalWriter {
    db: Db,
    events: Events,
    rows: mpsc::Receiver<Request>,
    hurry: Arc<Notify>,
}

#[derive(Debug)]
enum Request {
    Row(Box<JournalEntry>),
    /// Answered when everything handed over before is written.
    Flush(oneshot::Sender<()>),
}

impl Journal {
    /// Rows that may wait for the writer; then transfers wait for it.
    const QUEUE: usize = 8_192;
    /// Old rows that are removed in one transaction.
    const STEP: u64 = 5_000;

    /// The journal, and the task that writes it.
    pub fn new(db: Db, events: Events) -> (Self, JournalWriter) {
        let (rows, waiting) = mpsc::channel(Self::QUEUE);
        let hurry = Arc::new(Notify::new());
        (
            Self {
                db: db.clone(),
                rows,
                hurry: Arc::clone(&hurry),
            },
            JournalWriter {
                db,
                events,
                rows: waiting,
                hurry,
            },
        )
    }

    /// Hands a row to the writer. Waits only if the writer is far behind.
    ///
    /// # Cancel safety
    ///
    /// If this future is dropped, the row may not be written.
    pub async fn record(&self, entry: JournalEntry) {
        if self.rows.send(Request::Row(Box::new(entry))).await.is_err() {
            tracing::error!("a transfer is not in the journal: its writer has stopped");
        }
    }

    /// One page of rows, latest first. Rows handed over before are on it.
    pub async fn page(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        self.flush().await;
        self.db.transfers(query).await
    }

    /// Rows that match, counted up to `at_most`.
    pub async fn count(&self, query: &JournalQuery, at_most: u64) -> Result<u64, StoreError> {
        self.db.count_transfers(query, at_most).await
    }

    /// Bytes moved per hour since a moment.
    pub async fn traffic(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        self.flush().await;
        self.db.traffic_by_hour(since).await
    }

    /// The accounts that moved most since a moment.
    pub async fn busiest(
        &self,
        since: Timestamp,
        most: u64,
    ) -> Result<Vec<BusyAccount>, StoreError> {
        self.db.busiest_accounts(since, most).await
    }

    /// Removes rows that ended before `before`, in steps, so that no writer waits long; tells how
    /// many.
    pub async fn shorten(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let step = tx.delete_transfers_before(before, Self::STEP).await?;
            tx.commit().await?;
            removed += step;
            if step < Self::STEP {
                return Ok(removed);
            }
        }
    }

    /// Waits until everything handed over before is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.rows.send(Request::Flush(done)).await.is_ok() {
            self.hurry.notify_one();
            // A writer that stops in between has nothing more to write.
            let _stopped = written.await;
        }
    }
}

impl JournalWriter {
    /// Rows that are written in one transaction.
    const BATCH: usize = 512;
    /// How long a row waits for others, unless somebody wants to read it: a transaction for every
    /// small file would cost more than the file.
    const GATHER: Duration = Duration::from_millis(100);
    /// Pause before a failed batch is tried again.
    const RETRY: Duration = Duration::from_secs(1);
    /// Tries before a batch is given up.
    const TRIES: u32 = 30;

    /// Writes rows until every handle is gone, then what is left.
    pub async fn run(mut self) {
        let mut requests = Vec::with_capacity(Self::BATCH);
        while self.rows.recv_many(&mut requests, 1).await > 0 {
            self.gather(&mut requests).await;
            let mut entries = Vec::with_capacity(requests.len());
            let mut flushes = Vec::new();
            for request in requests.drain(..) {
                match request {
                    Request::Row(entry) => entries.push(*entry),
                    Request::Flush(done) => flushes.push(done),
                }
            }
            if !entries.is_empty() {
                self.write(&entries).await;
            }
            for done in flushes {
                // Whoever asked may have gone away.
                let _gone = done.send(());
            }
        }
    }

    /// Adds what arrives within a moment.
    async fn gather(&mut self, requests: &mut Vec<Request>) {
        let is_full = requests.len() + self.rows.len() >= Self::BATCH;
        if !is_full && matches!(requests.first(), Some(Request::Row(_))) {
            let _hurried = timeout(Self::GATHER, self.hurry.notified()).await;
        }
        while requests.len() < Self::BATCH
            && let Ok(request) = self.rows.try_recv()
        {
            requests.push(request);
        }
    }

    async fn write(&self, entries: &[JournalEntry]) {
        for _ in 0..Self::TRIES {
            match self.append(entries).await {
                Ok(()) => {
                    self.tell(entries);
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, rows = entries.len(), "journal rows wait to be written");
                    tokio::time::sleep(Self::RETRY).await;
                }
            }
        }
        tracing::error!(
            rows = entries.len(),
            "journal rows are lost: the database does not answer"
        );
    }

    async fn append(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.append_transfers(entries).await?;
        tx.commit().await
    }

    fn tell(&self, entries: &[JournalEntry]) {
        for entry in entries {
            self.events.publish(Event::TransferEnded(entry.account_id));
        }
    }
}
