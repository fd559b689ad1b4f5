//! Where uploads go: what stands there, and whether it may be replaced or continued.

use std::ffi::OsString;

use cap_std::fs::Dir;
use rustix::fs::Stat;

use crate::model::{FileKey, Permission, VirtualPath};

use super::beneath::Place;
use super::entry::{Kind, Removed, kind, removed, size};
use super::error::StorageError;
use super::guard::{InFlight, Remnant};
use super::local::{LocalHome, directory_key, free_to_vanish, is_promised};
use super::name;

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

/// What a session may do to the file at a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    /// Continue an existing file.
    pub(super) append: bool,
    /// Create a file, or complete one that an interrupted upload began.
    pub(super) create: bool,
    /// Replace an existing file.
    pub(super) replace: bool,
}

/// A place for an upload that was checked and may be begun. A `Unique` name is held until dropped.
#[derive(Debug)]
pub struct Target {
    pub(super) home: LocalHome,
    pub(super) path: VirtualPath,
    // Held open: what happens to the path until the upload begins does not matter.
    pub(super) place: Place,
    pub(super) mode: UploadMode,
    pub(super) rights: Rights,
    pub(super) promise: Option<Promise>,
    existing: Option<Removed>,
    offset: u64,
}

/// A name held for `STOU`; dropping it gives the name free.
#[derive(Debug)]
pub(super) struct Promise {
    home: LocalHome,
    name: (FileKey, OsString),
}

/// What an upload will do at its place.
#[derive(Debug)]
pub(super) enum Plan {
    /// Write in place, beginning at `offset` bytes.
    Continue { standing: Stat, offset: u64 },
    /// Stage a whole file and replace this.
    Stage { replaced: Option<Removed> },
}

impl UploadMode {
    /// Whether the upload brings a whole file, whatever stands there.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Append => false,
            Self::Replace | Self::Unique { .. } => true,
            Self::Resume { offset } => *offset == 0,
        }
    }
}

impl Target {
    /// Checks `path`, or finds a name in the directory `path` if it shall be unique.
    pub(super) fn check(
        home: &LocalHome,
        path: &VirtualPath,
        mode: UploadMode,
        rights: Rights,
    ) -> Result<Self, StorageError> {
        if let UploadMode::Unique { hint } = mode {
            return Self::unique(home, path, hint.as_deref(), rights);
        }
        name::creatable(path)?;
        let looked_at = home.root().look_at(path);
        let (place, standing) = looked_at.map_err(root_is_directory)?;
        check_room(home, &place.dir)?;
        let state = home.lock();
        if is_promised(&state, &place)? {
            return Err(StorageError::Busy);
        }
        let plan = Plan::new(home, &state, standing, (&mode, rights))?;
        drop(state);
        let (existing, offset) = match plan {
            Plan::Continue { standing, offset } => (Some(removed(&standing)), offset),
            Plan::Stage { replaced } => (replaced, 0),
        };
        Ok(Self {
            home: home.clone(),
            path: path.clone(),
            place,
            mode,
            rights,
            promise: None,
            existing,
            offset,
        })
    }

    fn unique(
        home: &LocalHome,
        dir: &VirtualPath,
        hint: Option<&str>,
        rights: Rights,
    ) -> Result<Self, StorageError> {
        if !rights.create {
            return Err(StorageError::Denied(Permission::Upload));
        }
        for attempt in 0..UNIQUE_ATTEMPTS {
            let name = name::unique(hint, attempt);
            let path = dir.resolve(&name).map_err(|_| StorageError::IllegalName)?;
            name::creatable(&path)?;
            let place = home.root().place(&path)?;
            check_room(home, &place.dir)?;
            let Some(promise) = Promise::make(home, &place)? else {
                continue;
            };
            return Ok(Self {
                home: home.clone(),
                path,
                place,
                mode: UploadMode::Replace,
                rights: Rights {
                    replace: false,
                    ..rights
                },
                promise: Some(promise),
                existing: None,
                offset: 0,
            });
        }
        Err(StorageError::Exists)
    }

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

impl Promise {
    /// Holds the name of `place`; `None` if it is taken.
    fn make(home: &LocalHome, place: &Place) -> Result<Option<Self>, StorageError> {
        let name = (directory_key(&place.dir)?, place.name.clone());
        let mut state = home.lock();
        if place.stat()?.is_some() || !state.promised.insert(name.clone()) {
            return Ok(None);
        }
        let home = home.clone();
        Ok(Some(Self { home, name }))
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.home.lock().promised.remove(&self.name);
    }
}

impl Plan {
    /// Decides under the home's lock what an upload to the place of `standing` will do.
    pub(super) fn new(
        home: &LocalHome,
        state: &InFlight,
        standing: Option<Stat>,
        (mode, rights): (&UploadMode, Rights),
    ) -> Result<Self, StorageError> {
        let offset = match mode {
            UploadMode::Replace | UploadMode::Unique { .. } | UploadMode::Resume { offset: 0 } => {
                None
            }
            UploadMode::Resume { offset } => Some(*offset),
            UploadMode::Append => standing.as_ref().map(size),
        };
        let Some(offset) = offset else {
            let replaced = may_stand(home, state, standing.as_ref(), rights)?;
            return Ok(Self::Stage { replaced });
        };
        let standing = standing.ok_or(StorageError::OffsetBeyondEnd { size: 0 })?;
        may_continue(home, state, &standing, rights)?;
        if offset > size(&standing) {
            let size = size(&standing);
            return Err(StorageError::OffsetBeyondEnd { size });
        }
        Ok(Self::Continue { standing, offset })
    }
}

/// Checks that a whole file may take the place of `standing`, and tells what that frees.
pub(super) fn may_stand(
    home: &LocalHome,
    state: &InFlight,
    standing: Option<&Stat>,
    rights: Rights,
) -> Result<Option<Removed>, StorageError> {
    let needed = match standing {
        None => Permission::Upload,
        Some(standing) => match kind(standing) {
            Some(Kind::Directory) => return Err(StorageError::IsDirectory),
            None => return Err(StorageError::Exists),
            Some(Kind::File | Kind::Symlink) if is_partial(home, state, standing) => {
                Permission::Upload
            }
            Some(Kind::File | Kind::Symlink) => Permission::Overwrite,
        },
    };
    let is_granted = match needed {
        Permission::Upload => rights.create,
        _ => rights.replace,
    };
    if !is_granted {
        return Err(StorageError::Denied(needed));
    }
    standing
        .map(|standing| free_to_vanish(state, standing))
        .transpose()
}

/// Whether `standing` is the first part of a file that an interrupted upload left.
pub(super) fn is_partial(home: &LocalHome, state: &InFlight, standing: &Stat) -> bool {
    state.remnant(standing, home.now()) == Some(Remnant::Partial)
}

fn may_continue(
    home: &LocalHome,
    state: &InFlight,
    standing: &Stat,
    rights: Rights,
) -> Result<(), StorageError> {
    match kind(standing) {
        Some(Kind::File) => {}
        Some(Kind::Directory) => return Err(StorageError::IsDirectory),
        Some(Kind::Symlink) | None => return Err(StorageError::NotFound),
    }
    if !rights.append {
        return Err(StorageError::Denied(Permission::Append));
    }
    if state.remnant(standing, home.now()) == Some(Remnant::RolledBack) {
        return Err(StorageError::ResumeGuard);
    }
    free_to_vanish(state, standing).map(|_| ())
}

fn root_is_directory(error: StorageError) -> StorageError {
    match error {
        StorageError::Root => StorageError::IsDirectory,
        other => other,
    }
}

/// Refuses an upload into `dir` if its disk has no room left.
fn check_room(home: &LocalHome, dir: &Dir) -> Result<(), StorageError> {
    match home.room(&rustix::fs::fstat(dir)?) {
        Some(room) => room.take(dir, LEAST_ROOM_BYTES),
        None => Ok(()),
    }
}

/// Names tried for `STOU` before giving up; most of them are random.
const UNIQUE_ATTEMPTS: u32 = 200;
/// No upload begins on a disk that has not even this.
const LEAST_ROOM_BYTES: u64 = 1;
