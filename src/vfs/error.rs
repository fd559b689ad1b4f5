//! What can go wrong with a file, told without host paths.

use std::io;

use rustix::io::Errno;

use crate::model::Permission;

/// What can go wrong with a file of an account.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another session writes to this file in place, or a live upload stands in this directory.
    #[error("file or directory is busy")]
    Busy,
    /// Source and target are on different file systems; nothing was copied.
    #[error("crosses a mount point")]
    CrossesMount,
    /// The account lacks this permission.
    #[error("permission {0:?} is missing")]
    Denied(Permission),
    /// The file system's own quota is used up (`EDQUOT`).
    #[error("disk quota exceeded")]
    DiskQuota,
    /// The name is taken.
    #[error("file exists")]
    Exists,
    /// The operating system refused: mode bits, owner or a read-only file system.
    #[error("refused by the operating system")]
    Forbidden,
    /// The name is longer than the file system takes, or cannot be a name at all.
    #[error("illegal file name")]
    IllegalName,
    /// A directory cannot be moved into itself.
    #[error("a directory cannot move into itself")]
    IntoItself,
    /// Anything else that the disk said.
    #[error("storage failed")]
    Io(#[source] io::Error),
    /// A file was expected and a directory found.
    #[error("is a directory")]
    IsDirectory,
    /// The name belongs to the server: it begins with [`STAGED_PREFIX`](super::STAGED_PREFIX).
    #[error("file name not allowed")]
    NameNotAllowed,
    /// The disk is full (`ENOSPC`).
    #[error("no space left on the disk")]
    NoSpace,
    /// A directory was expected and something else found.
    #[error("is not a directory")]
    NotDirectory,
    /// The directory still holds something.
    #[error("directory not empty")]
    NotEmpty,
    /// Nothing there, or nothing that may be seen: what leads out of the home and what is neither
    /// file nor directory does not exist for an account.
    #[error("no such file or directory")]
    NotFound,
    /// A restart beyond the end of the file (RFC 3659 §5), or of a file that does not exist.
    #[error("offset is beyond the end of the file, which has {size} bytes")]
    OffsetBeyondEnd {
        /// Size of the file in bytes.
        size: u64,
    },
    /// The last upload over this file was rolled back: what stands here is the version before it,
    /// so that continuing would splice two versions.
    #[error("previous upload was rolled back; the whole file is needed")]
    ResumeGuard,
    /// The home itself can be neither removed, renamed nor replaced.
    #[error("the home itself cannot be changed")]
    Root,
    /// The volume that holds the home is not there: a disk that is not mounted, most likely.
    #[error("the volume is not available")]
    Unavailable,
    /// The upload has ended; nothing more can be written to it.
    #[error("upload has ended")]
    UploadEnded,
}

impl From<Errno> for StorageError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::LOOP | Errno::NXIO => Self::NotFound,
            Errno::EXIST => Self::Exists,
            Errno::ISDIR => Self::IsDirectory,
            Errno::NOTDIR => Self::NotDirectory,
            Errno::NOTEMPTY => Self::NotEmpty,
            Errno::NAMETOOLONG | Errno::ILSEQ => Self::IllegalName,
            Errno::XDEV => Self::CrossesMount,
            Errno::NOSPC | Errno::FBIG => Self::NoSpace,
            Errno::DQUOT => Self::DiskQuota,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Forbidden,
            Errno::BUSY | Errno::TXTBSY => Self::Busy,
            other => Self::Io(other.into()),
        }
    }
}

impl From<io::Error> for StorageError {
    /// A path that would leave the home is reported by `cap-std` as a permission error without a
    /// number of the operating system; for the account there is nothing at such a path.
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => Self::NotFound,
                _ => Self::Io(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_a_kind() {
        let kind = |errno: Errno| StorageError::from(io::Error::from(errno));

        assert!(matches!(kind(Errno::NOSPC), StorageError::NoSpace));
        assert!(matches!(kind(Errno::DQUOT), StorageError::DiskQuota));
        assert!(matches!(kind(Errno::XDEV), StorageError::CrossesMount));
        assert!(matches!(kind(Errno::ROFS), StorageError::Forbidden));
        assert!(matches!(
            kind(Errno::NAMETOOLONG),
            StorageError::IllegalName
        ));
        assert!(matches!(kind(Errno::LOOP), StorageError::NotFound));
        assert!(matches!(kind(Errno::IO), StorageError::Io(_)));
    }

    #[test]
    fn a_way_out_of_the_home_leads_nowhere() {
        let escape = io::Error::new(io::ErrorKind::PermissionDenied, "led outside");

        assert!(matches!(StorageError::from(escape), StorageError::NotFound));
    }
}
