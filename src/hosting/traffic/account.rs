//! The books as one account's sessions use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::UsedUp;
use super::shared::SharedPool;
use super::toll::Toll;
use crate::hosting::rates::Direction;
use crate::model::{AccountId, Limit, PeriodTraffic, Scope, Traffic};

/// The books as one account sees them.
#[derive(Clone, Debug)]
pub struct AccountTraffic {
    account: AccountId,
    pool: Arc<SharedPool>,
    is_counted: Arc<AtomicBool>,
}

impl AccountTraffic {
    pub(super) fn new(
        account: AccountId,
        pool: Arc<SharedPool>,
        is_counted: Arc<AtomicBool>,
    ) -> Self {
        Self {
            account,
            pool,
            is_counted,
        }
    }

    pub(super) fn pool(&self) -> &Arc<SharedPool> {
        &self.pool
    }

    /// Begins a transfer; `None` if there is no allowance that could end it, neither of the account nor
    /// of its customer. That costs a look at one flag.
    ///
    /// # Errors
    ///
    /// [`UsedUp`] if not one byte may be moved; the peer hears 450 before any 150.
    pub fn begin(&self, way: Direction) -> Result<Option<Arc<Toll>>, UsedUp> {
        if !self.is_counted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let now = self.pool.now();
        self.pool.lock().check(self.account, way, now)?;
        Ok(Some(self.toll(way, 0)))
    }

    /// The same for bytes to the client of which the first `exempt` are not counted; it begins even
    /// when nothing is left.
    pub fn begin_exempting(&self, exempt: u64) -> Option<Arc<Toll>> {
        let is_counted = self.is_counted.load(Ordering::Relaxed);
        is_counted.then(|| self.toll(Direction::Down, exempt))
    }

    /// What was moved in this period, by the account or by all of its customer, and what may be.
    pub fn figures(&self, scope: Scope) -> (PeriodTraffic, Traffic<Limit>) {
        let now = self.pool.now();
        self.pool.lock().figures(self.account, scope, now)
    }

    fn toll(&self, way: Direction, exempt: u64) -> Arc<Toll> {
        let toll = Toll::new(Arc::clone(&self.pool), (self.account, way), exempt);
        Arc::new(toll)
    }
}
