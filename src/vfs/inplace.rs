//! A file that is continued in place (`REST`, `APPE`): one writer at a time, and what stood behind
//! the offset is cut off when the first byte arrives, never before.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{OFlags, Stat};

use crate::model::{Durability, FileKey, VirtualPath};

use super::entry::{Removed, key, removed, size};
use super::error::StorageError;
use super::guard::{InFlight, Remnant};
use super::local::LocalHome;
use super::outcome::{Abandoned, Committed, OnAbort};
use super::sink::Sink;
use super::tally::Sum;
use super::target::{Target, is_partial};

/// An upload in place. While it lives, nobody else can write to, replace, rename or remove the file.
/// Dropping it unsettled cuts the file back to where the upload began.
#[derive(Debug)]
pub(super) struct InPlace {
    home: LocalHome,
    path: VirtualPath,
    former: Removed,
    was_partial: bool,
    sink: Sink,
    is_settled: AtomicBool,
}

impl InPlace {
    /// Opens the file `standing` at the place of `target` and takes it for this upload; `state` is the
    /// home's.
    pub(super) fn begin(
        target: &Target,
        (standing, offset): (&Stat, u64),
        state: &mut InFlight,
    ) -> Result<Self, StorageError> {
        let file = File::from(target.place.open(OFlags::WRONLY)?);
        let opened = rustix::fs::fstat(&file)?;
        if key(&opened) != key(standing) {
            return Err(StorageError::Busy);
        }
        let room = target.home.room(&opened);
        state.in_place.insert(key(standing), size(standing));
        Ok(Self {
            home: target.home.clone(),
            path: target.path.clone(),
            former: removed(standing),
            was_partial: is_partial(&target.home, state, standing),
            sink: Sink::continued(file, offset, room),
            is_settled: AtomicBool::new(false),
        })
    }

    pub(super) fn home(&self) -> &LocalHome {
        &self.home
    }

    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    pub(super) fn path(&self) -> &VirtualPath {
        &self.path
    }

    /// Leaves everything to [`InPlace::abandon`] if it fails.
    pub(super) fn commit(&self, durability: Durability) -> Result<Committed, StorageError> {
        self.sink.end();
        self.sink.finish()?;
        if durability == Durability::OnDisk {
            rustix::fs::fsync(self.sink.file())?;
        }
        let mut committed = self.committed(durability)?;
        committed.sha256 = self.sink.digest();
        self.settle(None);
        Ok(committed)
    }

    /// Tells the size that the file has then, whatever the disk made of it.
    pub(super) fn abandon(&self, policy: OnAbort) -> Result<Abandoned, StorageError> {
        self.sink.end();
        if !self.sink.is_cut() {
            self.settle(self.remnant());
            return Ok(Abandoned::Nothing);
        }
        let is_cut_back = policy == OnAbort::Discard && self.sink.cut_back().is_ok();
        if !is_cut_back {
            // Only room that was asked for and not used is left if the disk refuses this.
            let _exact = self.sink.finish();
        }
        let standing = self.committed(Durability::Received);
        self.settle(self.remnant());
        if is_cut_back {
            standing.map(Abandoned::CutBack)
        } else {
            standing.map(Abandoned::Kept)
        }
    }

    /// Gives the file free and remembers what it is now.
    fn settle(&self, remnant: Option<Remnant>) {
        let mut state = self.home.lock();
        self.is_settled.store(true, Ordering::Release);
        state.in_place.remove(&self.key());
        state.forget(self.key());
        let stat = rustix::fs::fstat(self.sink.file());
        if let Ok(stat) = &stat {
            let grown = Sum::of(size(stat), 0).minus(Sum::of(self.former.bytes, 0));
            state.rewritten(&self.home, self.sink.file(), grown);
        }
        if let (Some(remnant), Ok(stat)) = (remnant, stat) {
            state.remember(&stat, remnant, self.home.now());
        }
    }

    /// A part of a file stays a part until an upload completes it.
    fn remnant(&self) -> Option<Remnant> {
        self.was_partial.then_some(Remnant::Partial)
    }

    fn committed(&self, durability: Durability) -> Result<Committed, StorageError> {
        Ok(Committed {
            path: self.path.clone(),
            key: self.key(),
            size: size(&rustix::fs::fstat(self.sink.file())?),
            replaced: Some(self.former),
            durability,
            sha256: None,
        })
    }

    fn key(&self) -> FileKey {
        self.former.key
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        if self.is_settled.load(Ordering::Acquire) {
            return;
        }
        if self.sink.is_cut() {
            // If the disk refuses even that, the file stays longer and the next count finds it.
            let _shorter = self.sink.cut_back();
        }
        self.settle(self.remnant());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cap_std::ambient_authority;
    use cap_std::fs::Dir;
    use rustix::fs::{MemfdFlags, SealFlags};

    use crate::clock::SystemClock;

    use super::super::disk::Disk;
    use super::super::local::HomeOptions;
    use super::super::room::Reserve;
    use super::*;

    /// An upload that writes to `sink`, of a file that had `former_bytes`.
    fn upload(sink: Sink, former_bytes: u64) -> InPlace {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let clock = Arc::new(SystemClock);
        let stat = rustix::fs::fstat(sink.file()).unwrap();
        InPlace {
            home: LocalHome::new(dir, Disk::new(0, Reserve::default()), HomeOptions { clock }),
            path: VirtualPath::root().resolve("f").unwrap(),
            former: Removed {
                key: key(&stat),
                bytes: former_bytes,
            },
            was_partial: false,
            sink,
            is_settled: AtomicBool::new(false),
        }
    }

    /// A file with these bytes that cannot become shorter.
    fn unyielding(bytes: &[u8]) -> File {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(rustix::fs::memfd_create("f", flags).unwrap());
        std::io::Write::write_all(&mut &file, bytes).unwrap();
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
        file
    }

    #[test]
    fn a_file_that_cannot_be_cut_back_is_told_with_the_size_it_has() {
        let upload = upload(Sink::continued(unyielding(b"hello"), 5, None), 5);
        upload.sink.append(b"++").unwrap();

        let abandoned = upload.abandon(OnAbort::Discard).unwrap();

        let Abandoned::Kept(kept) = abandoned else {
            panic!("{abandoned:?}")
        };
        assert_eq!(kept.size, 7);
        assert_eq!(kept.replaced.map(|former| former.bytes), Some(5));
    }

    #[test]
    fn a_file_that_cannot_be_cut_at_the_offset_has_not_changed() {
        let upload = upload(Sink::continued(unyielding(b"hello"), 2, None), 5);

        assert!(upload.sink.append(b"Y").is_err());
        assert!(upload.commit(Durability::Received).is_err());

        let abandoned = upload.abandon(OnAbort::Discard).unwrap();
        assert_eq!(abandoned, Abandoned::Nothing);
        let stat = rustix::fs::fstat(upload.sink.file()).unwrap();
        assert_eq!(size(&stat), 5);
    }

    #[test]
    fn a_file_that_the_disk_does_not_confirm_is_told_with_the_size_it_has() {
        // Neither `fsync` nor `ftruncate` works on it, and its size is always 0.
        let file = File::options().write(true).open("/dev/null").unwrap();
        let upload = upload(Sink::whole(file, None), 3);
        upload.sink.append(b"abc").unwrap();

        assert!(upload.commit(Durability::OnDisk).is_err());

        let change = upload.abandon(OnAbort::Discard).unwrap();
        assert_eq!(change.change().map(|change| change.size), Some(0));
    }
}
