//! A file that is continued in place (`REST`, `APPE`): one writer at a time, and what stood behind
//! the offset is cut off when the first byte arrives, never before.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{OFlags, Stat};

use crate::model::{FileKey, VirtualPath};

use super::beneath::Place;
use super::entry::{Removed, key, removed};
use super::error::StorageError;
use super::guard::{InFlight, Remnant};
use super::local::LocalHome;
use super::outcome::{Abandoned, Committed, Durability, OnAbort};
use super::sink::Sink;
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
    /// Opens the file `standing` at `place` and takes it for this upload; `state` is the home's.
    pub(super) fn begin(
        target: &Target,
        place: &Place,
        (standing, offset): (&Stat, u64),
        state: &mut InFlight,
    ) -> Result<Self, StorageError> {
        let file = File::from(place.open(OFlags::WRONLY)?);
        let opened = rustix::fs::fstat(&file)?;
        if key(&opened) != key(standing) {
            return Err(StorageError::Busy);
        }
        state.in_place.insert(key(standing));
        Ok(Self {
            home: target.home.clone(),
            path: target.path.clone(),
            former: removed(standing),
            was_partial: is_partial(&target.home, state, standing),
            sink: Sink::continued(file, offset),
            is_settled: AtomicBool::new(false),
        })
    }

    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    pub(super) fn path(&self) -> &VirtualPath {
        &self.path
    }

    pub(super) fn commit(&self, durability: Durability) -> Result<Committed, StorageError> {
        let received = self.sink.end();
        self.sink.finish()?;
        if durability == Durability::OnDisk {
            rustix::fs::fsync(self.sink.file())?;
        }
        self.settle(None);
        Ok(self.committed(received, durability))
    }

    pub(super) fn abandon(&self, policy: OnAbort) -> Result<Abandoned, StorageError> {
        let received = self.sink.end();
        if !self.sink.is_cut() {
            self.settle(self.remnant());
            return Ok(Abandoned::Nothing);
        }
        if policy == OnAbort::Discard {
            self.sink.cut_back()?;
            self.settle(self.remnant());
            return Ok(Abandoned::CutBack(self.committed(0, Durability::Received)));
        }
        self.sink.finish()?;
        self.settle(self.remnant());
        let kept = self.committed(received, Durability::Received);
        Ok(Abandoned::Kept(kept))
    }

    /// Gives the file free and remembers what it is now.
    fn settle(&self, remnant: Option<Remnant>) {
        let mut state = self.home.lock();
        self.is_settled.store(true, Ordering::Release);
        state.in_place.remove(&self.key());
        state.forget(self.key());
        let stat = rustix::fs::fstat(self.sink.file());
        if let (Some(remnant), Ok(stat)) = (remnant, stat) {
            state.remember(&stat, remnant, self.home.now());
        }
    }

    /// A part of a file stays a part until an upload completes it.
    fn remnant(&self) -> Option<Remnant> {
        self.was_partial.then_some(Remnant::Partial)
    }

    fn committed(&self, received: u64, durability: Durability) -> Committed {
        Committed {
            path: self.path.clone(),
            key: self.key(),
            size: self.sink.start().saturating_add(received),
            replaced: Some(self.former),
            durability,
        }
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
