//! What can go wrong with an administrator.

use crate::model::Right;
use crate::store::StoreError;

/// What can go wrong with an administrator.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Wrong e-mail address or password; deliberately not which.
    #[error("E-mail or password is wrong")]
    Incorrect,
    /// Too many wrong tries from the address or for the administrator.
    #[error("Too many tries. Wait {wait_seconds} seconds")]
    TooManyTries {
        /// Seconds until the next try is looked at.
        wait_seconds: u64,
    },
    /// There is no such administrator.
    #[error("no such administrator")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// Another administrator has the address.
    #[error("{0} is taken")]
    Taken(String),
    /// The name is empty or too long.
    #[error("Name must be 1 to 120 characters")]
    BadName,
    /// The address is none.
    #[error("Enter an e-mail address like name@example.com")]
    BadEmail,
    /// The password is too short, too long or could not be hashed.
    #[error(transparent)]
    Password(#[from] crate::hosting::passwords::PasswordError),
    /// The database failed.
    #[error("administrators are not available")]
    Store(StoreError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
