//! What a running transfer needs so that it may go on.

use crate::model::{Permission, VirtualPath};
use crate::vfs::{Home, StorageError};

/// A transfer at a path, and the permission that it lives by.
#[derive(Debug)]
pub(super) struct Errand {
    path: VirtualPath,
    needed: Permission,
}

impl Errand {
    /// A transfer that needs `needed` at `path`.
    pub(super) fn new(path: VirtualPath, needed: Permission) -> Self {
        Self { path, needed }
    }

    /// Whether it may go on in what the account sees of its home now. A disk that does not answer
    /// takes no right away.
    pub(super) async fn is_allowed(&self, home: &Home) -> bool {
        let judged = home.may(&self.path, self.needed).await;
        !matches!(
            judged,
            Err(StorageError::Denied(_) | StorageError::NotFound)
        )
    }
}
