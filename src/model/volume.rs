//! Volumes: folders of the host that hold homes.

use std::fmt;
use std::str::FromStr;

use super::Version;
use super::id::VolumeId;
use super::quota::Usage;
use crate::clock::Timestamp;

/// A folder of the host that holds homes, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StorageVolume {
    /// Never changes; the first one is [`VolumeId::FIRST`].
    pub id: VolumeId,
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// The folder, absolute; empty for the first volume, which is the data directory's own.
    pub root: String,
    /// What the mark in the folder says besides the id; empty while it has none.
    pub mark: String,
    /// Bytes that uploads leave free there; `None` follows the settings.
    pub reserve: Option<u64>,
    /// Whether it takes no new accounts.
    pub is_closed: bool,
    /// Whether new accounts go there unless told otherwise.
    pub is_default: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed by a person.
    pub updated_at: Timestamp,
    /// Raised by every change.
    pub version: Version,
}

/// A volume with what is booked on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VolumeRow {
    /// The volume.
    pub volume: StorageVolume,
    /// Accounts that live there.
    pub accounts: u64,
    /// What they hold, as last written down.
    pub usage: Usage,
    /// Deleted accounts whose files still lie there.
    pub deleted_accounts: u64,
    /// How much those were when the accounts were deleted.
    pub deleted: Usage,
}

/// What the file in the folder of a volume says, so that no other folder is taken for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VolumeMark {
    /// The volume.
    pub volume_id: VolumeId,
    /// Drawn once for every folder: two installations have a first volume each.
    pub token: String,
}

/// The text is no mark of a volume.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a mark of a volume")]
pub struct VolumeMarkError;

impl VolumeMark {
    /// The file that holds it, in the folder itself.
    pub const FILE: &str = ".quaymaster-volume";
    /// A longer file is no mark.
    pub const LIMIT_BYTES: usize = 256;
}

impl fmt::Display for VolumeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "volume {}", self.volume_id)?;
        writeln!(f, "mark {}", self.token)
    }
}

impl FromStr for VolumeMark {
    type Err = VolumeMarkError;

    fn from_str(text: &str) -> Result<Self, VolumeMarkError> {
        let mut lines = text.lines();
        let mut value = |key| lines.next().and_then(|line| line.strip_prefix(key));
        let volume_id = value("volume ").ok_or(VolumeMarkError)?;
        let token = value("mark ").ok_or(VolumeMarkError)?;
        if token.is_empty() || lines.next().is_some() {
            return Err(VolumeMarkError);
        }
        Ok(Self {
            volume_id: volume_id.parse().map_err(|_| VolumeMarkError)?,
            token: token.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_from_its_text() {
        let mark = VolumeMark {
            volume_id: VolumeId::FIRST,
            token: "t".to_owned(),
        };

        assert_eq!(mark.to_string().parse(), Ok(mark));
    }

    #[test]
    fn anything_else_is_no_mark() {
        let id = VolumeId::FIRST;
        for text in [
            String::new(),
            "volume x\nmark t\n".to_owned(),
            format!("volume {id}\n"),
            format!("volume {id}\nmark \n"),
            format!("volume {id}\nmark t\nmore\n"),
            format!("mark t\nvolume {id}\n"),
        ] {
            assert_eq!(text.parse::<VolumeMark>(), Err(VolumeMarkError), "{text:?}");
        }
    }
}
