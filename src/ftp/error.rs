//! What can go wrong with a command or a transfer, and the table from failure to reply.

use std::io;

use super::data::DataError;
use super::stop::Cause;
use crate::hosting::login::LoginError;
use crate::hosting::quota::QuotaError;
use crate::hosting::traffic::UsedUp;
use crate::model::{PathError, TransferResult};
use crate::net::{HandshakeError, PassiveError};
use crate::proto::date::Civil;
use crate::proto::{Code, Reply};
use crate::vfs::StorageError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The file system could not say whether the account may still be used.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// No account is logged in.
    #[error("not logged in")]
    NotLoggedIn,
    /// There was no `PASV` or `PORT`, or it has lapsed.
    #[error("no data connection was arranged")]
    NoEndpoint,
    /// No passive port could be had.
    #[error(transparent)]
    Passive(#[from] PassiveError),
    /// The argument is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The quota says no.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The rules of the protocol say no, in these words.
    #[error("refused: {0:?}")]
    Refused(Reply),
    /// The files say no.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nothing more may be moved in this period.
    #[error(transparent)]
    Traffic(#[from] UsedUp),
    /// A worker failed.
    #[error("internal error")]
    Worker,
}

/// Why a transfer did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransferError {
    /// There was no usable data connection.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The file could not be read.
    #[error("the file could not be read")]
    File(#[source] io::Error),
    /// The connection broke.
    #[error("the data connection broke")]
    Lost(#[source] io::Error),
    /// The quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The file became shorter while it was read.
    #[error("the file became shorter")]
    Shrunk,
    /// No byte moved for too long.
    #[error("the data connection stalled")]
    Stalled,
    /// Somebody stopped it.
    #[error("stopped: {}", .0.reason())]
    Stopped(Cause),
    /// The files say no.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nothing more may be moved in this period.
    #[error(transparent)]
    Traffic(#[from] UsedUp),
    /// TLS ended without `close_notify`: nobody knows whether the file is complete.
    #[error("the TLS connection was truncated")]
    Truncated,
    /// The file stands under its name, but the disk did not confirm that it stays.
    #[error("the disk did not confirm the stored file")]
    Unconfirmed,
    /// A worker failed.
    #[error("internal error")]
    Worker,
}

impl CommandError {
    /// A refusal in the words of one verb.
    pub(super) fn refused(code: Code, text: impl Into<String>) -> Self {
        Self::Refused(Reply::new(code, text))
    }

    /// The one place where the failure of a command becomes a reply.
    pub(super) fn reply(&self) -> Reply {
        match self {
            Self::Login(LoginError::Incorrect(_)) => {
                Reply::new(Code::NotLoggedIn, "Login incorrect.")
            }
            Self::Login(LoginError::Busy) => Reply::new(
                Code::ServiceNotAvailable,
                "Too many logins at once, try again later.",
            ),
            Self::Login(LoginError::Home(StorageError::Unavailable)) => Reply::new(
                Code::ServiceNotAvailable,
                "The storage of this account is not available, try again later.",
            ),
            Self::Login(LoginError::Home(_) | LoginError::Store(_)) | Self::Worker => local_error(),
            Self::NotLoggedIn => Reply::new(Code::NotLoggedIn, "Please log in with USER and PASS."),
            Self::NoEndpoint => Reply::new(
                Code::CannotOpenDataConnection,
                "Use PASV, EPSV, PORT or EPRT first.",
            ),
            Self::Passive(error) => passive_reply(*error),
            Self::Path(PathError::IllegalCharacter) => {
                Reply::new(Code::BadArgument, "Illegal character in argument.")
            }
            Self::Path(PathError::TooLong) => Reply::new(Code::BadArgument, "Path too long."),
            Self::Quota(error) => quota_reply(error),
            Self::Refused(reply) => reply.clone(),
            Self::Storage(error) => storage_reply(error),
            Self::Traffic(error) => Reply::new(Code::FileBusy, used_up(*error)),
        }
    }
}

impl TransferError {
    /// The one place where the failure of a transfer becomes a reply.
    pub(super) fn reply(&self) -> Reply {
        let aborted = |text: &str| Reply::new(Code::TransferAborted, text);
        match self {
            Self::Data(error) => data_reply(error),
            Self::File(_) | Self::Worker => local_error(),
            Self::Lost(_) => aborted("Data connection lost."),
            Self::Quota(error) => quota_reply(error),
            Self::Shrunk => aborted("File became shorter during the transfer."),
            Self::Stalled => aborted("Data connection stalled."),
            Self::Stopped(_) => aborted("Transfer aborted."),
            Self::Storage(error) => storage_reply(error),
            Self::Traffic(error) => aborted(&used_up(*error)),
            Self::Truncated => aborted("TLS connection truncated."),
            Self::Unconfirmed => Reply::new(
                Code::LocalError,
                "File stored, but the disk did not confirm that it outlives a power failure.",
            ),
        }
    }

    /// How the journal sorts it.
    pub(super) fn result(&self) -> TransferResult {
        match self {
            Self::Data(_) | Self::Lost(_) | Self::Stalled | Self::Stopped(_) | Self::Truncated => {
                TransferResult::Aborted
            }
            Self::Quota(_) | Self::Traffic(_) => TransferResult::Refused,
            Self::Storage(error) => storage_result(error),
            Self::File(_) | Self::Shrunk | Self::Unconfirmed | Self::Worker => {
                TransferResult::Failed
            }
        }
    }

    /// The short code in the journal.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Data(DataError::NotResumed) => "tls-not-resumed",
            Self::Data(DataError::Handshake(_)) => "tls-failed",
            Self::Data(DataError::Unreachable(_)) => "unreachable",
            Self::Data(DataError::NotConnected(_) | DataError::Broken(_)) => "not-connected",
            Self::File(_) => "read-error",
            Self::Lost(_) => "connection-lost",
            Self::Quota(_) => "quota",
            Self::Shrunk => "file-shrunk",
            Self::Stalled => "stall",
            Self::Stopped(cause) => cause.reason(),
            Self::Storage(error) => storage_reason(error),
            Self::Traffic(_) => "traffic",
            Self::Truncated => "tls-truncated",
            Self::Unconfirmed => "not-durable",
            Self::Worker => "internal",
        }
    }
}

/// How the journal sorts a refusal by the files.
pub(super) fn storage_result(error: &StorageError) -> TransferResult {
    match error {
        StorageError::NoSpace
        | StorageError::Io(_)
        | StorageError::Unavailable
        | StorageError::UploadEnded => TransferResult::Failed,
        StorageError::Busy
        | StorageError::CrossesMount
        | StorageError::Denied(_)
        | StorageError::DiskQuota
        | StorageError::Exists
        | StorageError::Forbidden
        | StorageError::IllegalName
        | StorageError::IntoItself
        | StorageError::IsDirectory
        | StorageError::NameNotAllowed
        | StorageError::NotDirectory
        | StorageError::NotEmpty
        | StorageError::NotFound
        | StorageError::OffsetBeyondEnd { .. }
        | StorageError::ResumeGuard
        | StorageError::Root => TransferResult::Refused,
    }
}

/// The short code in the journal for a refusal by the files.
pub(super) fn storage_reason(error: &StorageError) -> &'static str {
    match error {
        StorageError::Busy => "busy",
        StorageError::CrossesMount => "crosses-mount",
        StorageError::Denied(_) | StorageError::Forbidden => "permission",
        StorageError::DiskQuota => "disk-quota",
        StorageError::Exists => "exists",
        StorageError::IllegalName | StorageError::NameNotAllowed => "name",
        StorageError::IntoItself => "into-itself",
        StorageError::Io(_) | StorageError::Unavailable | StorageError::UploadEnded => "disk-error",
        StorageError::IsDirectory => "is-directory",
        StorageError::NoSpace => "disk-full",
        StorageError::NotDirectory => "not-directory",
        StorageError::NotEmpty => "not-empty",
        StorageError::NotFound => "not-found",
        StorageError::OffsetBeyondEnd { .. } => "bad-offset",
        StorageError::ResumeGuard => "resume-guard",
        StorageError::Root => "home",
    }
}

fn storage_reply(error: &StorageError) -> Reply {
    let unavailable = |text: &str| Reply::new(Code::FileUnavailable, text);
    match error {
        StorageError::Busy => Reply::new(Code::FileBusy, "File is being written."),
        StorageError::CrossesMount => unavailable("Cannot move to another file system."),
        StorageError::Denied(_) | StorageError::Forbidden => unavailable("Permission denied."),
        StorageError::DiskQuota => {
            Reply::new(Code::StorageExceeded, "Quota of the file system exceeded.")
        }
        StorageError::Exists => unavailable("File exists."),
        StorageError::IllegalName | StorageError::NameNotAllowed => {
            Reply::new(Code::NameNotAllowed, "File name not allowed.")
        }
        StorageError::IntoItself => unavailable("Cannot move a directory into itself."),
        StorageError::Io(_) | StorageError::UploadEnded => local_error(),
        StorageError::IsDirectory => unavailable("Is a directory."),
        StorageError::NoSpace => {
            Reply::new(Code::InsufficientStorage, "Insufficient storage on server.")
        }
        StorageError::NotDirectory => unavailable("Not a directory."),
        StorageError::NotEmpty => unavailable("Directory not empty."),
        StorageError::NotFound => unavailable("No such file or directory."),
        StorageError::OffsetBeyondEnd { size } => Reply::new(
            Code::InvalidRestart,
            format!("Restart offset is beyond the end of the file ({size})."),
        ),
        StorageError::ResumeGuard => {
            unavailable("Previous upload was rolled back; send the whole file.")
        }
        StorageError::Root => unavailable("The home directory cannot be changed."),
        StorageError::Unavailable => Reply::new(
            Code::FileBusy,
            "The storage of this account is not available, try again later.",
        ),
    }
}

fn quota_reply(error: &QuotaError) -> Reply {
    match error {
        QuotaError::Bytes { free_bytes, .. } => Reply::new(
            Code::StorageExceeded,
            format!("Quota exceeded: {free_bytes} bytes available."),
        ),
        QuotaError::FileSize { limit_bytes } => Reply::new(
            Code::StorageExceeded,
            format!("File too large: {limit_bytes} bytes allowed."),
        ),
        QuotaError::Files { .. } => Reply::new(Code::StorageExceeded, "File quota exceeded."),
        QuotaError::Unavailable => local_error(),
    }
}

/// What the client hears of a used-up allowance, before a transfer and in the middle of one.
fn used_up(error: UsedUp) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Civil::of(error.until);
    format!(
        "Transfer allowance used up until {year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC."
    )
}

fn passive_reply(error: PassiveError) -> Reply {
    let text = match error {
        PassiveError::Exhausted | PassiveError::Closed => "No passive port available, try again.",
        PassiveError::TimedOut => "No data connection arrived in time.",
        PassiveError::Ended => "The data connection has lapsed, use PASV or EPSV again.",
    };
    Reply::new(Code::CannotOpenDataConnection, text)
}

fn data_reply(error: &DataError) -> Reply {
    match error {
        DataError::Unreachable(_) => Reply::new(
            Code::CannotOpenDataConnection,
            "Cannot connect to your data port.",
        ),
        DataError::NotConnected(error) => passive_reply(*error),
        DataError::Broken(_) => Reply::new(
            Code::CannotOpenDataConnection,
            "Data connection broke at once.",
        ),
        DataError::Handshake(
            HandshakeError::TimedOut | HandshakeError::Encrypted | HandshakeError::Failed(_),
        ) => Reply::new(
            Code::NegotiationFailed,
            "TLS negotiation failed on data connection.",
        ),
        DataError::NotResumed => Reply::new(
            Code::NegotiationFailed,
            "Data connection must resume the control TLS session.",
        ),
    }
}

fn local_error() -> Reply {
    Reply::new(Code::LocalError, "Local error in processing.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_tried_again_unchanged_is_transient() {
        for (error, code) in [
            (StorageError::Busy, Code::FileBusy),
            (StorageError::NoSpace, Code::InsufficientStorage),
            (StorageError::Unavailable, Code::FileBusy),
            (
                StorageError::Io(io::ErrorKind::Other.into()),
                Code::LocalError,
            ),
        ] {
            assert_eq!(CommandError::Storage(error).reply().code(), code);
        }
    }

    /// QUO-26.
    #[test]
    fn a_quota_of_the_file_system_is_a_quota() {
        let reply = TransferError::Storage(StorageError::DiskQuota).reply();

        assert_eq!(reply.code(), Code::StorageExceeded);
    }

    #[test]
    fn an_exceeded_quota_tells_how_much_fits() {
        let error = QuotaError::Bytes {
            scope: crate::model::Scope::Account,
            free_bytes: 17,
            limit_bytes: 100,
        };

        let reply = TransferError::Quota(error).reply();

        assert_eq!(reply.code(), Code::StorageExceeded);
        assert_eq!(reply.text(), "Quota exceeded: 17 bytes available.");
    }

    #[test]
    fn a_stopped_transfer_says_why_in_the_journal_only() {
        let error = TransferError::Stopped(Cause::Disconnected);

        assert_eq!(error.reply().text(), "Transfer aborted.");
        assert_eq!(error.reason(), "disconnected");
    }
}
