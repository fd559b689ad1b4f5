//! Sign-ins of administrators.

use super::admins::{AdminColumns, admin_columns};
use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::RowName;
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AdminId, Secret, SignedIn, WebSession, WebSessionId};

macro_rules! columns {
    () => {
        "s.admin_session_id, s.token_hash, s.csrf, s.admin_id AS session_admin_id,
         s.created_at AS session_created_at, s.last_seen_at, s.expires_at, s.ip, s.user_agent"
    };
}

queries! {
    BY_TOKEN = concat!(
        "SELECT ", columns!(), ", ", admin_columns!(),
        " FROM admin_session s JOIN admin d ON d.admin_id = s.admin_id WHERE s.token_hash = $1"
    );
    OF_ADMIN = concat!(
        "SELECT ", columns!(),
        " FROM admin_session s WHERE s.admin_id = $1
          ORDER BY s.last_seen_at DESC, s.admin_session_id DESC"
    );
    INSERT = "
        INSERT INTO admin_session (
            admin_session_id, token_hash, csrf, admin_id, created_at, last_seen_at, expires_at, ip,
            user_agent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    TOUCH = "
        UPDATE admin_session SET last_seen_at = $2, expires_at = $3 WHERE admin_session_id = $1";
    DELETE = "DELETE FROM admin_session WHERE admin_session_id = $1";
    DELETE_OF_ADMIN = "DELETE FROM admin_session WHERE admin_id = $1";
    DELETE_EXPIRED = "DELETE FROM admin_session WHERE expires_at <= $1";
}

#[derive(sqlx::FromRow)]
struct SessionColumns {
    admin_session_id: String,
    token_hash: String,
    csrf: String,
    session_admin_id: String,
    session_created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    ip: String,
    user_agent: String,
}

impl SessionColumns {
    fn read(self) -> Result<WebSession, StoreError> {
        let row = RowName {
            table: "admin_session",
            id: &self.admin_session_id,
        };
        Ok(WebSession {
            id: row.parse("admin_session_id", &self.admin_session_id)?,
            admin_id: row.parse("admin_id", &self.session_admin_id)?,
            token_hash: self.token_hash,
            csrf: Secret::new(self.csrf),
            created_at: Timestamp::from_millis(self.session_created_at),
            last_seen_at: Timestamp::from_millis(self.last_seen_at),
            expires_at: Timestamp::from_millis(self.expires_at),
            ip: self.ip,
            user_agent: self.user_agent,
        })
    }
}

#[derive(sqlx::FromRow)]
struct SignedInColumns {
    #[sqlx(flatten)]
    session: SessionColumns,
    #[sqlx(flatten)]
    admin: AdminColumns,
}

impl Db {
    /// The sign-in with this token hash and who signed in, whether or not it has expired.
    pub async fn web_session(&self, token_hash: &str) -> Result<Option<SignedIn>, StoreError> {
        let row: Option<SignedInColumns> = on_reader!(self, |pool| sqlx::query_as(BY_TOKEN)
            .bind(token_hash)
            .fetch_optional(pool)
            .await)?;
        row.map(|row| {
            Ok(SignedIn {
                session: row.session.read()?,
                admin: row.admin.read()?,
            })
        })
        .transpose()
    }

    /// The sign-ins of an administrator, the latest seen first.
    pub async fn web_sessions_of(&self, admin_id: AdminId) -> Result<Vec<WebSession>, StoreError> {
        let found: Vec<SessionColumns> = on_reader!(self, |pool| sqlx::query_as(OF_ADMIN)
            .bind(admin_id.to_string())
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(SessionColumns::read).collect()
    }
}

impl Tx {
    /// Adds a sign-in.
    pub async fn insert_web_session(&mut self, session: &WebSession) -> Result<(), StoreError> {
        execute!(
            self,
            INSERT,
            session.id.to_string(),
            &session.token_hash,
            session.csrf.expose(),
            session.admin_id.to_string(),
            session.created_at.as_millis(),
            session.last_seen_at.as_millis(),
            session.expires_at.as_millis(),
            &session.ip,
            &session.user_agent
        )?;
        Ok(())
    }

    /// Notes a request and moves the end; `false` if the sign-in is gone.
    pub async fn touch_web_session(
        &mut self,
        id: WebSessionId,
        seen: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            TOUCH,
            id.to_string(),
            seen.as_millis(),
            expires.as_millis()
        )?;
        Ok(affected > 0)
    }

    /// Ends a sign-in; `false` if it is gone already.
    pub async fn delete_web_session(&mut self, id: WebSessionId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string())?;
        Ok(affected > 0)
    }

    /// Ends every sign-in of an administrator and returns how many there were.
    pub async fn delete_web_sessions_of(&mut self, admin_id: AdminId) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_OF_ADMIN, admin_id.to_string())?;
        Ok(affected)
    }

    /// Removes sign-ins that have ended by `now` and returns how many there were.
    pub async fn delete_expired_web_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_EXPIRED, now.as_millis())?;
        Ok(affected)
    }
}
