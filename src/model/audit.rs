//! What was changed by whom.

use super::id::AdminId;
use crate::clock::Timestamp;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $words:literal;)*) => {
        /// Something that leaves an entry in the audit log.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum AuditAction { $($(#[$doc])* $name,)* }

        impl AuditAction {
            /// Every action, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in the database and in exports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The words on a page.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }

            /// The action with the name `text`.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.as_str() == text)
            }
        }
    };
}

actions! {
    /// An account was made.
    AccountCreated = "account.created", "Created account";
    /// An account was changed.
    AccountChanged = "account.changed", "Changed account";
    /// An account was suspended.
    AccountSuspended = "account.suspended", "Suspended account";
    /// An account was resumed.
    AccountResumed = "account.resumed", "Resumed account";
    /// An account's password was set.
    AccountPasswordReset = "account.password-reset", "Reset password of account";
    /// An account was deleted.
    AccountDeleted = "account.deleted", "Deleted account";
    /// A deleted account was made again, with its files.
    AccountRestored = "account.restored", "Restored account";
    /// Accounts were imported from a file.
    AccountsImported = "accounts.imported", "Imported accounts";
    /// Accounts were exported with their password hashes.
    AccountsExported = "accounts.exported", "Exported accounts";
    /// An administrator was made.
    AdminCreated = "admin.created", "Created admin";
    /// An administrator's password was set.
    AdminPasswordReset = "admin.password-reset", "Reset password of admin";
    /// An administrator signed in.
    AdminSignedIn = "admin.signed-in", "Signed in";
    /// An administrator's sign-in was refused.
    AdminSignInRefused = "admin.sign-in-refused", "Sign-in refused";
    /// An administrator signed out.
    AdminSignedOut = "admin.signed-out", "Signed out";
    /// A customer was made.
    CustomerCreated = "customer.created", "Created customer";
    /// A customer was changed.
    CustomerChanged = "customer.changed", "Changed customer";
    /// A customer was suspended.
    CustomerSuspended = "customer.suspended", "Suspended customer";
    /// A customer was resumed.
    CustomerResumed = "customer.resumed", "Resumed customer";
    /// A customer was deleted.
    CustomerDeleted = "customer.deleted", "Deleted customer";
    /// Files of a deleted account are removed for good.
    FilesPurged = "files.purged", "Deleted files of account";
    /// A job was asked to stop.
    JobCancelled = "job.cancelled", "Cancelled job";
    /// A job was queued.
    JobQueued = "job.queued", "Started job";
    /// A plan was made.
    PlanCreated = "plan.created", "Created plan";
    /// A plan was changed.
    PlanChanged = "plan.changed", "Changed plan";
    /// A plan was deleted.
    PlanDeleted = "plan.deleted", "Deleted plan";
    /// Usage was counted on disk and the stored figures were corrected.
    QuotaRecounted = "quota.recounted", "Recounted storage";
    /// An FTP session was ended.
    SessionDisconnected = "session.disconnected", "Disconnected session";
    /// Sessions ended because something was changed.
    SessionsEnded = "sessions.ended", "Ended sessions of";
    /// A running transfer was aborted.
    TransferAborted = "transfer.aborted", "Aborted transfer";
    /// Settings were changed.
    SettingsChanged = "settings.changed", "Changed settings";
    /// A volume was added.
    VolumeAdded = "volume.added", "Added volume";
    /// A volume was changed.
    VolumeChanged = "volume.changed", "Changed volume";
    /// A volume was removed.
    VolumeRemoved = "volume.removed", "Removed volume";
}

/// One entry of the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEvent {
    /// Running number; higher is later.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The administrator, if it was one.
    pub admin_id: Option<AdminId>,
    /// Name of the administrator, `command line` or `system`.
    pub actor: String,
    /// Where the request came from; empty if unknown.
    pub ip: String,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to, as shown: a user name, a setting, an address.
    pub object: String,
    /// The id of what it was done to, if it has one; empty otherwise.
    pub object_id: String,
    /// Changed fields: name, value before, value after. Secrets appear as `changed`.
    pub changes: Vec<(String, String, String)>,
}
