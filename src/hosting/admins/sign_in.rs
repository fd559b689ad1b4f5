//! Sign-ins: passwords checked, sessions begun, found and ended.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::details::{Browser, FreshSignIn};
use super::error::AdminError;
use super::service::{Admins, acting, deed};
use crate::clock::Timestamp;
use crate::hosting::attempts::{Budget, network};
use crate::hosting::foundation::Deed;
use crate::model::{
    Actor, Admin, AdminStatus, AuditAction, Secret, SignedIn, WebSession, WebSessionId,
};

/// A sign-in ends after so long without a request.
const IDLE: Duration = Duration::from_hours(1);
/// A sign-in ends after so long in any case.
const WHOLE: Duration = Duration::from_hours(12);
/// A request within this time of the last one noted is not noted again.
const TOUCH: Duration = Duration::from_mins(1);

impl Admins {
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
        let origin = network(browser.ip);
        if let Some(wait_seconds) = self.parts().attempts.wait_seconds(&origin) {
            return Err(AdminError::TooManyTries { wait_seconds });
        }
        let found = self
            .parts()
            .foundation
            .db
            .admin_by_email(email.trim())
            .await?;
        let stored = found.as_ref().map(|admin| &admin.password_hash);
        let is_right = self.parts().passwords.verify(password, stored).await?;
        if let Some(admin) = found.filter(|admin| is_right && admin.status == AdminStatus::Active) {
            self.parts().attempts.succeeded(&origin);
            return self.begin_session(admin, browser).await;
        }
        self.parts().attempts.failed(origin, Budget::BY_HAND);
        self.note_refusal(email, browser).await?;
        Err(AdminError::Incorrect)
    }

    /// The session behind a cookie's token; `None` if it expired (60 minutes idle, 12 hours in all)
    /// or was ended.
    pub async fn session(&self, token: &Secret) -> Result<Option<SignedIn>, AdminError> {
        let Some(mut signed_in) = self
            .parts()
            .foundation
            .db
            .web_session(&token_hash(token))
            .await?
        else {
            return Ok(None);
        };
        let now = self.parts().foundation.now();
        let is_active = signed_in.admin.status == AdminStatus::Active;
        if !is_active || now >= signed_in.session.expires_at {
            return Ok(None);
        }
        if now.since(signed_in.session.last_seen_at) >= TOUCH {
            let expires = expiry(now, signed_in.session.created_at);
            let mut tx = self.parts().foundation.db.begin().await?;
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
        let mut tx = self.parts().foundation.db.begin().await?;
        tx.delete_web_session(session.session.id).await?;
        let actor = acting(&session.admin, browser.ip);
        self.parts()
            .foundation
            .audit(
                &mut tx,
                &actor,
                deed(AuditAction::AdminSignedOut, &session.admin, Vec::new()),
            )
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Signs an administrator in without a password; for the owner that was just made.
    pub(crate) async fn begin_session(
        &self,
        admin: Admin,
        browser: &Browser,
    ) -> Result<FreshSignIn, AdminError> {
        let token = random_token();
        let (unix_ms, random) = self.parts().foundation.id_parts();
        let now = self.parts().foundation.now();
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
        let mut tx = self.parts().foundation.db.begin().await?;
        tx.delete_expired_web_sessions(now).await?;
        tx.insert_web_session(&session).await?;
        tx.record_admin_sign_in(admin.id, now).await?;
        let actor = acting(&admin, browser.ip);
        self.parts()
            .foundation
            .audit(
                &mut tx,
                &actor,
                deed(AuditAction::AdminSignedIn, &admin, Vec::new()),
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
        let mut tx = self.parts().foundation.db.begin().await?;
        self.parts().foundation.audit(&mut tx, &actor, deed).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn expiry(now: Timestamp, created: Timestamp) -> Timestamp {
    now.plus(IDLE).min(created.plus(WHOLE))
}

/// 256 random bits as text.
fn random_token() -> Secret {
    let bytes: [u8; 32] = rand::random();
    Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

fn token_hash(token: &Secret) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(token.expose().as_bytes()))
}
