//! What an account may do with its files.

use std::fmt;
use std::str::FromStr;

/// One right of an account over its files.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Permission {
    /// Resume and append to existing files.
    Append,
    /// Change the mode of files (`SITE CHMOD`).
    Chmod,
    /// Delete files.
    Delete,
    /// Read files.
    Download,
    /// Have checksums of files computed.
    Hash,
    /// See names, sizes and times.
    List,
    /// Create directories.
    Mkdir,
    /// Set modification times.
    Mtime,
    /// Replace existing files.
    Overwrite,
    /// Rename and move.
    Rename,
    /// Remove directories.
    Rmdir,
    /// Create files.
    Upload,
}

impl Permission {
    /// Every permission, in alphabetical order.
    pub const ALL: [Self; 12] = [
        Self::Append,
        Self::Chmod,
        Self::Delete,
        Self::Download,
        Self::Hash,
        Self::List,
        Self::Mkdir,
        Self::Mtime,
        Self::Overwrite,
        Self::Rename,
        Self::Rmdir,
        Self::Upload,
    ];

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Chmod => "chmod",
            Self::Delete => "delete",
            Self::Download => "download",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Mkdir => "mkdir",
            Self::Mtime => "mtime",
            Self::Overwrite => "overwrite",
            Self::Rename => "rename",
            Self::Rmdir => "rmdir",
            Self::Upload => "upload",
        }
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of [`Permission`]s.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Permissions(u16);

impl Permissions {
    /// No permission at all.
    pub const NONE: Self = Self(0);

    /// The set of exactly `permissions`.
    pub fn of(permissions: &[Permission]) -> Self {
        Self(
            permissions
                .iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }

    /// Every permission.
    pub fn all() -> Self {
        Self::of(&Permission::ALL)
    }

    /// Whether `permission` is in the set.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// What is in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set without `permission`.
    #[must_use]
    pub fn without(self, permission: Permission) -> Self {
        Self(self.0 & !permission.bit())
    }

    /// What is in the set, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        let all = Permission::ALL.into_iter();
        all.filter(move |permission| self.has(*permission))
    }
}

impl fmt::Display for Permissions {
    /// The names, separated by commas; `none` for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("none");
        }
        for (index, permission) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", permission.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Permissions {
    type Err = UnknownPermission;

    /// Reads what `Display` writes, or the name of a profile.
    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        if let Ok(profile) = text.parse::<PermissionProfile>() {
            return Ok(profile.permissions());
        }
        if text == "none" {
            return Ok(Self::NONE);
        }
        let named = |name: &str| {
            let mut all = Permission::ALL.into_iter();
            let found = all.find(|permission| permission.as_str() == name);
            found.ok_or_else(|| UnknownPermission(name.to_owned()))
        };
        let listed: Result<Vec<_>, _> = text.split(',').map(str::trim).map(named).collect();
        Ok(Self::of(&listed?))
    }
}

/// No permission has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown permission `{0}`: use a profile (full, no-delete, read-only, upload-only), none, or \
     some of append, chmod, delete, download, hash, list, mkdir, mtime, overwrite, rename, rmdir \
     and upload, separated by commas"
)]
pub struct UnknownPermission(String);

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The named sets that an administrator chooses from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PermissionProfile {
    /// Everything.
    #[default]
    Full,
    /// Everything but deleting, replacing and renaming.
    NoDelete,
    /// Look and download.
    ReadOnly,
    /// A drop box: create files and folders, see nothing.
    UploadOnly,
}

impl PermissionProfile {
    /// Every profile, most permissive first.
    pub const ALL: [Self; 4] = [Self::Full, Self::NoDelete, Self::ReadOnly, Self::UploadOnly];

    /// The permissions that the profile grants.
    pub fn permissions(self) -> Permissions {
        use Permission::{Append, Download, Hash, List, Mkdir, Mtime, Upload};
        match self {
            Self::Full => Permissions::all(),
            Self::NoDelete => {
                Permissions::of(&[Append, Download, Hash, List, Mkdir, Mtime, Upload])
            }
            Self::ReadOnly => Permissions::of(&[Download, Hash, List]),
            Self::UploadOnly => Permissions::of(&[Mkdir, Upload]),
        }
    }

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoDelete => "no-delete",
            Self::ReadOnly => "read-only",
            Self::UploadOnly => "upload-only",
        }
    }

    /// The name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Full => "Read and write",
            Self::NoDelete => "Write once",
            Self::ReadOnly => "Read only",
            Self::UploadOnly => "Drop box",
        }
    }
}

impl FromStr for PermissionProfile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or(UnknownProfile)
    }
}

/// No permission profile has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown permission profile: use full, no-delete, read-only or upload-only")]
pub struct UnknownProfile;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_box_can_neither_list_nor_read_nor_replace() {
        let permissions = PermissionProfile::UploadOnly.permissions();

        assert!(permissions.has(Permission::Upload));
        for denied in [
            Permission::List,
            Permission::Download,
            Permission::Overwrite,
        ] {
            assert!(!permissions.has(denied), "{denied:?}");
        }
    }

    #[test]
    fn every_set_reads_back_from_its_names() {
        for permissions in [
            Permissions::NONE,
            Permissions::all(),
            Permissions::of(&[Permission::List, Permission::Append]),
        ] {
            assert_eq!(permissions.to_string().parse(), Ok(permissions));
        }
        let typed = "list, upload".parse();
        assert_eq!(
            typed,
            Ok(Permissions::of(&[Permission::List, Permission::Upload]))
        );
        assert!("list,fly".parse::<Permissions>().is_err());
    }

    #[test]
    fn every_profile_reads_back_from_its_name() {
        for profile in PermissionProfile::ALL {
            assert_eq!(profile.as_str().parse(), Ok(profile));
        }
    }
}
