//! Sign-ins of administrators.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{AdminId, SignedIn, WebSession, WebSessionId};

impl Db {
    /// The sign-in with this token hash and who signed in, expired or not.
    pub async fn web_session(&self, token_hash: &str) -> Result<Option<SignedIn>, StoreError> {
        todo!()
    }

    /// The sign-ins of an administrator, latest first.
    pub async fn web_sessions_of(&self, admin_id: AdminId) -> Result<Vec<WebSession>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Adds a sign-in.
    pub async fn insert_web_session(&mut self, session: &WebSession) -> Result<(), StoreError> {
        todo!()
    }

    /// Notes a request and moves the end.
    pub async fn touch_web_session(
        &mut self,
        id: WebSessionId,
        seen: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends a sign-in.
    pub async fn delete_web_session(&mut self, id: WebSessionId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends every sign-in of an administrator and returns how many there were.
    pub async fn delete_web_sessions_of(&mut self, admin_id: AdminId) -> Result<u64, StoreError> {
        todo!()
    }

    /// Removes sign-ins that ended before `now`.
    pub async fn delete_expired_web_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
