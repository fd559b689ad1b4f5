//! First run: while no owner exists, whoever can read the server's log may make one.

use crate::hosting::admins::{AdminError, Browser, FreshSignIn, NewAdmin};
use crate::model::Secret;

/// A cheap handle on the first run.
#[derive(Clone, Debug)]
pub struct Setup;

/// What can go wrong during the first run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An owner exists; the first run is over.
    #[error("the first run is over")]
    Over,
    /// The code is wrong.
    #[error("That code is not the one in the log. It changes at every start")]
    WrongCode,
    /// Too many wrong codes; a new one is printed at the next start.
    #[error("Too many wrong codes. Restart the server for a new one")]
    TooManyTries,
    /// The owner could not be made.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl Setup {
    /// Whether no owner exists.
    pub async fn is_open(&self) -> Result<bool, SetupError> {
        todo!()
    }

    /// The code to print in the log.
    pub fn code(&self) -> &Secret {
        todo!()
    }

    /// Checks the code and makes the owner, signed in.
    pub async fn create_owner(
        &self,
        code: &str,
        owner: NewAdmin,
        browser: &Browser,
    ) -> Result<FreshSignIn, SetupError> {
        todo!()
    }
}
