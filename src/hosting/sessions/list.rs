//! The list itself: who is admitted, who is on it, and orders to them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::entry::{Entry, Shared, State, Totals, count, lock};
use super::live::LiveSession;
use super::orders::{Mailbox, Orders};
use super::view::{Admission, Guest, Order, Refused, SessionAccount, SessionView};
use crate::clock::Clock;
use crate::events::{Event, Events};
use crate::model::{AccountId, SessionId};

/// A cheap handle on the list of live sessions.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<Shared>);

impl Sessions {
    /// An empty list.
    pub fn new(clock: Arc<dyn Clock>, events: Events) -> Self {
        Self(Arc::new(Shared {
            live: Mutex::default(),
            transfers: AtomicUsize::new(0),
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
        let orders = Arc::new(Mailbox::default());
        let entry = Arc::new(Entry {
            id,
            peer,
            local,
            opened_at: now,
            orders: Arc::clone(&orders),
            totals: Totals::default(),
            is_ending: AtomicBool::new(false),
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
            if count(live.sessions.len()) >= admission.total {
                return Err(Refused::Server {
                    limit: admission.total,
                });
            }
            if live.of_address(peer.ip()) >= admission.per_address {
                return Err(Refused::Address {
                    limit: admission.per_address,
                });
            }
            live.insert(Arc::clone(&entry));
        }
        self.0.events.publish(Event::SessionsChanged(id));
        let live = LiveSession::new(entry, Arc::clone(&self.0));
        Ok((live, Orders::new(orders)))
    }

    /// All sessions, oldest first.
    pub fn snapshot(&self) -> Vec<SessionView> {
        let entries = lock(&self.0.live).entries();
        let mut views: Vec<SessionView> = entries.iter().map(|entry| entry.view()).collect();
        views.sort_by_key(|view| (view.opened_at, view.id));
        views
    }

    /// One session.
    pub fn find(&self, id: SessionId) -> Option<SessionView> {
        let entry = lock(&self.0.live).sessions.get(&id).cloned();
        entry.map(|entry| entry.view())
    }

    /// Number of live sessions.
    pub fn count(&self) -> usize {
        lock(&self.0.live).sessions.len()
    }

    /// Number of transfers that have not wound up, those of sessions that are gone included.
    pub fn transfers(&self) -> usize {
        self.0.transfers.load(Ordering::Relaxed)
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
        let entry = lock(&self.0.live).sessions.get(&id).cloned();
        entry.is_some_and(|entry| entry.orders.send(order))
    }

    /// Gives the same order to every session that `chosen` picks; tells how many got it.
    pub fn order_where(&self, order: &Order, chosen: impl Fn(&SessionAccount) -> bool) -> usize {
        let entries = lock(&self.0.live).entries();
        let is_chosen =
            |entry: &&Arc<Entry>| lock(&entry.state).account.as_ref().is_some_and(&chosen);
        entries
            .iter()
            .filter(is_chosen)
            .filter(|entry| entry.orders.send(order.clone()))
            .count()
    }

    /// Ends every logged-in session to which `farewell` has something to say; tells how many. One
    /// that was told to end before is not told, nor counted, again.
    pub fn end_where(&self, farewell: impl Fn(&Guest<'_>) -> Option<&'static str>) -> usize {
        let entries = lock(&self.0.live).entries();
        let heard = |entry: &Entry| {
            let state = lock(&entry.state);
            farewell(&Guest {
                account: state.account.as_ref()?,
                from: entry.peer.ip(),
                encrypted: state.tls.is_some(),
                opened_at: entry.opened_at,
            })
        };
        entries
            .iter()
            .filter(|entry| heard(entry).is_some_and(|text| entry.end(text)))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;
    use crate::hosting::sessions::Places;
    use crate::model::{CustomerId, Operation, VirtualPath};

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

    fn at_most(total: u64) -> Places {
        Places {
            total: Some(total),
            per_address: None,
        }
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

        first.log_in(account(7), at_most(1)).unwrap();

        assert_eq!(
            second.log_in(account(7), at_most(1)),
            Err(Refused::Account { limit: 1 })
        );
        assert_eq!(second.log_in(account(8), at_most(1)), Ok(()));
        first.log_out();
        assert_eq!(second.log_in(account(7), at_most(1)), Ok(()));
    }

    #[test]
    fn an_account_is_limited_at_each_address_on_its_own() {
        let sessions = sessions();
        let places = Places {
            total: Some(9),
            per_address: Some(1),
        };
        let first = open(&sessions, 1, "127.0.0.1:1000").unwrap();
        let beside = open(&sessions, 2, "[::ffff:127.0.0.1]:1001").unwrap();
        let elsewhere = open(&sessions, 3, "127.0.0.2:1000").unwrap();

        first.log_in(account(7), places).unwrap();

        let refused = Err(Refused::AccountAddress { limit: 1 });
        assert_eq!(beside.log_in(account(7), places), refused);
        assert_eq!(beside.log_in(account(8), places), Ok(()));
        assert_eq!(elsewhere.log_in(account(7), places), Ok(()));
        assert_eq!(
            first.log_in(account(7), places),
            Ok(()),
            "it counted itself"
        );
        drop(first);
        assert_eq!(beside.log_in(account(7), places), Ok(()));
    }

    #[test]
    fn a_session_is_ended_once_however_often_it_is_chosen() {
        let sessions = sessions();
        let (mine, _orders) = register(&sessions, 1, "127.0.0.1:1000").unwrap();
        let (other, _unread) = register(&sessions, 2, "127.0.0.2:1000").unwrap();
        mine.log_in(account(7), Places::default()).unwrap();
        other.log_in(account(8), Places::default()).unwrap();
        let end = || {
            sessions.end_where(|guest| (guest.account.id == account(7).id).then_some("Goodbye."))
        };

        assert_eq!([end(), end()], [1, 0]);
    }

    #[tokio::test]
    async fn an_order_reaches_exactly_the_sessions_of_its_account() {
        let sessions = sessions();
        let (mine, mut orders) = register(&sessions, 1, "127.0.0.1:1000").unwrap();
        let other = open(&sessions, 2, "127.0.0.2:1000").unwrap();
        mine.log_in(account(7), Places::default()).unwrap();
        other.log_in(account(8), Places::default()).unwrap();

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
