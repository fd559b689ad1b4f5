//! A home as one session sees it: the only place where permissions and the rules for folders are
//! enforced.

use crate::clock::Timestamp;
use crate::model::{Access, Permission, Umask, VirtualPath};

use super::entry::{Download, Entry, Removed, Renamed};
use super::error::StorageError;
use super::listing::Listing;
use super::local::{LocalHome, Overwrite};
use super::room::Space;
use super::ruling::{End, Judgement, Ruling, lists_parent, veiled};
use super::target::{Rights, Target, UploadMode};
use super::upload::Upload;

/// A home as one session sees it. Cheap to clone and to rebuild when permissions change.
///
/// Where the account has rules for folders, what a call needs must hold at the path and, if symbolic
/// links lead on, at the place behind them. A hidden path is [`StorageError::NotFound`].
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
    access: Access,
    umask: Umask,
}

impl Home {
    /// The view of `local` that `access` allows.
    pub fn new(local: LocalHome, access: impl Into<Access>) -> Self {
        let access = access.into();
        let umask = Umask::default();
        Self {
            local,
            access,
            umask,
        }
    }

    /// The same view; what is made through it, or given other permission bits, gets none of `umask`.
    #[must_use]
    pub fn with_umask(self, umask: Umask) -> Self {
        Self { umask, ..self }
    }

    /// Checks that something may be done at `path`, links followed; whether anything stands there is
    /// not asked.
    ///
    /// # Errors
    ///
    /// [`StorageError::Denied`], [`StorageError::NotFound`] if the path is hidden, and what the disk
    /// says if it cannot tell where the path leads.
    pub async fn may(&self, path: &VirtualPath, needed: Permission) -> Result<(), StorageError> {
        self.judged((path, End::Followed), move |_, _, ruling| {
            ruling.need(needed)
        })
        .await
    }

    /// What may be done at `path`, links followed, and where these lead.
    ///
    /// # Errors
    ///
    /// What the disk says if it cannot tell where the path leads.
    pub async fn judge(&self, path: &VirtualPath) -> Result<Judgement, StorageError> {
        self.judged((path, End::Followed), |_, _, ruling| Ok(ruling.told()))
            .await
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
        self.judged((path, End::Followed), |local, path, ruling| {
            ruling.see()?;
            local.enter(path)
        })
        .await
    }

    /// Tells about `path`, links followed. Needs `List` or `Download`.
    pub async fn stat(&self, path: &VirtualPath) -> Result<Entry, StorageError> {
        self.judged((path, End::Followed), |local, path, ruling| {
            if !ruling.has(Permission::Download) {
                ruling.need(Permission::List)?;
            }
            ruling.see()?;
            local.stat(path, ruling.permissions)
        })
        .await
    }

    /// Reads a directory. Needs `List`.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotDirectory`] for a file: `stat` it instead.
    pub async fn list(&self, path: &VirtualPath) -> Result<Listing, StorageError> {
        let access = self.access.clone();
        self.judged((path, End::Followed), |local, path, ruling| {
            ruling.need(Permission::List)?;
            Listing::open(local, path, (access, ruling))
        })
        .await
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
        let access = self.access.clone();
        self.judged((path, End::Followed), move |local, path, ruling| {
            let is_unique = matches!(mode, UploadMode::Unique { .. });
            let target = match ruling.see() {
                // Whether the right or the path is missing is told as if nothing stood there.
                Err(_) if !ruling.has(Permission::Upload) => {
                    return Err(StorageError::Denied(Permission::Upload));
                }
                seen => seen.and_then(|()| Target::check(local, path, mode, rights(ruling)))?,
            };
            if is_unique && access.has_rules() {
                let chosen = (target.path(), End::Followed);
                Ruling::of(local, &access, chosen)?.need(Permission::Upload)?;
            }
            Ok(target)
        })
        .await
    }

    /// Begins the upload that `target` was checked for; everything is checked once more. Call it when
    /// the data connection stands.
    ///
    /// # Cancel safety
    ///
    /// A cancelled call leaves nothing behind.
    pub async fn begin_upload(&self, target: Target) -> Result<Upload, StorageError> {
        let (lists, umask) = (lists_parent(&self.access, target.path()), self.umask);
        let work = move || Upload::begin(target, umask);
        veiled(lists, self.local.disk().short(work).await)
    }

    /// Creates one directory. Needs `Mkdir`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] for anything at `path`, `NotFound` if its parent is missing.
    pub async fn create_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        let umask = self.umask;
        self.judged((path, End::Itself), move |local, path, ruling| {
            ruling.need(Permission::Mkdir)?;
            local.create_dir(path, umask)
        })
        .await
    }

    /// Removes a file or a symbolic link, never its target. Needs `Delete`.
    ///
    /// # Errors
    ///
    /// [`StorageError::IsDirectory`]; [`StorageError::Busy`] while it is written in place.
    pub async fn remove_file(&self, path: &VirtualPath) -> Result<Removed, StorageError> {
        self.judged((path, End::Itself), |local, path, ruling| {
            ruling.need(Permission::Delete)?;
            local.remove_file(path)
        })
        .await
    }

    /// Removes an empty directory; leftovers of staged uploads do not count. Needs `Rmdir`, also in
    /// every folder below that has a rule.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotEmpty`], [`StorageError::NotDirectory`], [`StorageError::Root`],
    /// [`StorageError::Busy`] while something is uploaded into it.
    pub async fn remove_dir(&self, path: &VirtualPath) -> Result<(), StorageError> {
        self.judged((path, End::Itself), |local, path, ruling| {
            ruling.need(Permission::Rmdir)?;
            local.remove_dir(path)
        })
        .await
    }

    /// Checks that `path` can be the source of a rename (`RNFR`). Needs `Rename`, also in every
    /// folder below that has a rule.
    pub async fn rename_source(&self, path: &VirtualPath) -> Result<(), StorageError> {
        self.judged((path, End::Itself), |local, path, ruling| {
            ruling.need(Permission::Rename)?;
            local.rename_source(path)
        })
        .await
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
        let (local, access) = (self.local.clone(), self.access.clone());
        let (from, to) = (from.clone(), to.clone());
        let work = move || {
            let _names = local.hold_names();
            let source = Ruling::of(&local, &access, (&from, End::Itself))?;
            let target = Ruling::of(&local, &access, (&to, End::Itself))?;
            let may_move = check_move(&access, (&from, &source), (&to, &target));
            let renamed = may_move.and_then(|()| local.rename(&from, &to, overwrite(&target)));
            source.veiled(target.veiled(renamed))
        };
        self.local.disk().short(work).await
    }

    /// Sets the time of last modification (`MFMT`). Needs `Mtime`.
    pub async fn set_modified(
        &self,
        path: &VirtualPath,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.judged((path, End::Followed), move |local, path, ruling| {
            ruling.need(Permission::Mtime)?;
            local.set_modified(path, at)
        })
        .await
    }

    /// Sets the permission bits (`SITE CHMOD`); all but `0o777` and what the umask takes is ignored, and
    /// the service keeps what it needs itself: reading files, everything on directories. Needs `Chmod`.
    pub async fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<(), StorageError> {
        let mode = self.umask.apply(mode);
        self.judged((path, End::Followed), move |local, path, ruling| {
            ruling.need(Permission::Chmod)?;
            local.set_mode(path, mode)
        })
        .await
    }

    /// Room on the file system. Needs no permission.
    pub async fn space(&self) -> Result<Space, StorageError> {
        let local = self.local.clone();
        let disk = self.local.disk().clone();
        disk.short(move || local.space()).await
    }

    async fn open(&self, path: &VirtualPath, needed: Permission) -> Result<Download, StorageError> {
        self.judged((path, End::Followed), move |local, path, ruling| {
            ruling.need(needed)?;
            local.open_read(path)
        })
        .await
    }

    /// Does `work` at a path that was judged. The one way from a session to the files at a path.
    async fn judged<T: Send + 'static>(
        &self,
        (path, end): (&VirtualPath, End),
        work: impl FnOnce(&LocalHome, &VirtualPath, &Ruling) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (local, access, path) = (self.local.clone(), self.access.clone(), path.clone());
        let work = move || {
            let _names = access.has_rules().then(|| local.hold_names());
            let ruling = Ruling::of(&local, &access, (&path, end))?;
            ruling.veiled(work(&local, &path, &ruling))
        };
        self.local.disk().short(work).await
    }
}

/// Checks that the account may move what stands at one path to another, by their names and by the
/// places that these lead to.
fn check_move(
    access: &Access,
    (from, source): (&VirtualPath, &Ruling),
    (to, target): (&VirtualPath, &Ruling),
) -> Result<(), StorageError> {
    source.need(Permission::Rename)?;
    target.need(Permission::Upload)?;
    access.check_move(from, to).map_err(StorageError::Denied)?;
    if source.real.is_none() && target.real.is_none() {
        return Ok(());
    }
    let real_from = source.real.as_ref().unwrap_or(from);
    let real_to = target.real.as_ref().unwrap_or(to);
    access
        .check_move(real_from, real_to)
        .map_err(StorageError::Denied)
}

fn overwrite(target: &Ruling) -> Overwrite {
    if target.has(Permission::Overwrite) {
        Overwrite::Allow
    } else {
        Overwrite::Refuse
    }
}

fn rights(ruling: &Ruling) -> Rights {
    Rights {
        append: ruling.has(Permission::Append),
        create: ruling.has(Permission::Upload),
        replace: ruling.has(Permission::Overwrite),
    }
}
