//! What can go wrong with a quota.

use crate::model::{ByteSize, Scope};

/// What can go wrong with a quota.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuotaError {
    /// Not one more byte fits, or not as many as were announced.
    #[error("storage limit of the {} reached: {} of {} free", words(*.scope), ByteSize(*.free_bytes), ByteSize(*.limit_bytes))]
    Bytes {
        /// Whose limit.
        scope: Scope,
        /// Bytes that were still free, the replaced file included.
        free_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The file is larger than a file may be.
    #[error("larger than a file may be: {}", ByteSize(*.limit_bytes))]
    FileSize {
        /// The limit.
        limit_bytes: u64,
    },
    /// Not one more file fits.
    #[error("file limit of the {} reached: {limit_files} files", words(*.scope))]
    Files {
        /// Whose limit.
        scope: Scope,
        /// The limit.
        limit_files: u64,
    },
    /// The account was deleted meanwhile, or the database could not note that it is written to.
    #[error("quota ledger unavailable")]
    Unavailable,
}

fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::Account => "account",
        Scope::Customer => "customer",
    }
}
