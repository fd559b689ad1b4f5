//! What can go wrong with files of deleted accounts.

use crate::model::Right;
use crate::store::StoreError;

/// Why files of a deleted account cannot be shown or removed.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// There are none.
    #[error("no files of such a deleted account")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// They are being removed already.
    #[error("they are being removed already")]
    Purging,
    /// The database failed.
    #[error("files of deleted accounts are not available")]
    Store(#[from] StoreError),
}
