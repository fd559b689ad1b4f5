//! How uploads end.

use crate::model::{Durability, FileKey, VirtualPath};

use super::entry::Removed;

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
    /// What was reached. Less than what was asked for only if the file stands under its name and
    /// the directory could not be synchronised: it counts, but it may not survive a power cut.
    pub durability: Durability,
    /// SHA-256 of the file in small hexadecimal digits, if the upload was complete and
    /// [`super::Upload::keep_checksum`] asked for it before the first byte of the file.
    pub sha256: Option<String>,
}

/// What became of an abandoned upload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Abandoned {
    /// In place: the file was cut back to where the upload began.
    CutBack(Committed),
    /// In place: the bytes that arrived stay, or the disk did not let them go.
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
