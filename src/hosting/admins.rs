//! Administrators and their sign-ins in a browser.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::hosting::attempts::Attempts;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::passwords::Passwords;
use crate::model::{
    Actor, Admin, AdminId, AdminStatus, AuditAction, Right, Role, Secret, SignedIn, WebSession,
    WebSessionId,
};
use crate::store::{Conflict, StoreError, Tx};

/// A cheap handle on the administrators.
#[derive(Clone, Debug)]
pub struct Admins(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    foundation: Foundation,
    passwords: Passwords,
    attempts: Attempts,
}

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
    /// A sign-in ends after so long without a request, and in any case after so long.
    const IDLE: Duration = Duration::from_hours(1);
    const WHOLE: Duration = Duration::from_hours(12);
    /// A request within this time of the last one noted is not noted again.
    const TOUCH: Duration = Duration::from_mins(1);

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
        self.note(&mut tx, actor, AuditAction::AdminCreated, &admin, role)
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
        self.note(
            &mut tx,
            actor,
            AuditAction::AdminPasswordReset,
            &admin,
            changed,
        )
        .await?;
        tx.commit().await?;
        Ok(admin)
    }

    /// All administrators by name.
    pub async fn all(&self) -> Result<Vec<Admin>, AdminError> {
        Ok(self.0.foundation.db.admins().await?)
    }

    /// Checks e-mail address and password; the same answer and time for a wrong one of either.
    ///
    /// # Errors
    ///
    /// [`AdminError::Incorrect`], [`AdminError::TooManyTries`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<FreshSignIn, AdminError> {
        if let Some(wait_seconds) = self.0.attempts.wait_seconds(browser.ip) {
            return Err(AdminError::TooManyTries { wait_seconds });
        }
        let found = self.0.foundation.db.admin_by_email(email.trim()).await?;
        let stored = found.as_ref().map(|admin| &admin.password_hash);
        let is_right = self.0.passwords.verify(password, stored).await?;
        match found.filter(|admin| is_right && admin.status == AdminStatus::Active) {
            Some(admin) => {
                self.0.attempts.succeeded(browser.ip);
                self.begin_session(admin, browser).await
            }
            None => {
                self.0.attempts.failed(browser.ip);
                self.note_refusal(email, browser).await?;
                Err(AdminError::Incorrect)
            }
        }
    }

    /// The session behind a cookie's token; `None` if it expired (60 minutes idle, 12 hours in all)
    /// or was ended.
    pub async fn session(&self, token: &Secret) -> Result<Option<SignedIn>, AdminError> {
        let Some(mut signed_in) = self.0.foundation.db.web_session(&token_hash(token)).await?
        else {
            return Ok(None);
        };
        let now = self.0.foundation.now();
        let is_active = signed_in.admin.status == AdminStatus::Active;
        if !is_active || now >= signed_in.session.expires_at {
            return Ok(None);
        }
        if now.since(signed_in.session.last_seen_at) >= Self::TOUCH {
            let expires = expiry(now, signed_in.session.created_at);
            let mut tx = self.0.foundation.db.begin().await?;
            tx.touch_web_session(signed_in.session.id, now, expires)
                .await?;
            tx.commit().await?;
            signed_in.session.last_seen_at = now;
            signed_in.session.expires_at = expires;
        }
        Ok(Some(signed_in))
    }

    /// Ends the session.
    pub async fn sign_out(&self, session: &SignedIn, browser: &Browser) -> Result<(), AdminError> {
        let mut tx = self.0.foundation.db.begin().await?;
        tx.delete_web_session(session.session.id).await?;
        let actor = acting(&session.admin, browser.ip);
        self.note(
            &mut tx,
            &actor,
            AuditAction::AdminSignedOut,
            &session.admin,
            Vec::new(),
        )
        .await?;
        tx.commit().await?;
        Ok(())
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
    pub(super) async fn has_owner(&self) -> Result<bool, AdminError> {
        let is_owner =
            |admin: &Admin| admin.role == Role::Owner && admin.status == AdminStatus::Active;
        Ok(self.all().await?.iter().any(is_owner))
    }

    /// Signs an administrator in without a password; for the owner that was just made.
    pub(super) async fn begin_session(
        &self,
        admin: Admin,
        browser: &Browser,
    ) -> Result<FreshSignIn, AdminError> {
        let token = random_token();
        let (unix_ms, random) = self.0.foundation.id_parts();
        let now = self.0.foundation.now();
        let session = WebSession {
            id: WebSessionId::from_parts(unix_ms, random),
            token_hash: token_hash(&token),
            csrf: random_token(),
            admin_id: admin.id,
            created_at: now,
            last_seen_at: now,
            expires_at: expiry(now, now),
            ip: browser.ip.to_string(),
            user_agent: browser.user_agent.chars().take(200).collect(),
        };
        let mut tx = self.0.foundation.db.begin().await?;
        tx.delete_expired_web_sessions(now).await?;
        tx.insert_web_session(&session).await?;
        tx.record_admin_sign_in(admin.id, now).await?;
        let actor = acting(&admin, browser.ip);
        self.note(
            &mut tx,
            &actor,
            AuditAction::AdminSignedIn,
            &admin,
            Vec::new(),
        )
        .await?;
        tx.commit().await?;
        Ok(FreshSignIn {
            token,
            signed_in: SignedIn { session, admin },
        })
    }

    async fn note_refusal(&self, email: &str, browser: &Browser) -> Result<(), AdminError> {
        let actor = Actor {
            name: "(not signed in)".to_owned(),
            ip: Some(browser.ip),
            ..Actor::system()
        };
        let typed: String = email
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        let deed = Deed {
            action: AuditAction::AdminSignInRefused,
            object: &typed,
            object_id: String::new(),
            changes: Vec::new(),
        };
        let mut tx = self.0.foundation.db.begin().await?;
        self.0.foundation.audit(&mut tx, &actor, deed).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: AuditAction,
        admin: &Admin,
        changes: Vec<(String, String, String)>,
    ) -> Result<(), StoreError> {
        let deed = Deed {
            action,
            object: &admin.email,
            object_id: admin.id.to_string(),
            changes,
        };
        self.0.foundation.audit(tx, actor, deed).await
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
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

fn require(actor: &Actor) -> Result<(), AdminError> {
    let right = Right::ManageAdmins;
    if actor.may(right) {
        Ok(())
    } else {
        Err(AdminError::Forbidden(right))
    }
}

fn expiry(now: Timestamp, created: Timestamp) -> Timestamp {
    now.plus(Admins::IDLE).min(created.plus(Admins::WHOLE))
}

/// 256 random bits as text.
fn random_token() -> Secret {
    let bytes: [u8; 32] = rand::random();
    Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

fn token_hash(token: &Secret) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(token.expose().as_bytes()))
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
