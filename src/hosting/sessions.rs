//! Who is connected now. A session registers itself and holds a [`LiveSession`]; everybody else
//! reads snapshots and sends orders. Counters are atomics that pages sample; nothing here is in the
//! way of a byte.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::clock::{Clock, Timestamp};
use crate::events::{Event, Events};
use crate::model::{AccountId, CustomerId, Limit, Operation, SessionId, Username, VirtualPath};

/// A cheap handle on the list of live sessions.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    live: Mutex<HashMap<SessionId, Arc<Entry>>>,
    clock: Arc<dyn Clock>,
    events: Events,
}

#[derive(Debug)]
struct Entry {
    id: SessionId,
    peer: SocketAddr,
    local: SocketAddr,
    opened_at: Timestamp,
    orders: mpsc::Sender<Order>,
    totals: Totals,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct Totals {
    received: AtomicU64,
    sent: AtomicU64,
}

#[derive(Clone, Debug)]
struct State {
    account: Option<SessionAccount>,
    tls: Option<String>,
    client: String,
    command: String,
    cwd: String,
    active_at: Timestamp,
    transfer: Option<Arc<Transfer>>,
}

#[derive(Debug)]
struct Transfer {
    operation: Operation,
    path: VirtualPath,
    expected_bytes: Option<u64>,
    encrypted: bool,
    started_at: Timestamp,
    moved: AtomicU64,
}

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

/// A registered session. Dropping it takes it off the list.
#[derive(Debug)]
pub struct LiveSession {
    entry: Arc<Entry>,
    sessions: Sessions,
}

/// What a registered session is ordered. Apart from the [`LiveSession`], so that it can be waited
/// for while a command uses that.
#[derive(Debug)]
pub struct Orders(mpsc::Receiver<Order>);

/// A running transfer on the list. Dropping it takes it off.
#[derive(Debug)]
pub struct LiveTransfer {
    entry: Arc<Entry>,
    transfer: Arc<Transfer>,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// Orders a session may have waiting; a session that does not read them is stuck anyway.
    const ORDER_QUEUE: usize = 16;

    /// An empty list.
    pub fn new(clock: Arc<dyn Clock>, events: Events) -> Self {
        Self(Arc::new(Shared {
            live: Mutex::default(),
            clock,
            events,
        }))
    }

    /// Registers a connection; limits are checked and the place is taken in one step.
    ///
    /// # Errors
    ///
    /// [`Refused::Server`] and [`Refused::Address`]; the peer hears 421 instead of 220.
    pub fn open(
        &self,
        id: SessionId,
        peer: SocketAddr,
        local: SocketAddr,
        admission: Admission,
    ) -> Result<(LiveSession, Orders), Refused> {
        let now = self.0.clock.now();
        let (sender, orders) = mpsc::channel(Self::ORDER_QUEUE);
        let entry = Arc::new(Entry {
            id,
            peer,
            local,
            opened_at: now,
            orders: sender,
            totals: Totals::default(),
            state: Mutex::new(State {
                account: None,
                tls: None,
                client: String::new(),
                command: String::new(),
                cwd: "/".to_owned(),
                active_at: now,
                transfer: None,
            }),
        });
        {
            let mut live = lock(&self.0.live);
            if count(live.len()) >= admission.total {
                return Err(Refused::Server {
                    limit: admission.total,
                });
            }
            let address = canonical(peer.ip());
            let same = live
                .values()
                .filter(|other| canonical(other.peer.ip()) == address)
                .count();
            if count(same) >= admission.per_address {
                return Err(Refused::Address {
                    limit: admission.per_address,
                });
            }
            live.insert(id, Arc::clone(&entry));
        }
        self.0.events.publish(Event::SessionsChanged(id));
        let live = LiveSession {
            entry,
            sessions: self.clone(),
        };
        Ok((live, Orders(orders)))
    }

    /// All sessions, oldest first.
    pub fn snapshot(&self) -> Vec<SessionView> {
        let entries: Vec<Arc<Entry>> = lock(&self.0.live).values().cloned().collect();
        let mut views: Vec<SessionView> = entries.iter().map(|entry| entry.view()).collect();
        views.sort_by_key(|view| (view.opened_at, view.id));
        views
    }

    /// One session.
    pub fn find(&self, id: SessionId) -> Option<SessionView> {
        let entry = lock(&self.0.live).get(&id).cloned();
        entry.map(|entry| entry.view())
    }

    /// Number of live sessions.
    pub fn count(&self) -> usize {
        lock(&self.0.live).len()
    }

    /// Number of sessions of every account that has one.
    pub fn count_by_account(&self) -> HashMap<AccountId, usize> {
        let mut counts = HashMap::new();
        for account in self.snapshot().into_iter().filter_map(|view| view.account) {
            *counts.entry(account.id).or_insert(0) += 1;
        }
        counts
    }

    /// Gives one session an order; `false` if it is gone or no longer listens.
    pub fn order(&self, id: SessionId, order: Order) -> bool {
        let entry = lock(&self.0.live).get(&id).cloned();
        entry.is_some_and(|entry| entry.orders.try_send(order).is_ok())
    }

    /// Gives the same order to every session that `chosen` picks; tells how many got it.
    pub fn order_where(&self, order: &Order, chosen: impl Fn(&SessionAccount) -> bool) -> usize {
        let entries: Vec<Arc<Entry>> = lock(&self.0.live).values().cloned().collect();
        let is_chosen =
            |entry: &&Arc<Entry>| lock(&entry.state).account.as_ref().is_some_and(&chosen);
        entries
            .iter()
            .filter(is_chosen)
            .filter(|entry| entry.orders.try_send(order.clone()).is_ok())
            .count()
    }

    fn close(&self, id: SessionId) {
        lock(&self.0.live).remove(&id);
        self.0.events.publish(Event::SessionsChanged(id));
    }
}

impl LiveSession {
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
    /// [`Refused::Account`]; the peer hears 421.
    pub fn log_in(&self, account: SessionAccount, limit: Limit) -> Result<(), Refused> {
        {
            let live = lock(&self.sessions.0.live);
            if let Some(limit) = limit {
                let is_other = |entry: &&Arc<Entry>| {
                    entry.id != self.entry.id
                        && lock(&entry.state)
                            .account
                            .as_ref()
                            .is_some_and(|a| a.id == account.id)
                };
                if count(live.values().filter(is_other).count()) >= limit {
                    return Err(Refused::Account { limit });
                }
            }
            lock(&self.entry.state).account = Some(account);
        }
        self.sessions
            .0
            .events
            .publish(Event::SessionsChanged(self.entry.id));
        Ok(())
    }

    /// Gives the account's place back: `USER`, `REIN` or `AUTH` began anew.
    pub fn log_out(&self) {
        lock(&self.entry.state).account = None;
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
        let now = self.sessions.0.clock.now();
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
        let clock = Arc::clone(&self.sessions.0.clock);
        let transfer = Arc::new(Transfer {
            operation,
            path,
            expected_bytes,
            encrypted,
            started_at: clock.now(),
            moved: AtomicU64::new(0),
        });
        lock(&self.entry.state).transfer = Some(Arc::clone(&transfer));
        self.sessions
            .0
            .events
            .publish(Event::SessionsChanged(self.entry.id));
        LiveTransfer {
            entry: Arc::clone(&self.entry),
            transfer,
            clock,
        }
    }
}

impl Orders {
    /// Waits for the next order.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses no order.
    pub async fn next(&mut self) -> Order {
        match self.0.recv().await {
            Some(order) => order,
            // The session is gone: nobody can order it anything.
            None => std::future::pending().await,
        }
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.sessions.close(self.entry.id);
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
        let now = self.clock.now();
        let mut state = lock(&self.entry.state);
        // One that winds up late must not hide the next one.
        let is_mine = |shown: &Arc<Transfer>| Arc::ptr_eq(shown, &self.transfer);
        if state.transfer.as_ref().is_some_and(is_mine) {
            state.transfer = None;
        }
        state.active_at = now;
    }
}

impl Entry {
    fn view(&self) -> SessionView {
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
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    const ADMISSION: Admission = Admission {
        total: 3,
        per_address: 2,
    };

    fn sessions() -> Sessions {
        Sessions::new(Arc::new(TestClock::default()), Events::new())
    }

    fn register(
        sessions: &Sessions,
        number: u8,
        peer: &str,
    ) -> Result<(LiveSession, Orders), Refused> {
        let id = SessionId::from_parts(u64::from(number), [number; 10]);
        sessions.open(
            id,
            peer.parse().unwrap(),
            "127.0.0.1:21".parse().unwrap(),
            ADMISSION,
        )
    }

    fn open(sessions: &Sessions, number: u8, peer: &str) -> Result<LiveSession, Refused> {
        register(sessions, number, peer).map(|(live, _)| live)
    }

    fn account(number: u8) -> SessionAccount {
        SessionAccount {
            id: AccountId::from_parts(u64::from(number), [number; 10]),
            customer_id: CustomerId::from_parts(0, [0; 10]),
            username: format!("user{number}").parse().unwrap(),
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_session_ends() {
        let sessions = sessions();
        let first = open(&sessions, 1, "127.0.0.1:1000").unwrap();
        let _second = open(&sessions, 2, "127.0.0.1:1001").unwrap();

        let refused = open(&sessions, 3, "127.0.0.1:1002").unwrap_err();
        drop(first);

        assert_eq!(refused, Refused::Address { limit: 2 });
        assert!(open(&sessions, 3, "127.0.0.1:1002").is_ok());
    }

    #[test]
    fn a_full_server_refuses_every_address() {
        let sessions = sessions();
        let _live: Vec<_> = (1..=3)
            .map(|n| open(&sessions, n, &format!("127.0.0.{n}:1000")).unwrap())
            .collect();

        let refused = open(&sessions, 4, "127.0.0.4:1000").unwrap_err();

        assert_eq!(refused, Refused::Server { limit: 3 });
    }

    #[test]
    fn an_account_is_limited_over_all_its_addresses() {
        let sessions = sessions();
        let first = open(&sessions, 1, "127.0.0.1:1000").unwrap();
        let second = open(&sessions, 2, "127.0.0.2:1000").unwrap();

        first.log_in(account(7), Some(1)).unwrap();

        assert_eq!(
            second.log_in(account(7), Some(1)),
            Err(Refused::Account { limit: 1 })
        );
        assert_eq!(second.log_in(account(8), Some(1)), Ok(()));
        first.log_out();
        assert_eq!(second.log_in(account(7), Some(1)), Ok(()));
    }

    #[tokio::test]
    async fn an_order_reaches_exactly_the_sessions_of_its_account() {
        let sessions = sessions();
        let (mine, mut orders) = register(&sessions, 1, "127.0.0.1:1000").unwrap();
        let other = open(&sessions, 2, "127.0.0.2:1000").unwrap();
        mine.log_in(account(7), None).unwrap();
        other.log_in(account(8), None).unwrap();

        let reached = sessions.order_where(&Order::Refresh, |a| a.id == account(7).id);

        assert_eq!(reached, 1);
        assert_eq!(orders.next().await, Order::Refresh);
    }

    #[test]
    fn a_transfer_that_winds_up_late_does_not_hide_the_next_one() {
        let sessions = sessions();
        let live = open(&sessions, 1, "127.0.0.1:1000").unwrap();
        let path = |name| VirtualPath::root().resolve(name).unwrap();

        let aborted = live.begin_transfer(Operation::Upload, path("/a"), None, true);
        let _next = live.begin_transfer(Operation::Upload, path("/b"), None, true);
        drop(aborted);

        let shown = sessions.find(live.id()).unwrap().transfer.unwrap();
        assert_eq!(shown.path, path("/b"));
    }

    #[test]
    fn a_transfer_is_seen_while_it_runs_and_counted_afterwards() {
        let sessions = sessions();
        let live = open(&sessions, 1, "127.0.0.1:1000").unwrap();
        let path = VirtualPath::root().resolve("/a").unwrap();

        let transfer = live.begin_transfer(Operation::Upload, path, None, true);
        transfer.moved(5);
        let during = sessions.find(live.id()).unwrap();
        drop(transfer);
        let after = sessions.find(live.id()).unwrap();

        assert_eq!(during.transfer.map(|t| t.moved_bytes), Some(5));
        assert!(after.transfer.is_none());
        assert_eq!(after.received_bytes, 5);
    }
}
