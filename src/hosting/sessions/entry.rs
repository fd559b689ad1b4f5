//! What is kept of each session, behind its locks.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::view::{Order, SessionAccount, SessionView, TransferView};
use crate::clock::{Clock, Timestamp};
use crate::events::{Event, Events};
use crate::model::{Operation, SessionId, VirtualPath};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) live: Mutex<HashMap<SessionId, Arc<Entry>>>,
    /// Transfers that have not wound up; their sessions may be gone.
    pub(super) transfers: AtomicUsize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Events,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: SessionId,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) opened_at: Timestamp,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) totals: Totals,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) account: Option<SessionAccount>,
    pub(super) tls: Option<String>,
    pub(super) client: String,
    pub(super) command: String,
    pub(super) cwd: String,
    pub(super) active_at: Timestamp,
    pub(super) transfer: Option<Arc<Transfer>>,
}

#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) operation: Operation,
    pub(super) path: VirtualPath,
    pub(super) expected_bytes: Option<u64>,
    pub(super) encrypted: bool,
    pub(super) started_at: Timestamp,
    pub(super) moved: AtomicU64,
}

impl Shared {
    /// Takes a session off the list and tells everybody.
    pub(super) fn close(&self, id: SessionId) {
        lock(&self.live).remove(&id);
        self.events.publish(Event::SessionsChanged(id));
    }
}

impl Entry {
    pub(super) fn view(&self) -> SessionView {
        let state = lock(&self.state).clone();
        SessionView {
            id: self.id,
            peer: self.peer,
            local: self.local,
            account: state.account,
            tls: state.tls,
            client: state.client,
            command: state.command,
            cwd: state.cwd,
            opened_at: self.opened_at,
            active_at: state.active_at,
            received_bytes: self.totals.received.load(Ordering::Relaxed),
            sent_bytes: self.totals.sent.load(Ordering::Relaxed),
            transfer: state.transfer.map(|transfer| TransferView {
                operation: transfer.operation,
                path: transfer.path.clone(),
                moved_bytes: transfer.moved.load(Ordering::Relaxed),
                expected_bytes: transfer.expected_bytes,
                encrypted: transfer.encrypted,
                started_at: transfer.started_at,
            }),
        }
    }
}

/// A poisoned lock still guards plain values; nothing here can be half written.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

pub(super) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
