//! Uploads: where they go, how they are written, and how they end.

use crate::model::{FileKey, VirtualPath};

use super::entry::Removed;
use super::error::StorageError;

/// How an upload treats what stands at its path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UploadMode {
    /// Continue at the end (`APPE`), in place; a missing file is created as by `Replace`.
    Append,
    /// Replace the file when complete (`STOR`); until then the old one stands.
    Replace,
    /// Continue at `offset` bytes (`REST` + `STOR`, RFC 3659 §5), in place. 0 means `Replace`.
    Resume {
        /// First byte to be written; what the file holds behind it is cut off.
        offset: u64,
    },
    /// A new name in the directory that the path names (`STOU`, RFC 1123 §4.1.2.9).
    Unique {
        /// What the client would like the name to begin with.
        hint: Option<String>,
    },
}

/// What must be on disk before an upload counts as stored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// The operating system has received all bytes; a power cut may lose the file.
    #[default]
    Received,
    /// File and directory entry survive a power cut (`fsync` of both).
    OnDisk,
}

/// What happens to an upload that did not end well.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnAbort {
    /// A new file keeps what arrived, a replaced one stays as it was, a continued one keeps all.
    #[default]
    Auto,
    /// Nothing of it stays. Always used when a quota or the disk is full.
    Discard,
    /// What arrived stays, even in place of the old file.
    Keep,
}

/// A place for an upload that was checked and may be begun. A `Unique` name is held until dropped.
#[derive(Debug)]
pub struct Target {
    path: VirtualPath,
    existing: Option<Removed>,
    offset: u64,
}

impl Target {
    /// Where the file will be; for `Unique` with the name that was chosen.
    pub fn path(&self) -> &VirtualPath {
        &self.path
    }

    /// The file that stands there now; what a replacement would free.
    pub fn existing(&self) -> Option<Removed> {
        self.existing
    }

    /// First byte to be written: 0 for a whole file.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// A stored file, and what it replaced. The account now holds `size` minus `replaced.bytes` more
/// bytes, and one more file if nothing was replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Committed {
    /// Where the file is.
    pub path: VirtualPath,
    /// Its identity.
    pub key: FileKey,
    /// Its size in bytes.
    pub size: u64,
    /// What stood there before; for a file written in place the same file with its former size.
    pub replaced: Option<Removed>,
}

/// What became of an abandoned upload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Abandoned {
    /// In place: the file was cut back to where the upload began.
    CutBack(Committed),
    /// In place: the bytes that arrived stay.
    Kept(Committed),
    /// Nothing was stored; nothing is different.
    Nothing,
    /// What arrived stands under the final name and may be resumed.
    Promoted(Committed),
    /// The old file stands untouched; resuming it is refused for 24 hours.
    RolledBack,
}

impl Abandoned {
    /// What the ledger must learn; `None` if neither bytes nor files changed.
    pub fn change(&self) -> Option<&Committed> {
        match self {
            Self::CutBack(change) | Self::Kept(change) | Self::Promoted(change) => Some(change),
            Self::Nothing | Self::RolledBack => None,
        }
    }
}

/// An upload in progress. Dropping it undoes it: a staged file is removed, a file written in place is
/// cut back to where the upload began; that happens as soon as the last [`UploadWriter`] is gone.
#[derive(Debug)]
pub struct Upload {}

impl Upload {
    /// A handle to write with, for hops on the blocking pool.
    pub fn writer(&self) -> UploadWriter {
        todo!()
    }

    /// Where the file will be.
    pub fn path(&self) -> &VirtualPath {
        todo!()
    }

    /// Where the upload began, in bytes from the start of the file.
    pub fn start(&self) -> u64 {
        todo!()
    }

    /// Bytes written so far, without what the file held before.
    pub fn received(&self) -> u64 {
        todo!()
    }

    /// Completes the upload: the file stands under its name when this returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::Denied`] if a file appeared there that may not be replaced,
    /// [`StorageError::IsDirectory`], [`StorageError::Busy`] if it is written in place meanwhile.
    /// Then a staged upload is gone and nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the rename may happen, and what it replaced is then not told.
    pub async fn commit(self, durability: Durability) -> Result<Committed, StorageError> {
        let _ = durability;
        todo!()
    }

    /// Ends an upload that did not arrive completely.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, as [`Upload::commit`].
    pub async fn abandon(self, policy: OnAbort) -> Result<Abandoned, StorageError> {
        let _ = policy;
        todo!()
    }
}

/// Writes to an [`Upload`] from the blocking pool. Clones share one position.
#[derive(Clone, Debug)]
pub struct UploadWriter {}

impl UploadWriter {
    /// Appends `bytes` to the upload. Blocking. The first call cuts a continued file off at the start.
    ///
    /// # Errors
    ///
    /// [`StorageError::UploadEnded`] after commit, abandon or drop; [`StorageError::NoSpace`] and
    /// [`StorageError::DiskQuota`], after which the position tells how much was written.
    pub fn append(&self, bytes: &[u8]) -> Result<(), StorageError> {
        let _ = bytes;
        todo!()
    }

    /// Asks the disk for `bytes` more in one piece (after `ALLO`). Blocking. The size does not change.
    ///
    /// # Errors
    ///
    /// [`StorageError::NoSpace`] if they do not fit. A file system that cannot do it is no error.
    pub fn allocate(&self, bytes: u64) -> Result<(), StorageError> {
        let _ = bytes;
        todo!()
    }
}
