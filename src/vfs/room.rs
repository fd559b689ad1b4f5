//! The room that is left on a disk. Uploads leave a reserve free: whatever else lives there, the
//! database first of all, goes on working when customers have filled the rest.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::StatVfs;

use super::error::StorageError;

/// Bytes that uploads leave free on every disk of a volume. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Reserve(Arc<Wanted>);

#[derive(Debug, Default)]
struct Wanted {
    bytes: AtomicU64,
    /// Whether it is kept on a small disk too.
    is_exact: AtomicBool,
}

/// What uploads may still take of one disk. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Known>);

#[derive(Debug)]
struct Known {
    since: Instant,
    reserve: Reserve,
    /// When the disk was last asked, in milliseconds after `since`; 0 for never.
    asked: AtomicU64,
    /// What it said, without the reserve and without what was taken since.
    left: AtomicI64,
}

/// Room on the file system, in bytes, as seen by the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Space {
    /// Size of the file system.
    pub total_bytes: u64,
    /// What can still be written: what is free without the reserve.
    pub available_bytes: u64,
    /// What uploads leave free.
    pub reserved_bytes: u64,
}

impl Reserve {
    /// A reserve for disks of any size is never more than this part of one, so that a small one can be
    /// used at all.
    const LARGEST_PART: u64 = 20;

    pub(super) fn set(&self, bytes: u64) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
        self.0.is_exact.store(false, Ordering::Relaxed);
    }

    pub(super) fn set_exactly(&self, bytes: u64) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
        self.0.is_exact.store(true, Ordering::Relaxed);
    }

    /// What `statvfs` says, in bytes, without the reserve.
    pub(super) fn space(&self, stat: &StatVfs) -> Space {
        let total_bytes = stat.f_blocks.saturating_mul(stat.f_frsize);
        let free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        let wanted = self.0.bytes.load(Ordering::Relaxed);
        let most = if self.0.is_exact.load(Ordering::Relaxed) {
            total_bytes
        } else {
            total_bytes / Self::LARGEST_PART
        };
        let reserved_bytes = wanted.min(most);
        Space {
            total_bytes,
            available_bytes: free_bytes.saturating_sub(reserved_bytes),
            reserved_bytes,
        }
    }
}

impl Room {
    /// What a disk said is believed for so long: what others take meanwhile comes out of the reserve.
    const BELIEVED: Duration = Duration::from_millis(500);

    pub(super) fn new(reserve: Reserve) -> Self {
        Self(Arc::new(Known {
            since: Instant::now(),
            reserve,
            asked: AtomicU64::new(0),
            left: AtomicI64::new(i64::MAX),
        }))
    }

    /// Takes `bytes` for an upload on the disk of `on`. Blocking, but only memory is touched most of
    /// the time.
    ///
    /// # Errors
    ///
    /// [`StorageError::NoSpace`] if they would not leave the reserve.
    pub(super) fn take(&self, on: impl AsFd, bytes: u64) -> Result<(), StorageError> {
        self.ask_again(&on);
        if self.subtract(bytes) {
            return Ok(());
        }
        // Somebody may have deleted something a moment ago.
        self.ask(&on);
        if self.subtract(bytes) {
            return Ok(());
        }
        Err(StorageError::NoSpace)
    }

    /// Gives back what was taken and not written.
    pub(super) fn give_back(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let more = |left: i64| Some(left.saturating_add(bytes));
        // The closure never refuses.
        let _added = self
            .0
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn subtract(&self, bytes: u64) -> bool {
        let Ok(bytes) = i64::try_from(bytes) else {
            return false;
        };
        let less = |left: i64| (left >= bytes).then(|| left - bytes);
        let taken = self
            .0
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }

    /// Asks the disk, unless it was asked a moment ago or somebody else does so now.
    fn ask_again(&self, on: &impl AsFd) {
        let known = &self.0;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = millis(known.since.elapsed()) + 1;
        let before = known.asked.load(Ordering::Relaxed);
        if before != 0 && now.saturating_sub(before) < millis(Self::BELIEVED) {
            return;
        }
        let claimed =
            known
                .asked
                .compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_ok() {
            self.ask(on);
        }
    }

    fn ask(&self, on: &impl AsFd) {
        let known = &self.0;
        let left = match rustix::fs::fstatvfs(on) {
            // A file system that does not know its size cannot be full.
            Ok(stat) if stat.f_blocks > 0 => known.reserve.space(&stat).available_bytes,
            Ok(_) | Err(_) => u64::MAX,
        };
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        known.left.store(left, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn disk() -> (File, Space) {
        let here = File::open(std::env::temp_dir()).unwrap();
        let space = Reserve::default().space(&rustix::fs::fstatvfs(&here).unwrap());
        (here, space)
    }

    #[test]
    fn a_reserve_is_at_most_a_twentieth_of_the_disk() {
        let (here, plain) = disk();
        let stat = rustix::fs::fstatvfs(&here).unwrap();
        let reserve = Reserve::default();

        reserve.set(1);
        let small = reserve.space(&stat);
        reserve.set(u64::MAX);
        let large = reserve.space(&stat);

        assert_eq!(plain.reserved_bytes, 0);
        assert_eq!(small.reserved_bytes, 1);
        assert_eq!(small.available_bytes, plain.available_bytes - 1);
        assert_eq!(large.reserved_bytes, plain.total_bytes / 20);
    }

    #[test]
    fn a_reserve_that_is_meant_for_the_disk_is_kept_as_it_is() {
        let (here, plain) = disk();
        let stat = rustix::fs::fstatvfs(&here).unwrap();
        let reserve = Reserve::default();

        reserve.set_exactly(plain.total_bytes / 2);
        let half = reserve.space(&stat);
        reserve.set(plain.total_bytes / 2);
        let capped = reserve.space(&stat);

        assert_eq!(half.reserved_bytes, plain.total_bytes / 2);
        assert_eq!(capped.reserved_bytes, plain.total_bytes / 20);
    }

    #[test]
    fn more_than_the_disk_has_is_refused_and_less_is_not() {
        let (here, plain) = disk();
        let room = Room::new(Reserve::default());

        let too_much = room.take(&here, plain.total_bytes);
        let little = room.take(&here, 1);

        assert!(matches!(too_much, Err(StorageError::NoSpace)));
        assert!(little.is_ok());
    }

    #[test]
    fn what_is_taken_is_gone_until_it_is_given_back() {
        let (here, _) = disk();
        let room = Room::new(Reserve::default());
        room.take(&here, 0).unwrap();
        room.0.left.store(100, Ordering::Relaxed);

        assert!(room.subtract(60));
        assert!(!room.subtract(60));
        room.give_back(20);
        assert!(room.subtract(60));
        assert_eq!(room.0.left.load(Ordering::Relaxed), 0);
    }
}
