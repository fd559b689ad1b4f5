//! What others see and want of a session.

use std::net::{IpAddr, SocketAddr};

use crate::clock::Timestamp;
use crate::model::{AccountId, CustomerId, Limit, Operation, SessionId, Username, VirtualPath};

/// Whose session it is, once logged in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionAccount {
    /// The account.
    pub id: AccountId,
    /// Its customer.
    pub customer_id: CustomerId,
    /// Its user name.
    pub username: Username,
}

/// A logged-in session, as whoever decides about its end sees it.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// Whose it is.
    pub account: &'a SessionAccount,
    /// The client's address.
    pub from: IpAddr,
    /// Whether the control connection is encrypted.
    pub encrypted: bool,
    /// When it began.
    pub opened_at: Timestamp,
}

/// How many sessions an account may have at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places {
    /// In all.
    pub total: Limit,
    /// From one address.
    pub per_address: Limit,
}

/// What somebody outside wants of a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Order {
    /// Stop the running transfer with 426; the session goes on.
    AbortTransfer,
    /// Say 421 with this text and close; a running transfer is stopped first.
    Disconnect(String),
    /// The account, its customer, its plan or the settings changed: look again.
    Refresh,
}

/// Why a session is not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The server holds as many sessions as it may.
    #[error("the server holds {limit} sessions, as many as it may")]
    Server {
        /// The limit.
        limit: u64,
    },
    /// The client's address holds as many sessions as it may.
    #[error("the address holds {limit} sessions, as many as it may")]
    Address {
        /// The limit.
        limit: u64,
    },
    /// The account holds as many sessions as it may.
    #[error("the account holds {limit} sessions, as many as it may")]
    Account {
        /// The limit.
        limit: u64,
    },
    /// The account holds as many sessions from the client's address as it may.
    #[error("the account holds {limit} sessions from the address, as many as it may")]
    AccountAddress {
        /// The limit.
        limit: u64,
    },
}

/// How many sessions may exist at once.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// In the whole server.
    pub total: u64,
    /// From one address.
    pub per_address: u64,
}

/// A session as pages see it, sampled at one moment.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// The client.
    pub peer: SocketAddr,
    /// The address and port the client connected to.
    pub local: SocketAddr,
    /// `None` before the login is complete.
    pub account: Option<SessionAccount>,
    /// Protocol version and cipher of the control connection; `None` if it is plain.
    pub tls: Option<String>,
    /// What the client calls itself (`CLNT`); empty if it did not say.
    pub client: String,
    /// The last command line, without secrets.
    pub command: String,
    /// The working directory.
    pub cwd: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// When the last command or transfer ended.
    pub active_at: Timestamp,
    /// Bytes received over data connections.
    pub received_bytes: u64,
    /// Bytes sent over data connections.
    pub sent_bytes: u64,
    /// The running transfer.
    pub transfer: Option<TransferView>,
}

/// A running transfer, sampled at one moment.
#[derive(Clone, Debug)]
pub struct TransferView {
    /// What is done.
    pub operation: Operation,
    /// To which file.
    pub path: VirtualPath,
    /// Bytes moved so far.
    pub moved_bytes: u64,
    /// Bytes in all, if known: the size of a download, the `ALLO` of an upload.
    pub expected_bytes: Option<u64>,
    /// Whether the data connection is encrypted.
    pub encrypted: bool,
    /// When it began.
    pub started_at: Timestamp,
}
