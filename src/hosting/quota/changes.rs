//! Changes that are under way, between the disk and the books, and moments of rest, in which there are
//! none.

use tokio::sync::oneshot;

use super::allowance::{AccountQuota, Allowance};
use super::error::QuotaError;
use super::pool::Pool;
use super::shared::MarkRequest;
use crate::model::AccountId;

/// A change of the account's files that is under way. Drop it when the change is booked.
#[derive(Debug)]
#[must_use = "the change is under way as long as this lives"]
pub struct OpenChange {
    quota: AccountQuota,
}

/// A moment in which nothing of the account changes. Drop it soon.
#[derive(Debug)]
#[must_use = "changes wait only as long as this lives"]
pub struct Rest {
    quota: AccountQuota,
}

impl Pool {
    /// Counts a change that is under way, so that the account's mark is not lifted meanwhile.
    pub(super) fn open_change(&mut self, id: AccountId) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.open_changes += 1;
        }
    }

    /// Whether changes of the account must wait.
    pub(super) fn is_resting(&self, id: AccountId) -> bool {
        self.accounts
            .get(&id)
            .is_some_and(|account| account.rests > 0)
    }

    /// Lets further changes of the account wait, or goes on with them.
    pub(super) fn rest(&mut self, id: AccountId, begins: bool) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.rests = if begins {
                account.rests.saturating_add(1)
            } else {
                account.rests.saturating_sub(1)
            };
        }
    }

    /// Whether a change of the account is under way.
    pub(super) fn is_changing(&self, id: AccountId) -> bool {
        self.accounts
            .get(&id)
            .is_some_and(|account| account.open_changes > 0)
    }

    pub(super) fn close_change(&mut self, id: AccountId) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.open_changes = account.open_changes.saturating_sub(1);
        }
    }
}

impl AccountQuota {
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
        let open = self.until_booked().await;
        if self.pool.lock().is_marked(self.account) {
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

    /// Holds off whoever compares the books with the disk, until what happens on the disk is booked; for
    /// the end of an upload, whose account is marked already. Waits while somebody compares.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves nothing.
    pub async fn until_booked(&self) -> OpenChange {
        loop {
            let rested = self.pool.freed.notified();
            tokio::pin!(rested);
            // Registered before the books are read, so that no end is missed.
            rested.as_mut().enable();
            {
                let mut books = self.pool.lock();
                if !books.is_resting(self.account) {
                    books.open_change(self.account);
                    return OpenChange {
                        quota: self.clone(),
                    };
                }
            }
            rested.await;
        }
    }

    /// Waits until every change of the account is booked, and lets further ones wait as long as the
    /// answer lives: keep it for a moment only.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future lets the changes go on.
    pub async fn rest(&self) -> Rest {
        self.pool.lock().rest(self.account, true);
        let rest = Rest {
            quota: self.clone(),
        };
        loop {
            let booked = self.pool.freed.notified();
            tokio::pin!(booked);
            booked.as_mut().enable();
            if !self.pool.lock().is_changing(self.account) {
                return rest;
            }
            booked.await;
        }
    }
}

impl Allowance {
    /// As [`AccountQuota::until_booked`], for the end of this upload.
    pub async fn until_booked(&self) -> OpenChange {
        self.quota.until_booked().await
    }
}

impl Drop for OpenChange {
    fn drop(&mut self) {
        let mut books = self.quota.pool.lock();
        books.close_change(self.quota.account);
        let somebody_waits = books.is_resting(self.quota.account);
        drop(books);
        if somebody_waits {
            self.quota.pool.freed.notify_waiters();
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.quota.pool.lock().rest(self.quota.account, false);
        self.quota.pool.freed.notify_waiters();
    }
}
