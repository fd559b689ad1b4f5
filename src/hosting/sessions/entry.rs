//! What is kept of each session, behind its locks.

use std::collections::{HashMap, hash_map};
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::orders::Mailbox;
use super::view::{Order, SessionAccount, SessionView, TransferView};
use crate::clock::{Clock, Timestamp};
use crate::events::{Event, Events};
use crate::model::{AccountId, Operation, SessionId, VirtualPath};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) live: Mutex<Live>,
    /// Transfers that have not wound up; their sessions may be gone.
    pub(super) transfers: AtomicUsize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Events,
}

/// The sessions, and how many there are of each kind that has a limit: a server with thousands of
/// them does not count them for every newcomer.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) sessions: HashMap<SessionId, Arc<Entry>>,
    by_address: HashMap<IpAddr, u64>,
    by_account: HashMap<AccountId, u64>,
    by_account_address: HashMap<(AccountId, IpAddr), u64>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: SessionId,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) opened_at: Timestamp,
    pub(super) orders: Arc<Mailbox>,
    pub(super) totals: Totals,
    /// Whether it was told to end.
    pub(super) is_ending: AtomicBool,
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
        lock(&self.live).remove(id);
        self.events.publish(Event::SessionsChanged(id));
    }
}

impl Live {
    pub(super) fn of_address(&self, address: IpAddr) -> u64 {
        self.by_address
            .get(&canonical(address))
            .copied()
            .unwrap_or(0)
    }

    pub(super) fn of_account(&self, id: AccountId) -> u64 {
        self.by_account.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn of_account_at(&self, id: AccountId, address: IpAddr) -> u64 {
        let key = (id, canonical(address));
        self.by_account_address.get(&key).copied().unwrap_or(0)
    }

    pub(super) fn insert(&mut self, entry: Arc<Entry>) {
        *self
            .by_address
            .entry(canonical(entry.peer.ip()))
            .or_insert(0) += 1;
        self.sessions.insert(entry.id, entry);
    }

    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.sessions.values().cloned().collect()
    }

    /// Says who uses the session from now on; `None` for nobody.
    pub(super) fn assign(&mut self, entry: &Entry, account: Option<SessionAccount>) {
        let address = canonical(entry.peer.ip());
        if let Some(account) = &account {
            *self.by_account.entry(account.id).or_insert(0) += 1;
            let here = (account.id, address);
            *self.by_account_address.entry(here).or_insert(0) += 1;
        }
        let former = std::mem::replace(&mut lock(&entry.state).account, account);
        if let Some(former) = former {
            count_down(&mut self.by_account, former.id);
            count_down(&mut self.by_account_address, (former.id, address));
        }
    }

    fn remove(&mut self, id: SessionId) {
        let Some(entry) = self.sessions.remove(&id) else {
            return;
        };
        count_down(&mut self.by_address, canonical(entry.peer.ip()));
        self.assign(&entry, None);
    }
}

/// One less of `key`; what nobody is counted under is forgotten.
fn count_down<K: Eq + Hash>(counts: &mut HashMap<K, u64>, key: K) {
    if let hash_map::Entry::Occupied(mut counted) = counts.entry(key) {
        *counted.get_mut() -= 1;
        if *counted.get() == 0 {
            counted.remove();
        }
    }
}

impl Entry {
    /// Tells the session to end with `farewell`; `false` if it was told before, or cannot be.
    pub(super) fn end(&self, farewell: &str) -> bool {
        if self.is_ending.swap(true, Ordering::Relaxed) {
            return false;
        }
        let is_told = self.orders.send(Order::Disconnect(farewell.to_owned()));
        self.is_ending.store(is_told, Ordering::Relaxed);
        is_told
    }

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
