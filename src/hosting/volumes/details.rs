//! What goes into a volume and what is known about it.

use std::path::PathBuf;

use super::condition::Condition;
use crate::clock::Timestamp;
use crate::model::StorageVolume;
use crate::vfs::Space;

/// Where the data directory is, and what in it holds the first volume.
#[derive(Clone, Debug)]
pub struct DataFolders {
    /// The data directory.
    pub data: PathBuf,
    /// The folder of the first volume.
    pub files: PathBuf,
}

/// What is needed to add a volume.
#[derive(Clone, Debug)]
pub struct NewVolume {
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// The folder, absolute; it is made if it is missing.
    pub root: String,
    /// Bytes that uploads leave free there; `None` follows the settings.
    pub reserve: Option<u64>,
    /// Whether new accounts go there from now on.
    pub is_default: bool,
}

/// The part of a volume that an administrator edits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VolumeSettings {
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// The folder, after it was moved; that of the first volume does not change.
    pub root: String,
    /// Bytes that uploads leave free there; `None` follows the settings.
    pub reserve: Option<u64>,
    /// Whether it takes no new accounts.
    pub is_closed: bool,
    /// Whether new accounts go there unless told otherwise.
    pub is_default: bool,
}

impl VolumeSettings {
    /// The settings of `volume`.
    pub fn of(volume: &StorageVolume) -> Self {
        Self {
            name: volume.name.clone(),
            root: volume.root.clone(),
            reserve: volume.reserve,
            is_closed: volume.is_closed,
            is_default: volume.is_default,
        }
    }
}

/// A volume as it was found.
#[derive(Clone, Debug)]
pub struct VolumeReport {
    /// The volume, as stored.
    pub volume: StorageVolume,
    /// Its folder.
    pub root: PathBuf,
    /// How it was found.
    pub condition: Condition,
    /// Room there, when it was looked at last; `None` if it could not be asked.
    pub space: Option<Space>,
    /// When it was looked at last.
    pub looked_at: Timestamp,
    /// Whether its accounts can log in.
    pub is_open: bool,
}
