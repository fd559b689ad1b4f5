//! One row of the journal in the making: who does what is known at the beginning, how it ended at
//! the end.

use std::net::IpAddr;
use std::sync::Arc;

use super::error::{CommandError, TransferError, storage_reason, storage_result};
use crate::clock::Clock;
use crate::hosting::journal::Journal;
use crate::model::{
    Account, JournalEntry, Operation, SessionId, TransferId, TransferResult, VirtualPath,
};
use crate::proto::Code;
use crate::telemetry::{Direction, Metrics};
use crate::vfs::Removed;

/// Where rows come from: the session, its account, and whom to give them to.
#[derive(Clone, Debug)]
pub(super) struct Scribe {
    pub(super) journal: Journal,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) session: SessionId,
    pub(super) account: Arc<Account>,
    pub(super) ip: IpAddr,
    /// Whether the control connection is encrypted; for a transfer the data connection counts.
    pub(super) tls: bool,
}

/// A row in the making.
#[derive(Debug)]
pub(super) struct Record {
    entry: JournalEntry,
    journal: Journal,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// As the journal sorts it.
    pub(super) result: TransferResult,
    /// Why; empty when complete.
    pub(super) reason: &'static str,
    /// What the client hears.
    pub(super) code: Code,
    /// Bytes that were stored or sent.
    pub(super) bytes: u64,
    /// Size of the file afterwards, if there is one.
    pub(super) size: Option<u64>,
}

impl Scribe {
    /// Begins a row: `operation` on `path`, now.
    pub(super) fn begin(&self, operation: Operation, path: &VirtualPath) -> Record {
        let now = self.clock.now();
        let entry = JournalEntry {
            id: TransferId::first_at(now),
            session_id: self.session,
            account_id: self.account.id,
            customer_id: self.account.customer_id,
            username: self.account.username.to_string(),
            operation,
            path: path.to_string(),
            target: String::new(),
            bytes: 0,
            offset: 0,
            size: None,
            size_before: None,
            sha256: None,
            started_at: now,
            ended_at: now,
            result: TransferResult::Complete,
            reason: String::new(),
            reply_code: 0,
            ip: self.ip,
            tls: self.tls,
        };
        Record {
            entry,
            journal: self.journal.clone(),
            metrics: self.metrics.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

impl Record {
    /// Names the new path of a rename.
    pub(super) fn to(mut self, target: &VirtualPath) -> Self {
        self.entry.target = target.to_string();
        self
    }

    /// Notes where in the file the transfer begins.
    pub(super) fn starts_at(&mut self, offset: u64) {
        self.entry.offset = offset;
    }

    /// Notes the size of the file that stood there before: deleted, replaced or continued.
    pub(super) fn found(&mut self, file: Option<Removed>) {
        self.entry.size_before = file.map(|file| file.bytes);
    }

    /// Notes the name that was chosen for the file.
    pub(super) fn names(&mut self, path: &VirtualPath) {
        self.entry.path = path.to_string();
    }

    /// Notes the SHA-256 of the whole file.
    pub(super) fn sums_up(&mut self, sha256: Option<String>) {
        self.entry.sha256 = sha256;
    }

    /// Notes whether the data connection is encrypted.
    pub(super) fn travels(&mut self, tls: bool) {
        self.entry.tls = tls;
    }

    /// Hands the row over.
    pub(super) fn end(mut self, ending: Ending) {
        self.entry.ended_at = self.clock.now();
        self.entry.id = self.journal.id(self.entry.ended_at);
        self.entry.result = ending.result;
        ending.reason.clone_into(&mut self.entry.reason);
        self.entry.reply_code = ending.code.number();
        self.entry.bytes = ending.bytes;
        self.entry.size = ending.size;
        tracing::debug!(
            session.id = %self.entry.session_id,
            account.name = %self.entry.username,
            result = self.entry.result.as_str(),
            reason = %self.entry.reason,
            size_bytes = self.entry.bytes,
            "{} `{}`",
            self.entry.operation.as_str(),
            self.entry.path
        );
        if let Some(direction) = direction(self.entry.operation) {
            self.metrics
                .transfer(direction, ending.result.as_str(), ending.bytes);
        }
        self.journal.record(self.entry);
    }

    /// Hands the row over: done, and the client hears `code`.
    pub(super) fn done(self, code: Code) {
        self.end(Ending {
            result: TransferResult::Complete,
            reason: "",
            code,
            bytes: 0,
            size: None,
        });
    }

    /// Hands the row over: the command was refused, or failed.
    pub(super) fn refused(self, error: &CommandError) {
        let (result, reason) = match error {
            CommandError::Storage(error) => (storage_result(error), storage_reason(error)),
            CommandError::Quota(_) => (TransferResult::Refused, "quota"),
            CommandError::NoEndpoint => (TransferResult::Refused, "no-endpoint"),
            CommandError::Traffic(_) => (TransferResult::Refused, "traffic"),
            CommandError::Worker => (TransferResult::Failed, "internal"),
            CommandError::Login(_)
            | CommandError::NotLoggedIn
            | CommandError::Passive(_)
            | CommandError::Path(_)
            | CommandError::Refused(_) => (TransferResult::Refused, "refused"),
        };
        let code = error.reply().code();
        self.end(Ending {
            result,
            reason,
            code,
            bytes: 0,
            size: None,
        });
    }

    /// Hands the row over: the transfer did not end well.
    pub(super) fn failed(self, error: &TransferError, bytes: u64, size: Option<u64>) {
        let (result, reason, code) = (error.result(), error.reason(), error.reply().code());
        self.end(Ending {
            result,
            reason,
            code,
            bytes,
            size,
        });
    }
}

/// Which way the bytes went; `None` if none did.
fn direction(operation: Operation) -> Option<Direction> {
    match operation {
        Operation::Append | Operation::Upload => Some(Direction::Upload),
        Operation::Download => Some(Direction::Download),
        Operation::Delete | Operation::Mkdir | Operation::Rename | Operation::Rmdir => None,
    }
}
