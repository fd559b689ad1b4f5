//! The books of one customer behind their lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pool::Pool;
use crate::clock::{Clock, Timestamp};
use crate::model::CustomerId;

#[derive(Debug)]
pub(super) struct SharedPool {
    books: Mutex<Pool>,
    clock: Arc<dyn Clock>,
}

impl SharedPool {
    pub(super) fn new(customer: CustomerId, clock: Arc<dyn Clock>) -> Self {
        let books = Mutex::new(Pool::new(customer, clock.now()));
        Self { books, clock }
    }

    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The books, for a few sums. A poisoned lock still guards plain numbers that were written in
    /// one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, Pool> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
