//! What an account may do at a path, symbolic links followed: the path as it was given and the place
//! that it leads to must both allow it.

use std::path::Path;

use crate::model::{Access, Permission, Permissions, VirtualPath};

use super::beneath::relative;
use super::error::StorageError;
use super::local::LocalHome;

/// Whether a symbolic link at the end of a path is followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// It stands for what it leads to.
    Followed,
    /// It is meant itself.
    Itself,
}

/// What may be done at a path, and where it leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judgement {
    /// What both the path and its place allow.
    pub permissions: Permissions,
    /// Whether nothing may be known of the path.
    pub is_hidden: bool,
    /// The place that links lead to; `None` if the path is its own place, or is hidden by its name.
    pub leads_to: Option<VirtualPath>,
}

/// What may be done at one path.
#[derive(Clone, Debug)]
pub(super) struct Ruling {
    /// What both the path and its place allow.
    pub(super) permissions: Permissions,
    /// The place that the path leads to, if links make it another one.
    pub(super) real: Option<VirtualPath>,
    is_hidden: bool,
    lists_parent: bool,
}

impl Ruling {
    /// Judges `path`. Blocking where there are rules; then the caller holds
    /// [`LocalHome::hold_names`], so that the place is still the same when something is done there.
    ///
    /// # Errors
    ///
    /// What the disk says if it cannot tell where the path leads.
    pub(super) fn of(
        local: &LocalHome,
        access: &Access,
        (path, end): (&VirtualPath, End),
    ) -> Result<Self, StorageError> {
        let mut ruling = Self::lexical(access, path);
        if !access.has_rules() || ruling.is_hidden {
            return Ok(ruling);
        }
        let seen = real(local, relative(path).as_ref())?;
        if let Some(seen) = &seen {
            // A link into a hidden folder does not exist either.
            ruling.is_hidden = access.at(seen).is_hidden;
        }
        let place = match (seen, end) {
            (Some(seen), End::Followed) => Some(seen),
            _ => real_parent(local, path)?,
        };
        if let Some(place) = place.filter(|place| place != path) {
            ruling.narrow(&Self::lexical(access, &place));
            ruling.real = Some(place);
        }
        Ok(ruling)
    }

    /// Judges `path` as it is written.
    fn lexical(access: &Access, path: &VirtualPath) -> Self {
        let verdict = access.at(path);
        Self {
            permissions: verdict.permissions,
            real: None,
            is_hidden: verdict.is_hidden,
            lists_parent: lists_parent(access, path),
        }
    }

    fn narrow(&mut self, other: &Self) {
        self.permissions = self.permissions.and(other.permissions);
        self.is_hidden |= other.is_hidden;
        self.lists_parent &= other.lists_parent;
    }

    /// Whether `permission` holds.
    pub(super) fn has(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// Checks that something may be done at the path.
    ///
    /// # Errors
    ///
    /// [`StorageError::Denied`]; [`StorageError::NotFound`] where nothing may be known of it.
    pub(super) fn need(&self, permission: Permission) -> Result<(), StorageError> {
        if !self.has(permission) {
            return Err(StorageError::Denied(permission));
        }
        self.see()
    }

    /// Checks that the path is not hidden.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`].
    pub(super) fn see(&self) -> Result<(), StorageError> {
        if self.is_hidden {
            return Err(StorageError::NotFound);
        }
        Ok(())
    }

    /// What an administrator may know of it.
    pub(super) fn told(&self) -> Judgement {
        Judgement {
            permissions: self.permissions,
            is_hidden: self.is_hidden,
            leads_to: self.real.clone(),
        }
    }

    /// As [`veiled`], for this path.
    pub(super) fn veiled<T>(&self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        veiled(self.lists_parent, result)
    }
}

/// Whether the account may see the names beside `path`.
pub(super) fn lists_parent(access: &Access, path: &VirtualPath) -> bool {
    access.at(&path.parent()).permissions.has(Permission::List)
}

/// Who may not list does not learn either which names exist: missing and denied sound the same.
pub(super) fn veiled<T>(lists: bool, result: Result<T, StorageError>) -> Result<T, StorageError> {
    match result {
        Err(StorageError::NotFound) if !lists => Err(StorageError::Denied(Permission::List)),
        result => result,
    }
}

/// Where `path` leads; `None` if nothing is there. Blocking.
///
/// # Errors
///
/// Whatever else the disk says: what cannot be judged is not allowed.
pub(super) fn real(local: &LocalHome, path: &Path) -> Result<Option<VirtualPath>, StorageError> {
    match local.root().real(path) {
        Ok(real) => Ok(Some(known(&real))),
        Err(StorageError::NotFound | StorageError::NotDirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The place of the name at the end of `path`; `None` if there is no such directory.
fn real_parent(local: &LocalHome, path: &VirtualPath) -> Result<Option<VirtualPath>, StorageError> {
    let Some(name) = path.name() else {
        return Ok(Some(path.clone()));
    };
    let parent = real(local, relative(&path.parent()).as_ref())?;
    Ok(parent.map(|parent| parent.resolve(name).unwrap_or(parent)))
}

/// `path` as far as a rule can speak of it. What cannot be written as a component cannot be one of a
/// rule either, so that nothing below it changes the verdict.
fn known(path: &Path) -> VirtualPath {
    let mut known = VirtualPath::root();
    for component in path.components() {
        let name = component.as_os_str().to_str();
        let Some(Ok(next)) = name.map(|name| known.resolve(name)) else {
            break;
        };
        known = next;
    }
    known
}
