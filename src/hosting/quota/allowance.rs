//! The books as one account's sessions use them: reserve, be granted, settle.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::book::{Limits, signed};
use super::error::QuotaError;
use super::pool::{Grant, Pool};
use super::shared::{MarkRequest, SharedPool};
use crate::model::{AccountId, Limit, Scope, Usage};
use crate::vfs::Removed;

/// The books as one account sees them.
#[derive(Clone, Debug)]
pub struct AccountQuota {
    pub(super) account: AccountId,
    pub(super) pool: Arc<SharedPool>,
    pub(super) marks: mpsc::Sender<MarkRequest>,
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
    /// Where in the file the upload begins, in bytes.
    pub offset: u64,
    /// Bytes that the whole file may have.
    pub largest: Limit,
}

/// Room that an upload has been promised. Dropping it gives back what was not settled.
#[derive(Debug)]
pub struct Allowance {
    holder: u64,
    pub(super) quota: AccountQuota,
    available: u64,
    /// Bytes of the file so far.
    size: u64,
    largest: Limit,
    is_open: bool,
}

/// Answers for an [`Allowance`] at the moment of its end.
#[derive(Clone, Debug)]
pub struct Cover {
    holder: u64,
    quota: AccountQuota,
}

impl AccountQuota {
    pub(super) fn new(
        account: AccountId,
        pool: Arc<SharedPool>,
        marks: mpsc::Sender<MarkRequest>,
    ) -> Self {
        Self {
            account,
            pool,
            marks,
        }
    }

    /// Reserves room for an upload before its first byte is written. No byte is granted yet; ask the
    /// [`Allowance`] for them when they have arrived.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Bytes`] if not one more byte fits or not as many as were announced,
    /// [`QuotaError::Files`] if a new file does not fit, [`QuotaError::FileSize`] if more was announced
    /// than a file may have; the peer hears 552 before any 150.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves no reservation behind.
    pub async fn reserve(&self, wanted: Reservation) -> Result<Allowance, QuotaError> {
        let size = wanted.offset.saturating_add(wanted.expected.unwrap_or(0));
        if let Some(limit_bytes) = wanted.largest.filter(|largest| size > *largest) {
            return Err(QuotaError::FileSize { limit_bytes });
        }
        let _until_held = self.begin_change().await?;
        let mut books = self.pool.lock();
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
            size: wanted.offset,
            largest: wanted.largest,
            is_open: true,
        })
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
        self.pool.lock().headroom(self.account)
    }

    /// What the account uses.
    pub fn usage(&self) -> Usage {
        self.pool.lock().account_usage(self.account)
    }

    /// What the customer's accounts use together.
    pub fn pool_usage(&self) -> Usage {
        self.pool.lock().usage()
    }

    /// The limits of `scope`.
    pub fn limits(&self, scope: Scope) -> Limits {
        self.pool.lock().limit(scope, self.account)
    }

    /// One step under one lock: a reservation that ends and the bytes it became are never both
    /// missing from the books.
    fn book(&self, holder: Option<u64>, gone: Option<Removed>, bytes: i64, files: i64) -> Usage {
        let mut books = self.pool.lock();
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
    const CONTENTION_WAIT: Duration = Duration::from_secs(5);

    /// Bytes granted and not taken yet.
    pub fn available(&self) -> u64 {
        self.available.min(self.rest_of_file())
    }

    /// Makes sure that at least one byte is granted, and up to `want` if they fit; tells how many
    /// are available. Call it with bytes in hand: asking in advance would refuse a file that ends
    /// exactly at the limit.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Bytes`] if not one more byte fits, [`QuotaError::FileSize`] if the file is as
    /// large as a file may be.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing that was granted before.
    pub async fn extend(&mut self, want: u64) -> Result<u64, QuotaError> {
        let rest = self.rest_of_file();
        if let Some(limit_bytes) = self.largest.filter(|_| rest == 0 && want > 0) {
            return Err(QuotaError::FileSize { limit_bytes });
        }
        let want = want.min(rest);
        if self.available >= want {
            return Ok(self.available());
        }
        match tokio::time::timeout(Self::CONTENTION_WAIT, self.grant(want - self.available)).await {
            Ok(granted) => {
                self.available += granted?;
                Ok(self.available())
            }
            Err(_) if self.available > 0 => Ok(self.available()),
            Err(_) => Err(self.refused(Scope::Account)),
        }
    }

    /// Corrects where in the file the upload begins, in bytes; before anything is taken.
    pub fn begins_at(&mut self, offset: u64) {
        self.size = offset;
    }

    /// The last word on whether the file may be put in its place, for the moment in which it is.
    pub fn cover(&self) -> Cover {
        Cover {
            holder: self.holder,
            quota: self.quota.clone(),
        }
    }

    /// Takes `bytes` of what is available, just before they are written.
    pub fn take(&mut self, bytes: u64) {
        debug_assert!(
            bytes <= self.available,
            "bytes are granted before they are written"
        );
        self.available = self.available.saturating_sub(bytes);
        self.size = self.size.saturating_add(bytes);
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

    /// Bytes that the file may still grow by.
    fn rest_of_file(&self) -> u64 {
        let rest = |largest: u64| largest.saturating_sub(self.size);
        self.largest.map_or(u64::MAX, rest)
    }

    async fn grant(&self, want: u64) -> Result<u64, QuotaError> {
        loop {
            let freed = self.quota.pool.freed.notified();
            tokio::pin!(freed);
            // Registered before the books are read, so that nothing freed in between is missed.
            freed.as_mut().enable();
            let answer = self.quota.pool.lock().grant(self.holder, want);
            match answer {
                Grant::Granted(bytes) => return Ok(bytes),
                Grant::Refused(_) if self.available > 0 => return Ok(0),
                Grant::Refused(scope) => return Err(self.refused(scope)),
                Grant::Wait(_) if self.available > 0 => {
                    self.quota.pool.lock().stop_waiting(self.holder);
                    return Ok(0);
                }
                Grant::Wait(_) => freed.await,
            }
        }
    }

    fn refused(&self, scope: Scope) -> QuotaError {
        let mut books = self.quota.pool.lock();
        books.stop_waiting(self.holder);
        self.quota.refusal(&books, scope, 0)
    }

    fn close(&mut self) {
        if self.is_open {
            self.is_open = false;
            self.quota.pool.lock().release(self.holder);
            self.quota.pool.freed.notify_waiters();
        }
    }
}

impl Cover {
    /// Whether `size` bytes may now take the place of `replaced`. Ask it under the lock under which
    /// the file is put there.
    pub fn allows(&self, size: u64, replaced: Option<Removed>) -> bool {
        let freed = replaced.map(|file| file.bytes);
        self.quota.pool.lock().cover(self.holder, size, freed)
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        self.close();
    }
}
