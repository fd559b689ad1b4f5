//! The ledger: who uses and who has reserved how much. In memory, authoritative for this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

pub use super::pool::Limits;
use super::pool::{Change, Grant, Pool};
use crate::model::{AccountId, ByteSize, CustomerId, Limit, Scope, Usage};
use crate::vfs::Removed;

/// A cheap handle on the books of all customers.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pools: Mutex<HashMap<CustomerId, Arc<SharedPool>>>,
    accounts: Mutex<HashMap<AccountId, Arc<SharedPool>>>,
    marks: mpsc::Sender<MarkRequest>,
}

#[derive(Debug, Default)]
struct SharedPool {
    books: Mutex<Pool>,
    freed: Notify,
}

/// A wish to have an account marked as being written to, before its first byte is.
#[derive(Debug)]
pub(super) struct MarkRequest {
    pub(super) account: AccountId,
    pub(super) done: oneshot::Sender<bool>,
}

/// The books as one account sees them.
#[derive(Clone, Debug)]
pub struct AccountQuota {
    account: AccountId,
    pool: Arc<SharedPool>,
    marks: mpsc::Sender<MarkRequest>,
}

/// What an upload wants to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reservation {
    /// The file that will be replaced: its size counts as free for this upload.
    pub replaced: Option<Removed>,
    /// Whether the upload makes a file that was not there.
    pub new_file: bool,
    /// Bytes the client announced (`ALLO`), if it did.
    pub expected: Option<u64>,
}

/// Room that an upload has been promised. Dropping it gives back what was not settled.
#[derive(Debug)]
pub struct Allowance {
    holder: u64,
    quota: AccountQuota,
    available: u64,
    is_open: bool,
}

/// A change of the account's files that is under way. Drop it when the change is booked.
#[derive(Debug)]
#[must_use = "the change is under way as long as this lives"]
pub struct OpenChange {
    quota: AccountQuota,
}

/// What can go wrong with a quota.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuotaError {
    /// Not one more byte fits, or not as many as were announced.
    #[error("storage limit of the {} reached: {} of {} free", words(*.scope), ByteSize(*.free_bytes), ByteSize(*.limit_bytes))]
    Bytes {
        /// Whose limit.
        scope: Scope,
        /// Bytes that were still free, the replaced file included.
        free_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// Not one more file fits.
    #[error("file limit of the {} reached: {limit_files} files", words(*.scope))]
    Files {
        /// Whose limit.
        scope: Scope,
        /// The limit.
        limit_files: u64,
    },
    /// The account was deleted meanwhile, or the database could not note that it is written to.
    #[error("quota ledger unavailable")]
    Unavailable,
}

impl Ledger {
    /// Mark requests that may wait for the keeper.
    const MARK_QUEUE: usize = 1_024;

    /// Empty books, and the mark requests for the keeper.
    pub(super) fn new() -> (Self, mpsc::Receiver<MarkRequest>) {
        let (marks, requests) = mpsc::channel(Self::MARK_QUEUE);
        let shared = Shared {
            pools: Mutex::default(),
            accounts: Mutex::default(),
            marks,
        };
        (Self(Arc::new(shared)), requests)
    }

    /// Sets the limits of a customer's pool.
    pub fn set_pool_limits(&self, customer: CustomerId, limits: Limits) {
        let pool = self.pool(customer);
        lock(&pool.books).set_limits(limits);
        pool.freed.notify_waiters();
    }

    /// Adds an account, or sets the limits of one that is known. `usage` replaces what is booked.
    pub fn set_account(
        &self,
        customer: CustomerId,
        account: AccountId,
        limits: Limits,
        usage: Option<Usage>,
    ) {
        let pool = self.pool(customer);
        lock(&pool.books).set_account(account, limits, usage);
        pool.freed.notify_waiters();
        lock(&self.0.accounts).insert(account, pool);
    }

    /// Books what a walk over the account's home found.
    pub fn recounted(&self, account: AccountId, usage: Usage) {
        if let Some(pool) = self.pool_of(account) {
            lock(&pool.books).recounted(account, usage);
            pool.freed.notify_waiters();
        }
    }

    /// Forgets a deleted account; its files no longer count in the customer's pool.
    pub fn remove_account(&self, account: AccountId) {
        if let Some(pool) = lock(&self.0.accounts).remove(&account) {
            lock(&pool.books).remove_account(account);
            pool.freed.notify_waiters();
        }
    }

    /// The books as `account` sees them; `None` if it is not known.
    pub fn quota(&self, account: AccountId) -> Option<AccountQuota> {
        let pool = self.pool_of(account)?;
        Some(AccountQuota {
            account,
            pool,
            marks: self.0.marks.clone(),
        })
    }

    /// What an account uses.
    pub fn usage(&self, account: AccountId) -> Usage {
        self.pool_of(account).map_or_else(Usage::default, |pool| {
            lock(&pool.books).account_usage(account)
        })
    }

    /// What all accounts of a customer use together.
    pub fn pool_usage(&self, customer: CustomerId) -> Usage {
        let pool = lock(&self.0.pools).get(&customer).cloned();
        pool.map_or_else(Usage::default, |pool| lock(&pool.books).usage())
    }

    /// What all accounts use together.
    pub fn total_usage(&self) -> Usage {
        let mut total = Usage::default();
        for pool in self.all_pools() {
            let usage = lock(&pool.books).usage();
            total.bytes = total.bytes.saturating_add(usage.bytes);
            total.files = total.files.saturating_add(usage.files);
        }
        total
    }

    /// What the database does not know yet.
    pub(super) fn take_changes(&self) -> Vec<Change> {
        self.all_pools()
            .iter()
            .flat_map(|pool| lock(&pool.books).take_changes())
            .collect()
    }

    /// The changes could not be written; they are due again.
    pub(super) fn put_back(&self, changes: &[Change]) {
        for change in changes {
            if let Some(pool) = self.pool_of(change.account) {
                lock(&pool.books).put_back(change.account);
            }
        }
    }

    pub(super) fn set_marked(&self, account: AccountId, marked: bool) {
        if let Some(pool) = self.pool_of(account) {
            lock(&pool.books).set_marked(account, marked);
        }
    }

    fn all_pools(&self) -> Vec<Arc<SharedPool>> {
        lock(&self.0.pools).values().cloned().collect()
    }

    fn pool(&self, customer: CustomerId) -> Arc<SharedPool> {
        Arc::clone(lock(&self.0.pools).entry(customer).or_default())
    }

    fn pool_of(&self, account: AccountId) -> Option<Arc<SharedPool>> {
        lock(&self.0.accounts).get(&account).cloned()
    }
}

impl AccountQuota {
    /// Reserves room for an upload before its first byte is written. No byte is granted yet; ask the
    /// [`Allowance`] for them when they have arrived.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Bytes`] if not one more byte fits or not as many as were announced,
    /// [`QuotaError::Files`] if a new file does not fit; the peer hears 552 before any 150.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves no reservation behind.
    pub async fn reserve(&self, wanted: Reservation) -> Result<Allowance, QuotaError> {
        let _until_held = self.begin_change().await?;
        let mut books = lock(&self.pool.books);
        if !books.knows(self.account) {
            return Err(QuotaError::Unavailable);
        }
        if wanted.new_file
            && let Some(scope) = books.full_of_files(self.account)
        {
            let limit_files = books.limit(scope, self.account).files.unwrap_or(0);
            return Err(QuotaError::Files { scope, limit_files });
        }
        let replaced = wanted.replaced.map(|file| (file.key, file.bytes));
        let credit = replaced.map_or(0, |(key, bytes)| books.credit_for(self.account, key, bytes));
        // An empty file may always replace another one; anything else needs at least one byte.
        let needed = wanted
            .expected
            .unwrap_or_else(|| u64::from(replaced.is_none()));
        if let Some((scope, free_bytes)) = books.short_of(self.account, needed, credit) {
            return Err(self.refusal(&books, scope, free_bytes));
        }
        let holder = books.hold(self.account, replaced, u64::from(wanted.new_file));
        drop(books);
        Ok(Allowance {
            holder,
            quota: self.clone(),
            available: 0,
            is_open: true,
        })
    }

    /// Tells the database that the account is about to be changed, unless it knows. Every deletion,
    /// replacement and truncation holds such a guard until it is booked, so that a crash in between
    /// leaves the account to be counted again.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves nothing but, perhaps, a mark that the keeper lifts again.
    pub async fn begin_change(&self) -> Result<OpenChange, QuotaError> {
        let is_marked = {
            let mut books = lock(&self.pool.books);
            books.open_change(self.account);
            books.is_marked(self.account)
        };
        let open = OpenChange {
            quota: self.clone(),
        };
        if is_marked {
            return Ok(open);
        }
        let (done, marked) = oneshot::channel();
        let request = MarkRequest {
            account: self.account,
            done,
        };
        self.marks
            .send(request)
            .await
            .map_err(|_| QuotaError::Unavailable)?;
        match marked.await {
            Ok(true) => Ok(open),
            _ => Err(QuotaError::Unavailable),
        }
    }

    /// Books a deleted file, or one that a rename replaced.
    pub fn removed(&self, file: Removed) {
        self.book(None, Some(file), 0, 0);
    }

    /// Books bytes that a truncation freed in place.
    pub fn shrunk(&self, bytes: u64) {
        self.book(None, None, -signed(bytes), 0);
    }

    /// Bytes that could still be stored, all uploads under way deducted; `None` = no limit.
    pub fn headroom(&self) -> Limit {
        lock(&self.pool.books).headroom(self.account)
    }

    /// What the account uses.
    pub fn usage(&self) -> Usage {
        lock(&self.pool.books).account_usage(self.account)
    }

    /// What the customer's accounts use together.
    pub fn pool_usage(&self) -> Usage {
        lock(&self.pool.books).usage()
    }

    /// The limits of `scope`.
    pub fn limits(&self, scope: Scope) -> Limits {
        lock(&self.pool.books).limit(scope, self.account)
    }

    /// One step under one lock: a reservation that ends and the bytes it became are never both
    /// missing from the books.
    fn book(&self, holder: Option<u64>, gone: Option<Removed>, bytes: i64, files: i64) -> Usage {
        let mut books = lock(&self.pool.books);
        if let Some(holder) = holder {
            books.release(holder);
        }
        let (freed_bytes, freed_files) = gone.map_or((0, 0), |file| (signed(file.bytes), 1));
        books.add(self.account, bytes - freed_bytes, files - freed_files);
        if let Some(file) = gone {
            books.forget_credit(self.account, file.key);
        }
        let usage = books.account_usage(self.account);
        drop(books);
        self.pool.freed.notify_waiters();
        usage
    }

    fn refusal(&self, books: &Pool, scope: Scope, free_bytes: u64) -> QuotaError {
        let limit_bytes = books.limit(scope, self.account).bytes.unwrap_or(u64::MAX);
        QuotaError::Bytes {
            scope,
            free_bytes,
            limit_bytes,
        }
    }
}

impl Allowance {
    /// Longest wait for a younger upload to give back what it holds.
    const CONTENTION_WAIT: Duration = Duration::from_secs(30);

    /// Bytes granted and not taken yet.
    pub fn available(&self) -> u64 {
        self.available
    }

    /// Makes sure that at least one byte is granted, and up to `want` if they fit; tells how many
    /// are available. Call it with bytes in hand: asking in advance would refuse a file that ends
    /// exactly at the limit.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Bytes`] if not one more byte fits.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing that was granted before.
    pub async fn extend(&mut self, want: u64) -> Result<u64, QuotaError> {
        if self.available >= want {
            return Ok(self.available);
        }
        match tokio::time::timeout(Self::CONTENTION_WAIT, self.grant(want - self.available)).await {
            Ok(granted) => {
                self.available += granted?;
                Ok(self.available)
            }
            Err(_) if self.available > 0 => Ok(self.available),
            Err(_) => Err(self.refused(Scope::Account)),
        }
    }

    /// Takes `bytes` of what is available, just before they are written.
    pub fn take(&mut self, bytes: u64) {
        debug_assert!(
            bytes <= self.available,
            "bytes are granted before they are written"
        );
        self.available = self.available.saturating_sub(bytes);
    }

    /// Books a file that now stands under its name with `stored` bytes in all, and what it replaced
    /// at that moment.
    pub fn settle(mut self, stored: u64, replaced: Option<Removed>) -> Usage {
        self.is_open = false;
        self.quota
            .book(Some(self.holder), replaced, signed(stored), 1)
    }

    /// Books `added` bytes that were written in place to a file that was there before.
    pub fn settle_in_place(mut self, added: u64) -> Usage {
        self.is_open = false;
        self.quota.book(Some(self.holder), None, signed(added), 0)
    }

    async fn grant(&self, want: u64) -> Result<u64, QuotaError> {
        loop {
            let freed = self.quota.pool.freed.notified();
            tokio::pin!(freed);
            // Registered before the books are read, so that nothing freed in between is missed.
            freed.as_mut().enable();
            let answer = lock(&self.quota.pool.books).grant(self.holder, want);
            match answer {
                Grant::Granted(bytes) => return Ok(bytes),
                Grant::Refused(_) if self.available > 0 => return Ok(0),
                Grant::Refused(scope) => return Err(self.refused(scope)),
                Grant::Wait(_) if self.available > 0 => {
                    lock(&self.quota.pool.books).stop_waiting(self.holder);
                    return Ok(0);
                }
                Grant::Wait(_) => freed.await,
            }
        }
    }

    fn refused(&self, scope: Scope) -> QuotaError {
        let mut books = lock(&self.quota.pool.books);
        books.stop_waiting(self.holder);
        self.quota.refusal(&books, scope, 0)
    }

    fn close(&mut self) {
        if self.is_open {
            self.is_open = false;
            lock(&self.quota.pool.books).release(self.holder);
            self.quota.pool.freed.notify_waiters();
        }
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        self.close();
    }
}

impl Drop for OpenChange {
    fn drop(&mut self) {
        lock(&self.quota.pool.books).close_change(self.quota.account);
    }
}

fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::Account => "account",
        Scope::Customer => "customer",
    }
}

/// A poisoned lock still guards plain numbers that were written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
