//! The transfer journal: who moved which file, and whether it was complete.

use std::net::IpAddr;

use super::id::{AccountId, CustomerId, SessionId, TransferId};
use crate::clock::Timestamp;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $name:ident = $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $type { $($(#[$vdoc])* $name,)* }

        impl $type {
            /// Every value, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in the database and in exports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The value with the name `text`.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

names! {
    /// What was done to the file.
    Operation {
        /// Bytes were added to the end (`APPE`).
        Append = "append";
        /// The file was deleted.
        Delete = "delete";
        /// The file was read (`RETR`).
        Download = "download";
        /// A directory was made.
        Mkdir = "mkdir";
        /// The file or directory was renamed.
        Rename = "rename";
        /// A directory was removed.
        Rmdir = "rmdir";
        /// The file was written (`STOR`, `STOU`).
        Upload = "upload";
    }
}

names! {
    /// How it ended.
    TransferResult {
        /// Stopped before the end: `ABOR`, a lost connection, an administrator, a stall.
        Aborted = "aborted";
        /// Finished in full.
        Complete = "complete";
        /// Stopped by a failure of the server or its disk.
        Failed = "failed";
        /// Refused by a rule: quota, permission, name.
        Refused = "refused";
    }
}

/// One row of the journal. Rows are only added, never changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JournalEntry {
    /// Never changes; made when it ended, so that ids are in the order of time.
    pub id: TransferId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// Whose files.
    pub account_id: AccountId,
    /// Whose account.
    pub customer_id: CustomerId,
    /// The user name at that moment.
    pub username: String,
    /// What was done.
    pub operation: Operation,
    /// The path as the client sees it; for a rename the old one.
    pub path: String,
    /// The new path of a rename; empty otherwise.
    pub target: String,
    /// Bytes moved over the data connection and stored or sent.
    pub bytes: u64,
    /// Where the transfer began (`REST`), in bytes.
    pub offset: u64,
    /// Size of the file afterwards, in bytes, where it is known.
    pub size: Option<u64>,
    /// Size of the file that stood there before, in bytes: deleted, replaced or continued.
    pub size_before: Option<u64>,
    /// SHA-256 of the whole file in lower-case hexadecimal, where it was computed.
    pub sha256: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: TransferResult,
    /// Why, as a short code: `abor`, `quota`, `stall`, `client-gone`, …; empty when complete.
    pub reason: String,
    /// The reply code the client got.
    pub reply_code: u16,
    /// Where the client connected from.
    pub ip: IpAddr,
    /// Whether the data connection was encrypted.
    pub tls: bool,
}

impl JournalEntry {
    /// Whether a file arrived in full.
    pub fn is_upload(&self) -> bool {
        matches!(self.operation, Operation::Append | Operation::Upload)
            && self.result == TransferResult::Complete
    }
}
