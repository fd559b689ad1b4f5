//! The books of one customer behind their lock, and what waits for them to change.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::pool::Pool;
use crate::model::AccountId;

#[derive(Debug, Default)]
pub(super) struct SharedPool {
    pub(super) books: Mutex<Pool>,
    pub(super) freed: Notify,
}

/// A wish to have an account marked as being written to, before its first byte is.
#[derive(Debug)]
pub(super) struct MarkRequest {
    pub(super) account: AccountId,
    pub(super) done: oneshot::Sender<bool>,
}

impl SharedPool {
    /// The books, for a few sums. A poisoned lock still guards plain numbers that were written in
    /// one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, Pool> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
