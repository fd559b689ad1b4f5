//! One sign-in of an administrator in a browser.

use super::admin::Admin;
use super::id::{AdminId, WebSessionId};
use super::secret::Secret;
use crate::clock::Timestamp;

/// A sign-in, as stored. The token itself is known to the browser only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebSession {
    /// Never changes.
    pub id: WebSessionId,
    /// SHA-256 of the token, in hexadecimal.
    pub token_hash: String,
    /// What a form must send back.
    pub csrf: Secret,
    /// Who signed in.
    pub admin_id: AdminId,
    /// When.
    pub created_at: Timestamp,
    /// Last request.
    pub last_seen_at: Timestamp,
    /// When the sign-in ends by itself.
    pub expires_at: Timestamp,
    /// Where from; empty if unknown.
    pub ip: String,
    /// The browser, in its own words, cut to 200 characters.
    pub user_agent: String,
}

/// A sign-in together with who signed in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedIn {
    /// The sign-in.
    pub session: WebSession,
    /// Who it is.
    pub admin: Admin,
}
