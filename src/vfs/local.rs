//! One account's directory: every operation here blocks, works on directory handles and asks no
//! permission. [`Home`](super::Home) puts permissions and the way to the disk around it.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use cap_std::fs::Dir;
use rustix::fs::{Advice, AtFlags, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;

use crate::clock::{Clock, Timestamp};
use crate::model::{FileKey, Permissions, Umask, VirtualPath};

use super::beneath::{Beneath, Place, relative};
use super::disk::Disk;
use super::entry::{Download, Entry, Kind, Removed, Renamed, key, kind, removed, size};
use super::error::StorageError;
use super::guard::InFlight;
use super::name;
use super::room::{Room, Space};

/// One account's directory with what is in flight there: staged uploads, files being written in
/// place, overwrites that were rolled back. There is exactly one per account; clones are cheap and
/// share everything.
#[derive(Clone, Debug)]
pub struct LocalHome {
    inner: Arc<Inner>,
}

/// What a home needs from outside.
#[derive(Clone, Debug)]
pub struct HomeOptions {
    /// Decides when the memory of an interrupted upload has faded.
    pub clock: Arc<dyn Clock>,
}

/// What a rename does about a file at the new name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Overwrite {
    Allow,
    Refuse,
}

#[derive(Debug)]
struct Inner {
    root: Beneath,
    disk: Disk,
    clock: Arc<dyn Clock>,
    // A std mutex: it is only locked during a call to the disk and in `Drop`, around a few system
    // calls.
    in_flight: Mutex<InFlight>,
    /// Keeps names from moving; locked before `in_flight`.
    names: Mutex<()>,
    /// How much of it was in flight when that was last asked.
    counted: AtomicUsize,
}

impl LocalHome {
    pub(super) fn new(dir: Dir, disk: Disk, options: HomeOptions) -> Self {
        let inner = Inner {
            root: Beneath::new(dir),
            disk,
            clock: options.clock,
            in_flight: Mutex::default(),
            names: Mutex::default(),
            counted: AtomicUsize::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(super) fn root(&self) -> &Beneath {
        &self.inner.root
    }

    /// The room on the disk of what `stat` tells about; `None` if it is on another disk than the home
    /// itself: a folder that is mounted into a home has no reserve.
    pub(super) fn room(&self, stat: &Stat) -> Option<Room> {
        let disk = self.disk();
        (stat.st_dev == disk.device()).then(|| disk.room())
    }

    /// The way to the volume that the home is on.
    pub(super) fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    pub(super) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The mutation lock: whoever makes a name appear, vanish or change holds it meanwhile.
    pub(super) fn lock(&self) -> MutexGuard<'_, InFlight> {
        let lock = self.inner.in_flight.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps every name of the home where it is meanwhile: whoever moves one holds this, and whoever
    /// must be sure that a path leads where it led a moment ago.
    pub(super) fn hold_names(&self) -> MutexGuard<'_, ()> {
        let lock = self.inner.names.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Files that uploads write to at this moment, and names that are promised to them. While somebody
    /// changes a name, which takes as long as the disk likes, what was counted last. Not blocking.
    pub fn in_flight(&self) -> usize {
        let counted = match self.inner.in_flight.try_lock() {
            Ok(state) => state.count(),
            Err(TryLockError::Poisoned(state)) => state.into_inner().count(),
            Err(TryLockError::WouldBlock) => return self.inner.counted.load(Ordering::Relaxed),
        };
        self.inner.counted.store(counted, Ordering::Relaxed);
        counted
    }

    pub(super) fn enter(&self, path: &VirtualPath) -> Result<(), StorageError> {
        name::visible(path)?;
        self.root().directory(path)?;
        Ok(())
    }

    pub(super) fn stat(
        &self,
        path: &VirtualPath,
        permissions: Permissions,
    ) -> Result<Entry, StorageError> {
        name::visible(path)?;
        let stat = self.root().look(relative(path).as_ref())?;
        let name = path.name().unwrap_or_default();
        Entry::new(name.into(), &stat, permissions).ok_or(StorageError::NotFound)
    }

    pub(super) fn open_read(&self, path: &VirtualPath) -> Result<Download, StorageError> {
        name::visible(path)?;
        let file = self.root().open_read(path)?;
        let stat = rustix::fs::fstat(&file)?;
        match kind(&stat) {
            Some(Kind::File) => {
                if size(&stat) > READ_AT_ONCE_BYTES {
                    // Only advice: whatever the file system makes of it is right.
                    let _taken = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
                }
                Ok(Download::new(file, &stat, self.disk().clone()))
            }
            Some(Kind::Directory) => Err(StorageError::IsDirectory),
            Some(Kind::Symlink) | None => Err(StorageError::NotFound),
        }
    }

    pub(super) fn create_dir(&self, path: &VirtualPath, umask: Umask) -> Result<(), StorageError> {
        name::creatable(path)?;
        if path.is_root() {
            return Err(StorageError::Exists);
        }
        let place = self.root().place(path)?;
        rustix::fs::mkdirat(&place.dir, &place.name, Mode::RWXU)?;
        let dir = place.open(OFlags::DIRECTORY)?;
        // Afterwards and by handle: the mode given to `mkdirat` is cut by the umask of the process.
        let mode = Mode::from_bits_truncate(umask.apply(0o777));
        Ok(rustix::fs::fchmod(dir, mode)?)
    }

    pub(super) fn remove_file(&self, path: &VirtualPath) -> Result<Removed, StorageError> {
        name::visible(path)?;
        if path.is_root() {
            return Err(StorageError::IsDirectory);
        }
        let place = self.root().place(path)?;
        let mut state = self.lock();
        let stat = existing(&place)?;
        if kind(&stat) == Some(Kind::Directory) {
            return Err(StorageError::IsDirectory);
        }
        let removed = free_to_vanish(&state, &stat)?;
        rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::empty())?;
        state.vanished(self, &place, removed);
        Ok(removed)
    }

    pub(super) fn remove_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        name::visible(path)?;
        let place = self.root().place(path)?;
        let mut state = self.lock();
        if kind(&existing(&place)?) != Some(Kind::Directory) {
            return Err(StorageError::NotDirectory);
        }
        let dir = place.open(OFlags::DIRECTORY)?;
        remove_leftovers(&state, &dir)?;
        rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::REMOVEDIR)?;
        state.left(self, &place);
        drop(state);
        Ok(())
    }

    /// Checks that a name stands at `path` that could be renamed.
    pub(super) fn rename_source(&self, path: &VirtualPath) -> Result<(), StorageError> {
        name::visible(path)?;
        existing(&self.root().place(path)?)?;
        Ok(())
    }

    /// Renames; the caller holds [`LocalHome::hold_names`].
    pub(super) fn rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
        overwrite: Overwrite,
    ) -> Result<Renamed, StorageError> {
        name::visible(from)?;
        name::creatable(to)?;
        let source = self.root().place(from)?;
        let target = self.root().place(to)?;
        let mut state = self.lock();
        let moved = free_to_move(&state, &existing(&source)?)?;
        let is_promised = is_promised(&state, &target)?;
        let standing = target.stat()?;
        if standing.is_some_and(|standing| key(&standing) == key(&moved)) {
            // The same file under two names, or one name twice: POSIX does nothing here.
            return Ok(Renamed { replaced: None });
        }
        if to.is_within(from) && kind(&moved) == Some(Kind::Directory) {
            return Err(StorageError::IntoItself);
        }
        let replaced = match standing {
            None if is_promised => return Err(StorageError::Busy),
            None => None,
            Some(standing) => Some(free_to_replace(&state, &moved, &standing, overwrite)?),
        };
        rustix::fs::renameat(&source.dir, &source.name, &target.dir, &target.name)
            .map_err(rename_error)?;
        state.moved(self, &moved, (&source, &target));
        if let Some(replaced) = replaced {
            state.vanished(self, &target, replaced);
        }
        Ok(Renamed { replaced })
    }

    pub(super) fn set_modified(
        &self,
        path: &VirtualPath,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        name::visible(path)?;
        let handle = self.own_handle(path)?;
        let nanos = at.as_millis().rem_euclid(1_000) * 1_000_000;
        let modified = Timespec {
            tv_sec: at.as_seconds(),
            tv_nsec: nanos,
        };
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: rustix::fs::UTIME_OMIT,
            },
            last_modification: modified,
        };
        Ok(rustix::fs::futimens(handle, &times)?)
    }

    pub(super) fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<(), StorageError> {
        name::visible(path)?;
        let handle = self.own_handle(path)?;
        let is_dir = kind(&rustix::fs::fstat(&handle)?) == Some(Kind::Directory);
        // The service itself must still be able to read files and to enter directories.
        let needed = if is_dir { Mode::RWXU } else { Mode::RUSR };
        let mode = Mode::from_bits_truncate(mode & 0o777) | needed;
        Ok(rustix::fs::fchmod(handle, mode)?)
    }

    pub(super) fn space(&self) -> Result<Space, StorageError> {
        let stat = rustix::fs::fstatvfs(self.root().dir())?;
        Ok(self.disk().reserve().space(&stat))
    }

    /// A handle on the file or directory at `path`, links followed, whose times and mode may change.
    fn own_handle(&self, path: &VirtualPath) -> Result<OwnedFd, StorageError> {
        if path.is_root() {
            return Err(StorageError::Root);
        }
        let place = self.root().real_place(path)?;
        let stat = existing(&place)?;
        match kind(&stat) {
            Some(Kind::File | Kind::Directory) => place.open(OFlags::RDONLY),
            Some(Kind::Symlink) | None => Err(StorageError::NotFound),
        }
    }
}

/// The system reads so much of a file ahead without being asked.
const READ_AT_ONCE_BYTES: u64 = 128 * 1_024;

/// What stands at `place` and may be seen.
pub(super) fn existing(place: &Place) -> Result<Stat, StorageError> {
    let stat = place.stat()?.ok_or(StorageError::NotFound)?;
    match kind(&stat) {
        Some(_) => Ok(stat),
        None => Err(StorageError::NotFound),
    }
}

/// What vanishes with the name of `stat`.
///
/// # Errors
///
/// [`StorageError::Busy`] while the file is written in place: its size is not settled.
pub(super) fn free_to_vanish(state: &InFlight, stat: &Stat) -> Result<Removed, StorageError> {
    if state.in_place.contains_key(&key(stat)) {
        return Err(StorageError::Busy);
    }
    Ok(removed(stat))
}

/// Whether the name of `place` is held for `STOU`.
pub(super) fn is_promised(state: &InFlight, place: &Place) -> Result<bool, StorageError> {
    if state.promised.is_empty() {
        return Ok(false);
    }
    let dir = directory_key(&place.dir)?;
    Ok(state.promised.contains(&(dir, place.name.clone())))
}

/// Identity of an open directory.
pub(super) fn directory_key(dir: &Dir) -> Result<FileKey, StorageError> {
    Ok(key(&rustix::fs::fstat(dir)?))
}

fn free_to_move(state: &InFlight, stat: &Stat) -> Result<Stat, StorageError> {
    free_to_vanish(state, stat)?;
    Ok(*stat)
}

fn free_to_replace(
    state: &InFlight,
    moved: &Stat,
    standing: &Stat,
    overwrite: Overwrite,
) -> Result<Removed, StorageError> {
    match kind(standing) {
        Some(Kind::Directory) => return Err(StorageError::IsDirectory),
        Some(Kind::File | Kind::Symlink) => {}
        None => return Err(StorageError::Exists),
    }
    if kind(moved) == Some(Kind::Directory) || overwrite == Overwrite::Refuse {
        return Err(StorageError::Exists);
    }
    free_to_vanish(state, standing)
}

/// Removes staged uploads from `dir` that no session holds, if `dir` holds nothing else.
fn remove_leftovers(state: &InFlight, dir: &OwnedFd) -> Result<(), StorageError> {
    let mut leftovers = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let text = std::str::from_utf8(name).unwrap_or_default();
        if !name::is_staged(name) {
            return Err(StorageError::NotEmpty);
        }
        if state.staged.contains(text) {
            return Err(StorageError::Busy);
        }
        if leftovers.len() >= LEFTOVERS_LIMIT {
            return Err(StorageError::NotEmpty);
        }
        leftovers.push(entry.file_name().to_owned());
    }
    for name in leftovers {
        rustix::fs::unlinkat(dir, &name, AtFlags::empty())?;
    }
    Ok(())
}

fn rename_error(errno: Errno) -> StorageError {
    match errno {
        Errno::INVAL => StorageError::IntoItself,
        Errno::EXIST | Errno::NOTEMPTY => StorageError::IsDirectory,
        other => other.into(),
    }
}

/// Leftovers removed with one directory; more are left to the sweep.
const LEFTOVERS_LIMIT: usize = 10_000;
