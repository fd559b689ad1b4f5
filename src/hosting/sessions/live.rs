//! What a session holds of itself on the list.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::{Entry, Shared, Transfer, lock};
use super::view::{Places, Refused, SessionAccount};
use crate::clock::Timestamp;
use crate::events::Event;
use crate::model::{Operation, SessionId, VirtualPath};

/// A registered session. Dropping it takes it off the list.
#[derive(Debug)]
pub struct LiveSession {
    entry: Arc<Entry>,
    shared: Arc<Shared>,
}

/// A running transfer on the list. Dropping it takes it off.
#[derive(Debug)]
pub struct LiveTransfer {
    entry: Arc<Entry>,
    transfer: Arc<Transfer>,
    shared: Arc<Shared>,
}

impl LiveSession {
    pub(super) fn new(entry: Arc<Entry>, shared: Arc<Shared>) -> Self {
        Self { entry, shared }
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.entry.id
    }

    /// When it began.
    pub fn opened_at(&self) -> Timestamp {
        self.entry.opened_at
    }

    /// Takes a place among the sessions of `account`, checked and taken in one step.
    ///
    /// # Errors
    ///
    /// [`Refused::Account`] and [`Refused::AccountAddress`]; the peer hears 421.
    pub fn log_in(&self, account: SessionAccount, places: Places) -> Result<(), Refused> {
        {
            let mut live = lock(&self.shared.live);
            let is_own = |own: &SessionAccount| own.id == account.id;
            let own = lock(&self.entry.state).account.as_ref().is_some_and(is_own);
            let others = |count: u64| count - u64::from(own);
            let is_full = |limit: &u64| others(live.of_account(account.id)) >= *limit;
            if let Some(limit) = places.total.filter(is_full) {
                return Err(Refused::Account { limit });
            }
            let here = self.entry.peer.ip();
            let is_full = |limit: &u64| others(live.of_account_at(account.id, here)) >= *limit;
            if let Some(limit) = places.per_address.filter(is_full) {
                return Err(Refused::AccountAddress { limit });
            }
            live.assign(&self.entry, Some(account));
        }
        self.shared
            .events
            .publish(Event::SessionsChanged(self.entry.id));
        Ok(())
    }

    /// Gives the account's place back: `USER`, `REIN` or `AUTH` began anew.
    pub fn log_out(&self) {
        lock(&self.shared.live).assign(&self.entry, None);
    }

    /// Notes the protocol version and cipher of the control connection.
    pub fn encrypted(&self, tls: String) {
        lock(&self.entry.state).tls = Some(tls);
    }

    /// Notes what the client calls itself.
    pub fn client(&self, name: &str) {
        name.clone_into(&mut lock(&self.entry.state).client);
    }

    /// Notes the command being worked on, without secrets, and the working directory.
    pub fn command(&self, command: &str, cwd: &str) {
        let now = self.shared.clock.now();
        let mut state = lock(&self.entry.state);
        command.clone_into(&mut state.command);
        cwd.clone_into(&mut state.cwd);
        state.active_at = now;
    }

    /// Puts a transfer on the list.
    pub fn begin_transfer(
        &self,
        operation: Operation,
        path: VirtualPath,
        expected_bytes: Option<u64>,
        encrypted: bool,
    ) -> LiveTransfer {
        let transfer = Arc::new(Transfer {
            operation,
            path,
            expected_bytes,
            encrypted,
            started_at: self.shared.clock.now(),
            moved: AtomicU64::new(0),
        });
        lock(&self.entry.state).transfer = Some(Arc::clone(&transfer));
        self.shared
            .events
            .publish(Event::SessionsChanged(self.entry.id));
        self.shared.transfers.fetch_add(1, Ordering::Relaxed);
        LiveTransfer {
            entry: Arc::clone(&self.entry),
            transfer,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.shared.close(self.entry.id);
    }
}

impl LiveTransfer {
    /// Counts bytes that were stored or sent. Two atomic additions; called per chunk.
    pub fn moved(&self, bytes: u64) {
        self.transfer.moved.fetch_add(bytes, Ordering::Relaxed);
        let total = match self.transfer.operation {
            Operation::Append | Operation::Upload => &self.entry.totals.received,
            _ => &self.entry.totals.sent,
        };
        total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes moved so far.
    pub fn moved_bytes(&self) -> u64 {
        self.transfer.moved.load(Ordering::Relaxed)
    }

    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.transfer.started_at
    }
}

impl Drop for LiveTransfer {
    fn drop(&mut self) {
        self.shared.transfers.fetch_sub(1, Ordering::Relaxed);
        let now = self.shared.clock.now();
        let mut state = lock(&self.entry.state);
        // One that winds up late must not hide the next one.
        let is_mine = |shown: &Arc<Transfer>| Arc::ptr_eq(shown, &self.transfer);
        if state.transfer.as_ref().is_some_and(is_mine) {
            state.transfer = None;
        }
        state.active_at = now;
    }
}
