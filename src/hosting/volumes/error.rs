//! What can go wrong with a volume.

use crate::model::{Right, VolumeMark};
use crate::store::{Conflict, StoreError};
use crate::vfs::StorageError;

/// Why the volumes cannot be opened at the start.
#[derive(Debug, thiserror::Error)]
pub enum OpenVolumesError {
    /// The folder of the data directory can be neither used nor made.
    #[error("the data folder {path} cannot be used: {source}")]
    DataDir {
        /// The folder.
        path: String,
        /// What the storage said.
        source: StorageError,
    },
    /// The folder of the data directory holds nothing, and the books say otherwise.
    #[error(
        "the data folder {path} is empty, but accounts hold {files} files: is its disk not mounted?          Mount it, or put a file there if the files are gone for good"
    )]
    FilesMissing {
        /// The folder.
        path: String,
        /// What accounts hold.
        files: u64,
    },
    /// The database failed.
    #[error("volumes are not available")]
    Store(#[from] StoreError),
}

/// Why a volume cannot be added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// There is no such volume.
    #[error("no such volume")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// The name is empty or longer than 60 characters.
    #[error("Name must be 1 to 60 characters")]
    BadName,
    /// Another volume has the name.
    #[error("{0} is taken")]
    Taken(String),
    /// The folder cannot hold a volume.
    #[error(transparent)]
    Root(#[from] RootError),
    /// New accounts go there; another volume must become the default first.
    #[error("new accounts go to this volume; make another one the default first")]
    IsDefault,
    /// It takes no new accounts.
    #[error("{0} takes no new accounts")]
    Closed(String),
    /// It is not there.
    #[error("{0} is not available")]
    Missing(String),
    /// It belongs to the data directory.
    #[error("the first volume belongs to the data directory and stays")]
    IsFirst,
    /// Accounts, or files of deleted accounts, are there.
    #[error("{accounts} accounts and the files of {deleted} deleted ones are on the volume")]
    InUse {
        /// Accounts that live there.
        accounts: u64,
        /// Deleted accounts whose files still lie there.
        deleted: u64,
    },
    /// Only a folder without a mark can be marked again.
    #[error("the folder does not lack its mark")]
    NotUnmarked,
    /// Somebody else saved first.
    #[error("the volume was changed meanwhile")]
    Stale,
    /// The database failed.
    #[error("volumes are not available")]
    Store(StoreError),
}

/// Why a folder cannot hold a volume. The messages are shown beside the field.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Nothing was typed, or no path from the root of the file system.
    #[error("Folder must be an absolute path, for example /disks/two")]
    Relative,
    /// Longer than a path may be, with a control character or with a `..`.
    #[error("Folder must be a plain path without “..”, of 1,000 bytes or fewer")]
    Unusual,
    /// The system itself lives there.
    #[error("{0} belongs to the system. Choose a folder of its own, for example on a second disk")]
    System(String),
    /// The data directory, or around it.
    #[error("This folder is or holds the data directory. Choose a folder outside it")]
    DataDirectory,
    /// On the disk of the data directory, and in it.
    #[error(
        "This folder lies in the data directory. Choose a folder outside, or mount a disk there"
    )]
    InDataDirectory,
    /// Another volume has it.
    #[error("{0} has this folder already")]
    Same(String),
    /// In the folder of another volume.
    #[error("This folder lies in that of {0}")]
    Inside(String),
    /// Around the folder of another volume.
    #[error("This folder holds that of {0}")]
    Holds(String),
    /// A file.
    #[error("This is a file, not a folder")]
    NotDirectory,
    /// It does not exist and cannot be made, or nobody may look at it.
    #[error("The folder cannot be made or opened: {0}")]
    Unusable(std::io::Error),
    /// It holds the mark of a volume.
    #[error(
        "The folder belongs to a volume already: it holds the file {}",
        VolumeMark::FILE
    )]
    Marked,
    /// It does not hold the mark of the volume that was moved there.
    #[error(
        "The folder is not that of this volume: its file {} is missing or another one",
        VolumeMark::FILE
    )]
    NotMoved,
    /// A probe could not be written.
    #[error("The server cannot write to the folder: {0}")]
    Unwritable(StorageError),
    /// It does not answer.
    #[error("The folder does not answer")]
    Silent,
}

impl From<StoreError> for VolumeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::Conflict(Conflict::DefaultVolume) => Self::IsDefault,
            other => Self::Store(other),
        }
    }
}
