//! What is counted against a limit.

/// Bytes and files that an account or a customer holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Sum of the apparent sizes of all files, in bytes.
    pub bytes: u64,
    /// Number of files (directories are not counted).
    pub files: u64,
}

/// Whose limit is meant.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Scope {
    /// The account's own limit.
    Account,
    /// The pool that all accounts of a customer share.
    Customer,
}

/// The identity of a file on disk, whatever its name: device and inode number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileKey {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}
