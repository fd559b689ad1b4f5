//! A home as one session sees it: the only place where permissions are checked.

use crate::clock::Timestamp;
use crate::model::{Permissions, Usage, VirtualPath};

use super::entry::{Download, Entry, Removed, Renamed, Space};
use super::error::StorageError;
use super::listing::Listing;
use super::local::LocalHome;
use super::upload::{Target, Upload, UploadMode};

/// A home as one session sees it. Cheap to clone and to rebuild when permissions change.
///
/// Every method is one hop on the blocking pool. Every path is followed only inside the home; what
/// leads outside is [`StorageError::NotFound`]. Without `List` a missing name is reported as denied.
#[derive(Clone, Debug)]
pub struct Home {
    local: LocalHome,
    permissions: Permissions,
}

impl Home {
    /// The view of `local` that `permissions` allow.
    pub fn new(local: LocalHome, permissions: Permissions) -> Self {
        Self { local, permissions }
    }

    /// What may be done here.
    pub fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// The home behind the view.
    pub fn local(&self) -> &LocalHome {
        &self.local
    }

    /// Checks that `path` is a directory that can be entered (`CWD`). Needs no permission.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`], [`StorageError::NotDirectory`].
    pub async fn enter(&self, path: &VirtualPath) -> Result<(), StorageError> {
        let _ = path;
        todo!()
    }

    /// Tells about `path`, links followed. Needs `List` or `Download`.
    pub async fn stat(&self, path: &VirtualPath) -> Result<Entry, StorageError> {
        let _ = path;
        todo!()
    }

    /// Reads a directory. Needs `List`.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotDirectory`] for a file: `stat` it instead.
    pub async fn list(&self, path: &VirtualPath) -> Result<Listing, StorageError> {
        let _ = path;
        todo!()
    }

    /// Opens a regular file for reading. Needs `Download`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`]; devices, pipes and sockets are [`StorageError::NotFound`].
    pub async fn open_read(&self, path: &VirtualPath) -> Result<Download, StorageError> {
        let _ = path;
        todo!()
    }

    /// Checks an upload to `path` before the data connection is opened. Needs `Upload` for a new
    /// file, `Overwrite` to replace one, `Append` to continue one. For `Unique`, `path` is the
    /// directory, and the chosen name is held by the [`Target`].
    ///
    /// # Errors
    ///
    /// [`StorageError::OffsetBeyondEnd`], [`StorageError::ResumeGuard`], [`StorageError::Busy`],
    /// [`StorageError::IsDirectory`], [`StorageError::NameNotAllowed`], and `NotFound` for the
    /// directory.
    pub async fn target(
        &self,
        path: &VirtualPath,
        mode: UploadMode,
    ) -> Result<Target, StorageError> {
        let _ = (path, mode);
        todo!()
    }

    /// Begins the upload that `target` was checked for; everything is checked once more. Call it when
    /// the data connection stands.
    ///
    /// # Cancel safety
    ///
    /// A cancelled call leaves nothing behind.
    pub async fn begin_upload(&self, target: Target) -> Result<Upload, StorageError> {
        let _ = target;
        todo!()
    }

    /// Creates one directory. Needs `Mkdir`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] for anything at `path`, `NotFound` if its parent is missing.
    pub async fn create_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        let _ = path;
        todo!()
    }

    /// Removes a file or a symbolic link, never its target. Needs `Delete`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`]; [`StorageError::Busy`] while it is written in place.
    pub async fn remove_file(&self, path: &VirtualPath) -> Result<Removed, StorageError> {
        let _ = path;
        todo!()
    }

    /// Removes an empty directory; leftovers of staged uploads do not count. Needs `Rmdir`.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotEmpty`], [`StorageError::NotDirectory`], [`StorageError::Root`],
    /// [`StorageError::Busy`] while something is uploaded into it.
    pub async fn remove_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        let _ = path;
        todo!()
    }

    /// Checks that `path` can be the source of a rename (`RNFR`). Needs `Rename`.
    pub async fn rename_source(&self, path: &VirtualPath) -> Result<(), StorageError> {
        let _ = path;
        todo!()
    }

    /// Renames or moves; a symbolic link is moved itself. Needs `Rename` and `Upload`, and
    /// `Overwrite` if a file stands at `to`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] if `to` is a directory, or a file and the source a directory;
    /// [`StorageError::IntoItself`], [`StorageError::CrossesMount`], [`StorageError::Busy`].
    pub async fn rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
    ) -> Result<Renamed, StorageError> {
        let _ = (from, to);
        todo!()
    }

    /// Sets the time of last modification (`MFMT`). Needs `Mtime`.
    pub async fn set_modified(
        &self,
        path: &VirtualPath,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let _ = (path, at);
        todo!()
    }

    /// Sets the permission bits (`SITE CHMOD`); all but `0o777` is ignored. Needs `Chmod`.
    pub async fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<(), StorageError> {
        let _ = (path, mode);
        todo!()
    }

    /// Room on the file system. Needs no permission.
    pub async fn space(&self) -> Result<Space, StorageError> {
        todo!()
    }
}

impl LocalHome {
    /// Counts the whole home: apparent sizes, every hard link, links as one file of 0 bytes, staged
    /// uploads not at all. Exact only while nothing changes. For the ledger; asks no permission.
    pub async fn count(&self) -> Result<Usage, StorageError> {
        todo!()
    }

    /// Removes staged uploads that no session holds and that were last written before `older_than`.
    /// Returns how many.
    pub async fn sweep_staged(&self, older_than: Timestamp) -> Result<u64, StorageError> {
        let _ = older_than;
        todo!()
    }
}
