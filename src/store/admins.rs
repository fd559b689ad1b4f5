//! Administrators.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, folded, moment};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{Admin, AdminId, AdminStatus, PasswordHash, Version};

/// The columns of [`AdminColumns`].
macro_rules! admin_columns {
    () => {
        "d.admin_id, d.name, d.email, d.password_hash, d.role, d.status, d.theme,
         d.last_login_at, d.created_at, d.updated_at, d.version"
    };
}

pub(super) use admin_columns;

queries! {
    BY_ID = concat!("SELECT ", admin_columns!(), " FROM admin d WHERE d.admin_id = $1");
    BY_EMAIL = concat!("SELECT ", admin_columns!(), " FROM admin d WHERE d.email_key = $1");
    ALL = concat!("SELECT ", admin_columns!(), " FROM admin d ORDER BY d.name, d.admin_id");
    INSERT = "
        INSERT INTO admin (
            admin_id, name, email, email_key, password_hash, role, status, theme, last_login_at,
            created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    SAVE = "
        UPDATE admin
           SET name = $3, email = $4, email_key = $5, role = $6, status = $7, theme = $8,
               updated_at = $9, version = version + 1
         WHERE admin_id = $1 AND version = $2
        RETURNING version";
    SET_PASSWORD = "
        UPDATE admin SET password_hash = $2, updated_at = $3, version = version + 1
         WHERE admin_id = $1";
    RECORD_SIGN_IN = "UPDATE admin SET last_login_at = $2 WHERE admin_id = $1";
    DELETE = "DELETE FROM admin WHERE admin_id = $1";
    LOCK_OWNERS = "UPDATE admin SET version = version WHERE role = 'owner'";
    COUNT_OWNERS = "SELECT COUNT(*) FROM admin WHERE role = 'owner' AND status = 'active'";
}

/// An administrator as the engine returns it.
#[derive(sqlx::FromRow)]
pub(super) struct AdminColumns {
    admin_id: String,
    name: String,
    email: String,
    password_hash: String,
    role: String,
    status: String,
    theme: String,
    last_login_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: Version,
}

impl AdminColumns {
    /// Checks every column.
    pub(super) fn read(self) -> Result<Admin, StoreError> {
        let row = RowName {
            table: "admin",
            id: &self.admin_id,
        };
        Ok(Admin {
            id: row.parse("admin_id", &self.admin_id)?,
            role: row.parse("role", &self.role)?,
            status: row.named("status", AdminStatus::from_name(&self.status))?,
            name: self.name,
            email: self.email,
            password_hash: PasswordHash::new(self.password_hash),
            theme: self.theme,
            last_login_at: moment(self.last_login_at),
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            version: self.version,
        })
    }
}

impl Db {
    /// The administrator `id`.
    pub async fn admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        let row: Option<AdminColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(AdminColumns::read).transpose()
    }

    /// The administrator who signs in with `email`, whatever the case.
    pub async fn admin_by_email(&self, email: &str) -> Result<Option<Admin>, StoreError> {
        let row: Option<AdminColumns> = on_reader!(self, |pool| sqlx::query_as(BY_EMAIL)
            .bind(folded(email))
            .fetch_optional(pool)
            .await)?;
        row.map(AdminColumns::read).transpose()
    }

    /// Every administrator, by name.
    pub async fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        let found: Vec<AdminColumns> =
            on_reader!(self, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
        found.into_iter().map(AdminColumns::read).collect()
    }
}

impl Tx {
    /// Adds an administrator.
    ///
    /// # Errors
    ///
    /// `Conflict::AdminEmail` if the address is taken.
    pub async fn insert_admin(&mut self, admin: &Admin) -> Result<(), StoreError> {
        execute!(
            self,
            INSERT,
            admin.id.to_string(),
            &admin.name,
            &admin.email,
            folded(&admin.email),
            admin.password_hash.as_str(),
            admin.role.as_str(),
            admin.status.as_str(),
            &admin.theme,
            admin.last_login_at.map(Timestamp::as_millis),
            admin.created_at.as_millis(),
            admin.updated_at.as_millis(),
            admin.version
        )?;
        Ok(())
    }

    /// Saves name, address, role, status and theme and raises the version. `admin.version` is the
    /// one that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else saved first, `Conflict::AdminEmail` if the address is
    /// taken.
    pub async fn save_admin(
        &mut self,
        admin: &Admin,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        on_tx!(self, |connection| sqlx::query_scalar(SAVE)
            .bind(admin.id.to_string())
            .bind(admin.version)
            .bind(&admin.name)
            .bind(&admin.email)
            .bind(folded(&admin.email))
            .bind(admin.role.as_str())
            .bind(admin.status.as_str())
            .bind(&admin.theme)
            .bind(at.as_millis())
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)
    }

    /// Sets the password; `false` if there is no such administrator.
    pub async fn set_admin_password(
        &mut self,
        id: AdminId,
        hash: &PasswordHash,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            SET_PASSWORD,
            id.to_string(),
            hash.as_str(),
            at.as_millis()
        )?;
        Ok(affected > 0)
    }

    /// Notes a successful sign-in; the version stays. `false` if there is no such administrator.
    pub async fn record_admin_sign_in(
        &mut self,
        id: AdminId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(self, RECORD_SIGN_IN, id.to_string(), at.as_millis())?;
        Ok(affected > 0)
    }

    /// Removes an administrator and its sign-ins; `false` if there is no such administrator.
    pub async fn delete_admin(&mut self, id: AdminId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string())?;
        Ok(affected > 0)
    }

    /// Counts the active owners, and keeps others from taking one away until the changes are
    /// committed.
    pub async fn count_owners(&mut self) -> Result<u64, StoreError> {
        // Writing the rows without changing them locks them, in words that both engines understand.
        execute!(self, LOCK_OWNERS)?;
        let count: i64 = on_tx!(self, |connection| sqlx::query_scalar(COUNT_OWNERS)
            .fetch_one(connection)
            .await)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
