//! A home as one session sees it: the only place where permissions are checked.

use crate::clock::Timestamp;
use crate::model::{Permission, Permissions, VirtualPath};

use super::entry::{Download, Entry, Removed, Renamed, Space};
use super::error::StorageError;
use super::listing::Listing;
use super::local::{LocalHome, Overwrite};
use super::target::{Rights, Target, UploadMode};
use super::upload::Upload;

/// A home as one session sees it. Cheap to clone and to rebuild when permissions change.
///
/// Every method is one call to the disk: on the spot if it is prompt, else a hop to the blocking pool.
/// Every path is followed only inside the home; what
/// leads outside is [`StorageError::NotFound`]. Without `List` a missing name is reported as denied.
///
/// # Cancel safety
///
/// A call cannot be taken back: what a cancelled call began still happens, and what it would have
/// returned is lost until the next count. Await calls that remove, rename or commit to their end.
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
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(self.local.disk().short(move || local.enter(&path)).await)
    }

    /// Tells about `path`, links followed. Needs `List` or `Download`.
    pub async fn stat(&self, path: &VirtualPath) -> Result<Entry, StorageError> {
        if !self.has(Permission::Download) {
            self.need(Permission::List)?;
        }
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(self.local.disk().short(move || local.stat(&path)).await)
    }

    /// Reads a directory. Needs `List`.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotDirectory`] for a file: `stat` it instead.
    pub async fn list(&self, path: &VirtualPath) -> Result<Listing, StorageError> {
        self.need(Permission::List)?;
        let (local, path) = (self.local.clone(), path.clone());
        let disk = self.local.disk().clone();
        disk.short(move || Listing::open(&local, &path)).await
    }

    /// Opens a regular file for reading. Needs `Download`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`]; devices, pipes and sockets are [`StorageError::NotFound`].
    pub async fn open_read(&self, path: &VirtualPath) -> Result<Download, StorageError> {
        self.open(path, Permission::Download).await
    }

    /// Opens a regular file for reading, only to compute a checksum of it. Needs `Hash`.
    ///
    /// # Errors
    ///
    /// As [`Home::open_read`].
    pub async fn open_hash(&self, path: &VirtualPath) -> Result<Download, StorageError> {
        self.open(path, Permission::Hash).await
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
        let rights = self.rights();
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || Target::check(&local, &path, mode, rights))
                .await,
        )
    }

    /// Begins the upload that `target` was checked for; everything is checked once more. Call it when
    /// the data connection stands.
    ///
    /// # Cancel safety
    ///
    /// A cancelled call leaves nothing behind.
    pub async fn begin_upload(&self, target: Target) -> Result<Upload, StorageError> {
        self.veiled(self.local.disk().short(move || Upload::begin(target)).await)
    }

    /// Creates one directory. Needs `Mkdir`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] for anything at `path`, `NotFound` if its parent is missing.
    pub async fn create_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        self.need(Permission::Mkdir)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.create_dir(&path))
                .await,
        )
    }

    /// Removes a file or a symbolic link, never its target. Needs `Delete`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`]; [`StorageError::Busy`] while it is written in place.
    pub async fn remove_file(&self, path: &VirtualPath) -> Result<Removed, StorageError> {
        self.need(Permission::Delete)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.remove_file(&path))
                .await,
        )
    }

    /// Removes an empty directory; leftovers of staged uploads do not count. Needs `Rmdir`.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotEmpty`], [`StorageError::NotDirectory`], [`StorageError::Root`],
    /// [`StorageError::Busy`] while something is uploaded into it.
    pub async fn remove_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        self.need(Permission::Rmdir)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.remove_dir(&path))
                .await,
        )
    }

    /// Checks that `path` can be the source of a rename (`RNFR`). Needs `Rename`.
    pub async fn rename_source(&self, path: &VirtualPath) -> Result<(), StorageError> {
        self.need(Permission::Rename)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.rename_source(&path))
                .await,
        )
    }

    /// Renames or moves; a symbolic link is moved itself. Needs `Rename` and `Upload`, and
    /// `Overwrite` if a file stands at `to`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`] if `to` is a directory; [`StorageError::Exists`] if it is a file
    /// that may not be replaced, or not by a directory;
    /// [`StorageError::IntoItself`], [`StorageError::CrossesMount`], [`StorageError::Busy`].
    pub async fn rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
    ) -> Result<Renamed, StorageError> {
        self.need(Permission::Rename)?;
        self.need(Permission::Upload)?;
        let overwrite = if self.has(Permission::Overwrite) {
            Overwrite::Allow
        } else {
            Overwrite::Refuse
        };
        let local = self.local.clone();
        let (from, to) = (from.clone(), to.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.rename(&from, &to, overwrite))
                .await,
        )
    }

    /// Sets the time of last modification (`MFMT`). Needs `Mtime`.
    pub async fn set_modified(
        &self,
        path: &VirtualPath,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.need(Permission::Mtime)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.set_modified(&path, at))
                .await,
        )
    }

    /// Sets the permission bits (`SITE CHMOD`); all but `0o777` is ignored, and the service keeps what
    /// it needs itself: reading files, everything on directories. Needs `Chmod`.
    pub async fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<(), StorageError> {
        self.need(Permission::Chmod)?;
        let (local, path) = (self.local.clone(), path.clone());
        self.veiled(
            self.local
                .disk()
                .short(move || local.set_mode(&path, mode))
                .await,
        )
    }

    /// Room on the file system. Needs no permission.
    pub async fn space(&self) -> Result<Space, StorageError> {
        let local = self.local.clone();
        let disk = self.local.disk().clone();
        disk.short(move || local.space()).await
    }

    async fn open(&self, path: &VirtualPath, needed: Permission) -> Result<Download, StorageError> {
        self.need(needed)?;
        let (local, path) = (self.local.clone(), path.clone());
        let disk = self.local.disk();
        self.veiled(disk.short(move || local.open_read(&path)).await)
    }

    fn has(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    fn need(&self, permission: Permission) -> Result<(), StorageError> {
        if self.has(permission) {
            return Ok(());
        }
        Err(StorageError::Denied(permission))
    }

    fn rights(&self) -> Rights {
        Rights {
            append: self.has(Permission::Append),
            create: self.has(Permission::Upload),
            replace: self.has(Permission::Overwrite),
        }
    }

    /// Who may not list does not learn either which names exist: missing and denied sound the same.
    fn veiled<T>(&self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        match result {
            Err(StorageError::NotFound) if !self.has(Permission::List) => {
                Err(StorageError::Denied(Permission::List))
            }
            result => result,
        }
    }
}
