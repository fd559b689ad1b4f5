//! The administrators themselves.

use std::net::IpAddr;
use std::sync::Arc;

use super::details::NewAdmin;
use super::error::AdminError;

use crate::hosting::attempts::Attempts;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::passwords::Passwords;
use crate::model::{Actor, Admin, AdminId, AdminStatus, AuditAction, Right, Role, Secret};
use crate::store::{Conflict, StoreError};

/// A cheap handle on the administrators.
#[derive(Clone, Debug)]
pub struct Admins(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) foundation: Foundation,
    pub(super) passwords: Passwords,
    pub(super) attempts: Attempts,
}

impl Admins {
    /// The administrators over these services.
    pub fn new(foundation: Foundation, passwords: Passwords) -> Self {
        let attempts = Attempts::new(Arc::clone(&foundation.clock));
        Self(Arc::new(Parts {
            foundation,
            passwords,
            attempts,
        }))
    }

    /// Makes an administrator.
    ///
    /// # Errors
    ///
    /// [`AdminError::Taken`], [`AdminError::BadName`], [`AdminError::BadEmail`],
    /// [`AdminError::Password`].
    pub async fn create(&self, actor: &Actor, new: NewAdmin) -> Result<Admin, AdminError> {
        require(actor)?;
        let name = new.name.trim().to_owned();
        if !(1..=120).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(AdminError::BadName);
        }
        let email = checked_email(&new.email)?;
        Passwords::check(&new.password, &email)?;
        let password_hash = self.0.passwords.hash(&new.password).await?;
        let (unix_ms, random) = self.0.foundation.id_parts();
        let now = self.0.foundation.now();
        let admin = Admin {
            id: AdminId::from_parts(unix_ms, random),
            name,
            email,
            password_hash,
            role: new.role,
            status: AdminStatus::Active,
            theme: "auto".to_owned(),
            last_login_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let mut tx = self.0.foundation.db.begin().await?;
        tx.insert_admin(&admin)
            .await
            .map_err(|error| taken(error, &admin.email))?;
        let role = vec![(
            "role".to_owned(),
            String::new(),
            admin.role.label().to_owned(),
        )];
        self.0
            .foundation
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::AdminCreated, &admin, role),
            )
            .await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// Sets the password and signs the administrator out everywhere.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Password`].
    pub async fn reset_password(
        &self,
        actor: &Actor,
        email: &str,
        password: Secret,
    ) -> Result<Admin, AdminError> {
        require(actor)?;
        let found = self.0.foundation.db.admin_by_email(email.trim()).await?;
        let admin = found.ok_or(AdminError::NotFound)?;
        Passwords::check(&password, &admin.email)?;
        let hash = self.0.passwords.hash(&password).await?;
        let mut tx = self.0.foundation.db.begin().await?;
        tx.set_admin_password(admin.id, &hash, self.0.foundation.now())
            .await?;
        tx.delete_web_sessions_of(admin.id).await?;
        let changed = vec![("password".to_owned(), String::new(), "changed".to_owned())];
        self.0
            .foundation
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::AdminPasswordReset, &admin, changed),
            )
            .await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// All administrators by name.
    pub async fn all(&self) -> Result<Vec<Admin>, AdminError> {
        Ok(self.0.foundation.db.admins().await?)
    }

    /// Remembers `auto`, `light` or `dark`.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`].
    pub async fn set_theme(&self, id: AdminId, theme: &str) -> Result<(), AdminError> {
        let found = self.0.foundation.db.admin(id).await?;
        let mut admin = found.ok_or(AdminError::NotFound)?;
        let known = ["auto", "light", "dark"]
            .into_iter()
            .find(|known| *known == theme);
        known.unwrap_or("auto").clone_into(&mut admin.theme);
        let mut tx = self.0.foundation.db.begin().await?;
        tx.save_admin(&admin, self.0.foundation.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether an owner exists who can sign in.
    pub(crate) async fn has_owner(&self) -> Result<bool, AdminError> {
        let is_owner =
            |admin: &Admin| admin.role == Role::Owner && admin.status == AdminStatus::Active;
        Ok(self.all().await?.iter().any(is_owner))
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }
}

/// The administrator as the actor of what it does from `ip`.
pub fn acting(admin: &Admin, ip: IpAddr) -> Actor {
    Actor {
        admin_id: Some(admin.id),
        name: admin.name.clone(),
        role: admin.role,
        ip: Some(ip),
    }
}

pub(super) fn deed(
    action: AuditAction,
    admin: &Admin,
    changes: Vec<(String, String, String)>,
) -> Deed<'_> {
    let object_id = admin.id.to_string();
    Deed {
        action,
        object: &admin.email,
        object_id,
        changes,
    }
}

fn require(actor: &Actor) -> Result<(), AdminError> {
    let right = Right::ManageAdmins;
    if actor.may(right) {
        Ok(())
    } else {
        Err(AdminError::Forbidden(right))
    }
}

fn checked_email(typed: &str) -> Result<String, AdminError> {
    let email = typed.trim();
    let is_clean =
        email.len() <= 254 && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = email.split_once('@');
    let is_address = parts.is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && !host.ends_with('.')
    });
    if is_clean && is_address {
        Ok(email.to_owned())
    } else {
        Err(AdminError::BadEmail)
    }
}

fn taken(error: StoreError, email: &str) -> AdminError {
    match error {
        StoreError::Conflict(Conflict::AdminEmail) => AdminError::Taken(email.to_owned()),
        other => AdminError::Store(other),
    }
}
