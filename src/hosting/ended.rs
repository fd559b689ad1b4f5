//! Entries in the audit log about sessions that ended because something was changed. How many there
//! are is known only when the change is in force, so they follow its own entry.

use crate::hosting::foundation::Foundation;
use crate::model::{Actor, AuditAction, AuditEvent};

/// A change that may have ended sessions: who did what to which object.
#[derive(Clone, Debug)]
pub(super) struct Cause(AuditEvent);

impl Cause {
    /// What `actor` did just now.
    pub(super) fn new(
        actor: &Actor,
        action: AuditAction,
        (object, object_id): (&str, String),
    ) -> Self {
        Self(AuditEvent {
            seq: 0,
            at: crate::clock::Timestamp::default(),
            admin_id: actor.admin_id,
            actor: actor.name.clone(),
            ip: actor.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            action,
            object: object.to_owned(),
            object_id,
            changes: Vec::new(),
        })
    }

    /// What an entry of the log tells.
    pub(super) fn of(event: &AuditEvent) -> Self {
        Self(event.clone())
    }
}

impl Foundation {
    /// Notes how many sessions ended because of `cause`; none are not worth an entry. The change is
    /// in force whether this can be written or not.
    pub(super) async fn note_ended(&self, cause: Cause, sessions: usize) {
        if sessions == 0 {
            return;
        }
        let Cause(event) = cause;
        let told = |name: &str, what: String| (name.to_owned(), String::new(), what);
        let event = AuditEvent {
            at: self.now(),
            action: AuditAction::SessionsEnded,
            changes: vec![
                told("sessions", sessions.to_string()),
                told("because", event.action.label().to_lowercase()),
            ],
            ..event
        };
        let written = async {
            let mut tx = self.db.begin().await?;
            tx.append_audit(&event).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            tracing::error!(
                %error,
                account.name = %event.object,
                sessions,
                "ended sessions are missing in the audit log"
            );
        }
    }
}
