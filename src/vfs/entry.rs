//! What the storage tells about files.

use std::ffi::OsString;
use std::fs::File;
use std::sync::Arc;

use rustix::fs::{FileType, Stat};

use crate::clock::Timestamp;
use crate::model::{FileKey, Permissions};

use super::disk::Disk;

/// One name in a directory.
///
/// A symbolic link that leads to something inside the home is told as what it leads to; only a link
/// that leads nowhere or outside shows as [`Kind::Symlink`], with size 0.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Last component as on disk, perhaps not UTF-8; empty for the home itself.
    pub name: OsString,
    /// File, directory or link.
    pub kind: Kind,
    /// Apparent size in bytes; 0 for what is no file.
    pub size: u64,
    /// Last modification.
    pub modified: Timestamp,
    /// Permission bits, `0o777` at most.
    pub mode: u32,
    /// Identity on disk. Not for clients: hash it first.
    pub key: FileKey,
    /// What the account may do with it.
    pub permissions: Permissions,
}

/// What a name stands for. Devices, pipes and sockets are never shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link that leads nowhere or out of the home.
    Symlink,
}

/// A file opened for reading. It stays the same file when the name is replaced meanwhile.
#[derive(Clone, Debug)]
pub struct Download {
    /// The open regular file, for `sendfile` or `pread`.
    pub file: Arc<File>,
    /// Size in bytes when it was opened.
    pub size: u64,
    /// Last modification.
    pub modified: Timestamp,
    /// Identity on disk.
    pub key: FileKey,
    disk: Disk,
}

/// One name that vanished, or whose content was replaced: exactly one file less, `bytes` less.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Removed {
    /// Identity of what the name stood for.
    pub key: FileKey,
    /// Its apparent size in bytes; 0 for a symbolic link.
    pub bytes: u64,
}

/// The end of a rename.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Renamed {
    /// The file that stood under the new name; `None` if there was none.
    pub replaced: Option<Removed>,
}

impl Entry {
    /// The entry for `stat`; `None` for what accounts never see (devices, pipes, sockets).
    pub(super) fn new(name: OsString, stat: &Stat, permissions: Permissions) -> Option<Self> {
        let kind = kind(stat)?;
        let size = if kind == Kind::File { size(stat) } else { 0 };
        Some(Self {
            name,
            kind,
            size,
            modified: modified(stat),
            mode: stat.st_mode & 0o777,
            key: key(stat),
            permissions,
        })
    }
}

impl Download {
    /// Does `work`, which reads some ten kilobytes that are usually in memory; `None` if it has to be
    /// done on the blocking pool. Not blocking.
    pub fn at_once<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        self.disk.at_once(work)
    }

    pub(super) fn new(file: File, stat: &Stat, disk: Disk) -> Self {
        Self {
            file: Arc::new(file),
            size: size(stat),
            modified: modified(stat),
            key: key(stat),
            disk,
        }
    }
}

/// Kind of what was stat'ed without following links; `None` for what accounts never see.
pub(super) fn kind(stat: &Stat) -> Option<Kind> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Some(Kind::File),
        FileType::Directory => Some(Kind::Directory),
        FileType::Symlink => Some(Kind::Symlink),
        _ => None,
    }
}

/// Device and inode.
pub(super) fn key(stat: &Stat) -> FileKey {
    FileKey {
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}

/// Apparent size in bytes.
pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Last modification, cut to milliseconds.
pub(super) fn modified(stat: &Stat) -> Timestamp {
    let millis = i64::try_from(stat.st_mtime_nsec / 1_000_000).unwrap_or(0);
    let seconds = Timestamp::from_seconds(stat.st_mtime);
    Timestamp::from_millis(seconds.as_millis().saturating_add(millis))
}

/// What removing the name of a file or link of this `stat` frees.
pub(super) fn removed(stat: &Stat) -> Removed {
    let is_file = kind(stat) == Some(Kind::File);
    Removed {
        key: key(stat),
        bytes: if is_file { size(stat) } else { 0 },
    }
}
