//! What can go wrong with an account.

use crate::hosting::quota::Limits;
use crate::model::{Right, Usage, Username};
use crate::store::StoreError;

/// What can go wrong with an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("no such account")]
    NotFound,
    /// There is no such customer.
    #[error("no such customer")]
    NoSuchCustomer,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// Another account has the name.
    #[error("{0} is taken")]
    Taken(Username),
    /// The customer has as many accounts as it may.
    #[error("the customer may have {limit} accounts")]
    TooManyAccounts {
        /// The limit.
        limit: u64,
    },
    /// What the account holds does not fit into what is free in the storage of its customer.
    #[error("the storage of the customer has no room for it")]
    NoRoom {
        /// What it holds.
        held: Usage,
        /// What is free.
        free: Limits,
    },
    /// The account held files when it was deleted, and nothing lies where they should be.
    #[error("{0} files are not where they should be")]
    FilesMissing(u64),
    /// Somebody else saved first.
    #[error("the account was changed meanwhile")]
    Stale,
    /// Something lies where the home of a new account would be.
    #[error("files of somebody else lie in {0}; try again, and another folder is taken")]
    HomeTaken(String),
    /// The volume does not exist, or takes no new accounts.
    #[error(transparent)]
    Volume(#[from] crate::hosting::volumes::VolumeError),
    /// The home could not be made or removed.
    #[error("the home folder is not usable")]
    Home(#[from] crate::vfs::StorageError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] crate::hosting::passwords::PasswordError),
    /// The database failed.
    #[error("accounts are not available")]
    Store(StoreError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            other => Self::Store(other),
        }
    }
}
