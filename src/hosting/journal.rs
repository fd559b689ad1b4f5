//! The transfer journal: written in batches beside the clients, queried by pages and the command line.
//!
//! Nobody who moves files waits for it. Rows wait in a queue for the one task that stores them, a quarter
//! of a second for others to join them, and longer only while the database does not take them. A row
//! that finds no place in the queue is written to the log in full and counted: it is missing in the
//! journal, but never silently.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::events::{Event, Events};
use crate::model::page::{BusyAccount, HourTraffic, JournalQuery};
use crate::model::{CustomerId, JournalEntry, Limit, TransferId, TransferResult};
use crate::store::{Db, StoreError};
use crate::telemetry::JournalTally;

/// A cheap handle on the journal.
#[derive(Clone, Debug)]
pub struct Journal {
    db: Db,
    rows: mpsc::Sender<Request>,
    hurry: Arc<Notify>,
    counts: Arc<Counts>,
}

/// The one task that writes the journal.
#[derive(Debug)]
pub struct JournalWriter {
    db: Db,
    events: Events,
    rows: mpsc::Receiver<Request>,
    hurry: Arc<Notify>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Request {
    Row(Box<JournalEntry>),
    /// Answered when everything handed over before is written.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug, Default)]
struct Counts {
    /// Rows that were given an id.
    made: AtomicU32,
    waiting: AtomicU64,
    lost: AtomicU64,
}

impl Journal {
    /// Rows that may wait for the writer.
    const QUEUE: usize = 8_192;
    /// Places in the queue that refused commands do not get: whoever sends a great many of them must
    /// not displace what others did.
    const KEPT_FREE: usize = Self::QUEUE / 4;
    /// Old rows that are removed in one transaction: some ten milliseconds in which nobody else writes.
    const STEP: u64 = 500;
    /// How long a reader waits for rows that are about to be stored.
    const FLUSH_WITHIN: Duration = Duration::from_secs(10);

    /// The journal, and the task that writes it.
    pub fn new(db: Db, events: Events) -> (Self, JournalWriter) {
        let (rows, waiting) = mpsc::channel(Self::QUEUE);
        let hurry = Arc::new(Notify::new());
        let counts = Arc::new(Counts::default());
        (
            Self {
                db: db.clone(),
                rows,
                hurry: Arc::clone(&hurry),
                counts: Arc::clone(&counts),
            },
            JournalWriter {
                db,
                events,
                rows: waiting,
                hurry,
                counts,
            },
        )
    }

    /// The id of a row about something that ended at `at`: ids are in the order of time, and within a
    /// millisecond in the order in which they were made.
    pub fn id(&self, at: Timestamp) -> TransferId {
        let mut random: [u8; 10] = rand::random();
        let number = self.counts.made.fetch_add(1, Ordering::Relaxed);
        // Where version and variant of the id leave room: 4, 8, 6 and 8 bits.
        let [high, middle, low, last] = [number >> 22, number >> 14, number >> 8, number]
            .map(|bits| u8::try_from(bits & 0xff).unwrap_or(0));
        if let Some(head) = random.first_chunk_mut() {
            *head = [high & 0x0f, middle, low & 0x3f, last];
        }
        TransferId::from_parts(u64::try_from(at.as_millis()).unwrap_or(0), random)
    }

    /// Hands a row to the writer. Never waits: what finds no place is written to the log and counted.
    pub fn record(&self, entry: JournalEntry) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        let is_noise = entry.result == TransferResult::Refused;
        if is_noise && self.rows.capacity() < Self::KEPT_FREE {
            self.counts.lose(&entry, "too many rows wait");
            return;
        }
        let (back, why) = match self.rows.try_send(Request::Row(Box::new(entry))) {
            Ok(()) => return,
            Err(TrySendError::Full(back)) => (back, "too many rows wait"),
            Err(TrySendError::Closed(back)) => (back, "the writer has stopped"),
        };
        if let Request::Row(entry) = back {
            self.counts.lose(&entry, why);
        }
    }

    /// Rows that wait, and rows that are missing.
    pub fn tally(&self) -> JournalTally {
        JournalTally {
            waiting: self.counts.waiting.load(Ordering::Relaxed),
            lost: self.counts.lost.load(Ordering::Relaxed),
        }
    }

    /// One page of rows, latest first. Rows handed over before are on it, if the database takes them
    /// in time.
    pub async fn page(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        if query.before.is_none() {
            self.flush().await;
        }
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

    /// Removes what is older than the customer's plan says, or than `days` where the plan says nothing
    /// or the customer is gone; tells how many rows. In steps, so that no writer waits long.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves the steps that are done.
    pub async fn shorten(&self, now: Timestamp, days: u32) -> Result<u64, StoreError> {
        let rules: HashMap<CustomerId, Limit> =
            self.db.journal_rules().await?.into_iter().collect();
        let mut removed = 0;
        let mut customer = None;
        while let Some((next, oldest)) = self.db.next_in_journal(customer).await? {
            let kept = rules.get(&next).copied().unwrap_or(Some(u64::from(days)));
            if let Some(before) = kept.map(|days| now.minus(days_long(days)))
                && oldest < TransferId::first_at(before)
            {
                removed += self.shorten_one(next, before).await?;
            }
            customer = Some(next);
        }
        Ok(removed)
    }

    async fn shorten_one(
        &self,
        customer: CustomerId,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let step = tx.delete_transfers(customer, before, Self::STEP).await?;
            tx.commit().await?;
            removed += step;
            if step < Self::STEP {
                return Ok(removed);
            }
        }
    }

    /// Waits until everything handed over before is written, ten seconds at most; tells whether it is.
    pub async fn flush(&self) -> bool {
        let flushing = async {
            let (done, written) = oneshot::channel();
            if self.rows.send(Request::Flush(done)).await.is_ok() {
                self.hurry.notify_one();
                // A writer that stops in between has nothing more to write.
                let _stopped = written.await;
            }
        };
        timeout(Self::FLUSH_WITHIN, flushing).await.is_ok()
    }
}

impl Counts {
    /// A row that is not stored: the log has it instead.
    fn lose(&self, entry: &JournalEntry, why: &str) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.lost.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            why,
            session.id = %entry.session_id,
            account.id = %entry.account_id,
            account.name = %entry.username,
            peer = %entry.ip,
            path = ?entry.path,
            target = ?entry.target,
            size_bytes = entry.bytes,
            offset_bytes = entry.offset,
            started_at_ms = entry.started_at.as_millis(),
            ended_at_ms = entry.ended_at.as_millis(),
            result = entry.result.as_str(),
            reason = %entry.reason,
            reply = entry.reply_code,
            "not in the journal: {}",
            entry.operation.as_str()
        );
    }

    fn stored(&self, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        self.waiting.fetch_sub(rows, Ordering::Relaxed);
    }
}

impl JournalWriter {
    /// Rows that are written in one transaction: some ten milliseconds.
    const BATCH: usize = 2_048;
    /// How long a row waits for others, unless somebody wants to read it: a transaction for every
    /// small file would cost more than the file.
    const GATHER: Duration = Duration::from_millis(250);
    /// Pause before a failed batch is tried again.
    const RETRY: Duration = Duration::from_secs(1);

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
            self.write(entries).await;
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

    /// Writes rows, however long the database takes to answer again.
    async fn write(&self, mut entries: Vec<JournalEntry>) {
        while !entries.is_empty() {
            let Err(error) = self.append(&entries).await else {
                self.stored(&entries);
                return;
            };
            tracing::error!(%error, rows = entries.len(), "journal rows wait to be written");
            if error.is_refusal() {
                entries = self.write_singly(entries).await;
            }
            if !entries.is_empty() {
                tokio::time::sleep(Self::RETRY).await;
            }
        }
    }

    /// Writes the rows one by one, so that one which cannot be stored does not keep out the others;
    /// returns those that are to be tried again.
    async fn write_singly(&self, entries: Vec<JournalEntry>) -> Vec<JournalEntry> {
        let mut again = Vec::new();
        for entry in entries {
            match self.append(std::slice::from_ref(&entry)).await {
                // It is there: an earlier try succeeded, and only the answer did not arrive.
                Ok(()) | Err(StoreError::Conflict(_)) => self.stored(&[entry]),
                Err(error) if error.is_refusal() => {
                    self.counts.lose(&entry, "the database refuses it");
                }
                Err(_) => again.push(entry),
            }
        }
        again
    }

    async fn append(&self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.append_transfers(entries).await?;
        let mut uploads = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.is_upload()) {
            let latest = uploads.entry(entry.account_id).or_insert(entry.ended_at);
            *latest = entry.ended_at.max(*latest);
        }
        tx.record_uploads(&uploads).await?;
        tx.commit().await
    }

    fn stored(&self, entries: &[JournalEntry]) {
        self.counts.stored(entries.len());
        for entry in entries {
            self.events.publish(Event::TransferEnded(entry.account_id));
        }
    }
}

fn days_long(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(86_400))
}
