//! Administrators.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{Admin, AdminId, PasswordHash, Version};

impl Db {
    /// The administrator `id`.
    pub async fn admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        todo!()
    }

    /// The administrator who signs in with `email`, whatever the case.
    pub async fn admin_by_email(&self, email: &str) -> Result<Option<Admin>, StoreError> {
        todo!()
    }

    /// Every administrator, by name.
    pub async fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Adds an administrator.
    pub async fn insert_admin(&mut self, admin: &Admin) -> Result<(), StoreError> {
        todo!()
    }

    /// Saves name, address, role, status and theme and raises the version.
    pub async fn save_admin(
        &mut self,
        admin: &Admin,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Sets the password; `false` if there is no such administrator.
    pub async fn set_admin_password(
        &mut self,
        id: AdminId,
        hash: &PasswordHash,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Notes a successful sign-in; the version stays.
    pub async fn record_admin_sign_in(
        &mut self,
        id: AdminId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Removes an administrator and its sign-ins; `false` if there is no such administrator.
    pub async fn delete_admin(&mut self, id: AdminId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Counts the active owners and keeps others from changing one until the changes are committed.
    pub async fn count_owners(&mut self) -> Result<u64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
