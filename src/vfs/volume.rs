//! A volume: a folder that holds homes, each perhaps on a disk of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::beneath::open_at;
use super::disk::Disk;
use super::error::StorageError;
use super::local::{HomeOptions, LocalHome};
use super::name;
use super::removal::Removal;
use super::room::{Reserve, Space};

/// A directory that holds homes. Other file systems may be mounted below it. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Volume {
    dir: Arc<Dir>,
    /// The one that the directory itself is on.
    disk: Disk,
    disks: Disks,
}

/// The way to every device that a home is on: one that is slow says nothing about the others.
#[derive(Clone, Debug, Default)]
struct Disks {
    known: Arc<Mutex<HashMap<u64, Disk>>>,
    reserve: Reserve,
}

impl Disks {
    /// The way to the device of `dir`.
    fn of(&self, dir: &Dir) -> Result<Disk, StorageError> {
        let device = rustix::fs::fstat(dir)?.st_dev;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = || Disk::new(device, self.reserve.clone());
        Ok(known.entry(device).or_insert_with(disk).clone())
    }
}

impl Volume {
    /// Opens the directory `path` of the host. Blocking: for the start of the server.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        let disks = Disks::default();
        Ok(Self {
            disk: disks.of(&dir)?,
            dir: Arc::new(dir),
            disks,
        })
    }

    /// Opens the home at `relative` (`customer/account`), creating what is missing of it. Call it once
    /// per account and share what it returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::IllegalName`] if `relative` is not a plain relative path.
    pub async fn home(
        &self,
        relative: &str,
        options: HomeOptions,
    ) -> Result<LocalHome, StorageError> {
        let (dir, relative) = (Arc::clone(&self.dir), relative.to_owned());
        let disks = self.disks.clone();
        let work = move || {
            let dir = home_dir(&dir, &relative)?;
            let disk = disks.of(&dir)?;
            Ok(LocalHome::new(dir, disk, options))
        };
        self.disk.long(work).await
    }

    /// As [`Volume::home`], for an account that is new: nothing may lie there.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] if something lies there.
    pub async fn new_home(
        &self,
        relative: &str,
        options: HomeOptions,
    ) -> Result<LocalHome, StorageError> {
        let (dir, relative) = (Arc::clone(&self.dir), relative.to_owned());
        let disks = self.disks.clone();
        let work = move || {
            let dir = home_dir(&dir, &relative)?;
            if dir.entries()?.next().is_some() {
                return Err(StorageError::Exists);
            }
            let disk = disks.of(&dir)?;
            Ok(LocalHome::new(dir, disk, options))
        };
        self.disk.long(work).await
    }

    /// Room on the file system. Blocking.
    pub fn space(&self) -> Result<Space, StorageError> {
        let stat = rustix::fs::fstatvfs(&self.dir)?;
        Ok(self.disks.reserve.space(&stat))
    }

    /// Uploads leave `bytes` free on every disk of the volume from now on, but not more than a
    /// twentieth of a disk.
    pub fn set_reserve(&self, bytes: u64) {
        self.disks.reserve.set(bytes);
    }

    /// Uploads leave `bytes` free on every disk of the volume from now on, however small a disk is.
    pub fn set_exact_reserve(&self, bytes: u64) {
        self.disks.reserve.set_exactly(bytes);
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Begins to remove the tree at `relative`; nothing is removed before the first step.
    ///
    /// # Errors
    ///
    /// [`StorageError::IllegalName`] if `relative` is not a plain relative path.
    pub fn removal(&self, relative: &str) -> Result<Removal, StorageError> {
        Removal::new(
            Arc::clone(&self.dir),
            self.disk.clone(),
            &components(relative)?,
        )
    }

    /// Moves the tree at `from` to `to`, in one piece; what is missing of the way there is made. A tree that
    /// stands at `to` and not at `from` was moved before, and one that stands at neither is gone: both
    /// are no errors.
    ///
    /// # Errors
    ///
    /// [`StorageError::CrossesMount`] if it is on another disk, [`StorageError::Exists`] if something
    /// else stands at `to`.
    pub async fn relocate(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let (dir, from, to) = (Arc::clone(&self.dir), from.to_owned(), to.to_owned());
        self.disk
            .long(move || relocate(&dir, &components(&from)?, &components(&to)?))
            .await
    }

    /// Writes and removes a small file: does the volume work? Blocking.
    pub fn probe(&self) -> Result<(), StorageError> {
        let name = name::staged();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.dir, &name, flags, Mode::RUSR | Mode::WUSR)?;
        let written = write_and_sync(&file);
        rustix::fs::unlinkat(&self.dir, &name, AtFlags::empty())?;
        written
    }
}

fn write_and_sync(file: &OwnedFd) -> Result<(), StorageError> {
    rustix::io::write(file, b"probe")?;
    Ok(rustix::fs::fsync(file)?)
}

/// The directory at `relative`; what is missing of it is made.
fn home_dir(root: &Dir, relative: &str) -> Result<Dir, StorageError> {
    let mut dir = root.try_clone()?;
    for name in components(relative)? {
        make_dir(&dir, name)?;
        dir = dir.open_dir(name)?;
    }
    Ok(dir)
}

fn relocate(root: &Dir, from: &[&str], to: &[&str]) -> Result<(), StorageError> {
    let (Some((name, parents)), Some((to_name, to_parents))) = (from.split_last(), to.split_last())
    else {
        return Err(StorageError::Root);
    };
    let mut source = root.try_clone()?;
    for parent in parents {
        source = match source.open_dir(parent) {
            Ok(dir) => dir,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
    }
    let mut target = root.try_clone()?;
    for parent in to_parents {
        make_dir(&target, parent)?;
        target = target.open_dir(parent)?;
    }
    let flags = RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(&source, *name, &target, *to_name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The components of `relative`: plain names only, at least one.
fn components(relative: &str) -> Result<Vec<&str>, StorageError> {
    let names: Vec<&str> = relative.split('/').collect();
    let are_plain = names.iter().all(|name| name::is_plain(OsStr::new(name)));
    if !are_plain {
        return Err(StorageError::IllegalName);
    }
    Ok(names)
}

fn make_dir(parent: &Dir, name: &str) -> Result<(), StorageError> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) => {
            let dir = open_at(parent, OsStr::new(name), OFlags::DIRECTORY)?;
            Ok(rustix::fs::fchmod(dir, HOME_MODE)?)
        }
        Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Mode of home directories.
const HOME_MODE: Mode = Mode::from_bits_truncate(0o755);
