//! What goes into an administrator and into a sign-in.

use std::net::IpAddr;

use crate::model::{Role, Secret, SignedIn};

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
