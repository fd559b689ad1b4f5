//! What one transfer has been granted and has moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::UsedUp;
use super::shared::SharedPool;
use crate::hosting::rates::Direction;
use crate::model::AccountId;

/// The right of one transfer to move bytes. One task at a time moves them; others may look at what was
/// counted. Dropping it gives back what was not moved.
#[derive(Debug)]
pub struct Toll {
    number: u64,
    pool: Arc<SharedPool>,
    granted: AtomicU64,
    moved: Arc<AtomicU64>,
    exempt: AtomicU64,
}

impl Toll {
    pub(super) fn new(
        pool: Arc<SharedPool>,
        (account, way): (AccountId, Direction),
        exempt: u64,
    ) -> Self {
        let moved = Arc::new(AtomicU64::new(0));
        let number = pool.lock().begin(account, way, Arc::clone(&moved));
        Self {
            number,
            pool,
            granted: AtomicU64::new(0),
            moved,
            exempt: AtomicU64::new(exempt),
        }
    }

    /// How many of `want` bytes may be moved now: at least one, if one is wanted. Those that were are
    /// to be told by [`Self::moved`] before this is asked again.
    ///
    /// # Errors
    ///
    /// [`UsedUp`] if not one byte may be moved in this period.
    pub fn reach(&self, want: u64) -> Result<u64, UsedUp> {
        let exempt = self.exempt.load(Ordering::Relaxed);
        if exempt > 0 || want == 0 {
            return Ok(want.min(exempt));
        }
        let moved = self.moved.load(Ordering::Relaxed);
        let unspent = self.granted.load(Ordering::Relaxed).saturating_sub(moved);
        if unspent >= want.min(Self::ENOUGH_BYTES) {
            return Ok(unspent.min(want));
        }
        let now = self.pool.now();
        let granted = self.pool.lock().grant(self.number, want - unspent, now);
        match granted {
            Ok(more) => {
                self.granted.fetch_add(more, Ordering::Relaxed);
                Ok(unspent.saturating_add(more).min(want))
            }
            Err(_) if unspent > 0 => Ok(unspent),
            Err(used_up) => Err(used_up),
        }
    }

    /// Counts bytes that were moved, no more than were reached.
    pub fn moved(&self, bytes: u64) {
        let exempt = self.exempt.load(Ordering::Relaxed).min(bytes);
        if exempt > 0 {
            self.exempt.fetch_sub(exempt, Ordering::Relaxed);
        }
        self.moved.fetch_add(bytes - exempt, Ordering::Relaxed);
    }

    /// With so much in hand nobody asks for more.
    const ENOUGH_BYTES: u64 = 256 << 10;
}

impl Drop for Toll {
    fn drop(&mut self) {
        self.pool.lock().end(self.number);
    }
}
