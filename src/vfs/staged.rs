//! A whole file on its way: written beside its target under a reserved name, and renamed over it
//! when complete. Until then the target is never touched.

use std::ffi::OsStr;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};

use crate::model::{Durability, FileKey, Umask, VirtualPath};

use super::beneath::Place;
use super::entry::{Kind, Removed, key, kind};
use super::error::StorageError;
use super::guard::{InFlight, Remnant};
use super::local::LocalHome;
use super::name;
use super::outcome::{Abandoned, Committed, OnAbort};
use super::sink::Sink;
use super::tally::Sum;
use super::target::{Promise, Rights, Target, is_partial, may_stand};

/// A staged upload. Dropping it unsettled removes it.
#[derive(Debug)]
pub(super) struct Staged {
    home: LocalHome,
    path: VirtualPath,
    place: Place,
    hidden_name: String,
    key: FileKey,
    rights: Rights,
    /// Of the stored file; given by handle, so that the umask of the process does not matter.
    mode: Mode,
    sink: Sink,
    is_settled: AtomicBool,
    // Held until the file stands under the name.
    _promise: Option<Promise>,
}

impl Staged {
    /// Creates the staged file for `target` in its directory.
    pub(super) fn begin(target: Target, umask: Umask) -> Result<Self, StorageError> {
        let hidden_name = name::staged();
        // Registered before it exists, so that no sweep takes it for a leftover.
        target.home.lock().staged.insert(hidden_name.clone());
        let created = create(&target.place, &hidden_name);
        match created.and_then(|file| Ok((rustix::fs::fstat(&file)?, file))) {
            Ok((stat, file)) => Ok(Self {
                sink: Sink::whole(file, target.home.room(&stat)),
                key: key(&stat),
                home: target.home,
                path: target.path,
                place: target.place,
                hidden_name,
                rights: target.rights,
                mode: Mode::from_bits_truncate(umask.apply(0o666)),
                is_settled: AtomicBool::new(false),
                _promise: target.promise,
            }),
            Err(error) => {
                target.home.lock().staged.remove(&hidden_name);
                Err(error)
            }
        }
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

    pub(super) fn commit(
        &self,
        durability: Durability,
        allows: impl FnOnce(u64, Option<Removed>) -> bool,
    ) -> Result<Committed, StorageError> {
        self.sink.end();
        self.sink.finish()?;
        rustix::fs::fchmod(self.sink.file(), self.mode)?;
        if durability == Durability::OnDisk {
            rustix::fs::fsync(self.sink.file())?;
        }
        let mut state = self.home.lock();
        let standing = self.place.stat()?;
        let replaced = may_stand(&self.home, &state, standing.as_ref(), self.rights)?;
        if !allows(self.sink.received(), replaced) {
            return Err(StorageError::DiskQuota);
        }
        let mut committed = self.install(&mut state, standing.as_ref())?;
        drop(state);
        committed.sha256 = self.sink.digest();
        if durability == Durability::OnDisk && self.place.sync_directory().is_ok() {
            committed.durability = Durability::OnDisk;
        }
        Ok(committed)
    }

    pub(super) fn abandon(
        &self,
        policy: OnAbort,
        allows: impl FnOnce(u64, Option<Removed>) -> bool,
    ) -> Result<Abandoned, StorageError> {
        if self.sink.end() == 0 || policy == OnAbort::Discard {
            return Ok(self.discard());
        }
        self.sink.finish()?;
        rustix::fs::fchmod(self.sink.file(), self.mode)?;
        let mut state = self.home.lock();
        let standing = self.place.stat()?;
        if !self.may_promote(&state, standing.as_ref(), policy, allows) {
            drop(state);
            return Ok(self.discard());
        }
        // Before the file stands there: nothing may fail once it does.
        let stat = rustix::fs::fstat(self.sink.file())?;
        let promoted = self.install(&mut state, standing.as_ref())?;
        state.remember(&stat, Remnant::Partial, self.home.now());
        Ok(Abandoned::Promoted(promoted))
    }

    /// Whether what arrived may stand under the final name although it is not complete.
    fn may_promote(
        &self,
        state: &InFlight,
        standing: Option<&Stat>,
        policy: OnAbort,
        allows: impl FnOnce(u64, Option<Removed>) -> bool,
    ) -> bool {
        let is_wanted = match standing {
            None => true,
            Some(standing) => policy == OnAbort::Keep || is_partial(&self.home, state, standing),
        };
        let replaced = may_stand(&self.home, state, standing, self.rights);
        is_wanted && replaced.is_ok_and(|replaced| allows(self.sink.received(), replaced))
    }

    /// Puts the staged file in the place of `standing`.
    fn install(
        &self,
        state: &mut InFlight,
        standing: Option<&Stat>,
    ) -> Result<Committed, StorageError> {
        let replaced = may_stand(&self.home, state, standing, self.rights)?;
        let dir = &self.place.dir;
        rustix::fs::renameat(dir, &self.hidden_name, dir, &self.place.name)?;
        self.is_settled.store(true, Ordering::Release);
        state.staged.remove(&self.hidden_name);
        let stored = Sum::of(self.sink.received(), 1);
        state.changed(&self.home, &self.place, stored);
        state.forget(self.key);
        if let Some(replaced) = replaced {
            state.changed(&self.home, &self.place, Sum::gone(replaced.bytes));
            state.forget(replaced.key);
        }
        Ok(Committed {
            path: self.path.clone(),
            key: self.key,
            size: self.sink.received(),
            replaced,
            durability: Durability::Received,
            sha256: None,
        })
    }

    /// Removes the staged file. If a complete file stands at the target, a client could now resume
    /// from that one's size and splice two versions: that is remembered.
    fn discard(&self) -> Abandoned {
        let mut state = self.home.lock();
        // Fails only if somebody else removed it, or the disk is broken: then the sweep finds it.
        let _gone = rustix::fs::unlinkat(&self.place.dir, &self.hidden_name, AtFlags::empty());
        state.staged.remove(&self.hidden_name);
        self.is_settled.store(true, Ordering::Release);
        let standing = self.place.stat().ok().flatten();
        let Some(standing) = standing.filter(|stat| kind(stat) == Some(Kind::File)) else {
            return Abandoned::Nothing;
        };
        if self.sink.received() == 0 || is_partial(&self.home, &state, &standing) {
            return Abandoned::Nothing;
        }
        state.remember(&standing, Remnant::RolledBack, self.home.now());
        Abandoned::RolledBack
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_settled.load(Ordering::Acquire) {
            self.discard();
        }
    }
}

fn create(place: &Place, name: &str) -> Result<File, StorageError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = rustix::fs::openat(&place.dir, OsStr::new(name), flags, mode)?;
    Ok(File::from(file))
}
