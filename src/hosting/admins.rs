//! Administrators and their sign-ins in a browser.

use std::net::IpAddr;

use crate::model::{Actor, Admin, AdminId, Right, Role, Secret, SignedIn};
use crate::store::StoreError;

/// A cheap handle on the administrators.
#[derive(Clone, Debug)]
pub struct Admins;

/// What is needed to make an administrator.
#[derive(Clone, Debug)]
pub struct NewAdmin {
    /// Full name.
    pub name: String,
    /// E-mail address, to sign in with.
    pub email: String,
    /// Password, at least 12 characters.
    pub password: Secret,
    /// What the administrator may do.
    pub role: Role,
}

/// A sign-in that just succeeded.
#[derive(Debug)]
pub struct FreshSignIn {
    /// The token for the cookie; only its hash is stored.
    pub token: Secret,
    /// The sign-in.
    pub signed_in: SignedIn,
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Its address.
    pub ip: IpAddr,
    /// What it calls itself.
    pub user_agent: String,
}

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

impl Admins {
    /// Makes an administrator.
    pub async fn create(&self, actor: &Actor, new: NewAdmin) -> Result<Admin, AdminError> {
        todo!()
    }

    /// Sets the password and signs the administrator out everywhere.
    pub async fn reset_password(
        &self,
        actor: &Actor,
        email: &str,
        password: Secret,
    ) -> Result<Admin, AdminError> {
        todo!()
    }

    /// All administrators by name.
    pub async fn all(&self) -> Result<Vec<Admin>, AdminError> {
        todo!()
    }

    /// Checks e-mail address and password; the same answer and time for a wrong one of either.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<FreshSignIn, AdminError> {
        todo!()
    }

    /// The session behind a cookie's token; `None` if it expired (60 minutes idle, 12 hours in all)
    /// or was ended.
    pub async fn session(&self, token: &Secret) -> Result<Option<SignedIn>, AdminError> {
        todo!()
    }

    /// Ends the session.
    pub async fn sign_out(&self, session: &SignedIn, browser: &Browser) -> Result<(), AdminError> {
        todo!()
    }

    /// Remembers `auto`, `light` or `dark`.
    pub async fn set_theme(&self, id: AdminId, theme: &str) -> Result<(), AdminError> {
        todo!()
    }
}
