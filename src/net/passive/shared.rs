//! What the tasks of the pool, its reservations and its open connections share: the bookings, the
//! listeners and the counters, behind one lock that is never held for long.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::model::SessionId;
use crate::net::listen::BindAddresses;

use super::bookings::{BookingKey, Bookings, Caller};
use super::doors::{Doors, Slot};
use super::options::PassiveOptions;
use super::view::{PassiveCounters, PortState, PortView};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: PassiveOptions,
    state: Mutex<State>,
    connected_total: AtomicU64,
    strangers_total: AtomicU64,
    timeouts_total: AtomicU64,
    exhausted_total: AtomicU64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) bookings: Bookings,
    pub(super) doors: Doors,
    /// Open data connections: the port and a number, for the session.
    connected: BTreeMap<(u16, u64), SessionId>,
    last_connection: u64,
}

impl State {
    /// Brings the bookings in line with the listeners after these have changed.
    pub(super) fn refresh(&mut self, now: Instant) {
        self.close_drained();
        self.bookings.set_bookable(self.doors.bookable(), now);
    }

    fn close_drained(&mut self) {
        let bookings = &self.bookings;
        self.doors
            .close_drained(|slot: Slot| bookings.is_held(slot.port, slot.is_ipv6));
    }

    fn close_if_drained(&mut self, port: u16) {
        if !self.doors.is_in_range(port) {
            self.close_drained();
        }
    }
}

impl Shared {
    pub(super) fn new(on: BindAddresses, options: PassiveOptions) -> Self {
        Self {
            options,
            state: Mutex::new(State {
                bookings: Bookings::new(options),
                doors: Doors::new(on),
                connected: BTreeMap::new(),
                last_connection: 0,
            }),
            connected_total: AtomicU64::new(0),
            strangers_total: AtomicU64::new(0),
            timeouts_total: AtomicU64::new(0),
            exhausted_total: AtomicU64::new(0),
        }
    }

    /// Looks at the state or changes it, then delivers the ports that became free by that. The
    /// answers are sent outside the lock: whoever has stopped waiting gives the port back at once.
    pub(super) fn with<T>(self: &Arc<Self>, look: impl FnOnce(&mut State) -> T) -> T {
        let (result, grants) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = look(&mut state);
            (result, state.bookings.take_grants())
        };
        for grant in grants {
            if let Err(unwanted) = grant.answer.send(grant.booked) {
                self.release(unwanted.key);
            }
        }
        result
    }

    /// Hands a connection to the session that has reserved it, or resets it at once, which is as near
    /// as an open port comes to refusing: a client that begins with TLS, not having heard yet that its
    /// transfer was refused, then fails at connecting instead of talking to nobody. Perl's `Net::FTP`
    /// would die of that (SIGPIPE).
    pub(super) fn arrived(self: &Arc<Self>, port: u16, socket: TcpStream, from: SocketAddr) {
        let local = socket.local_addr().map(|address| address.ip());
        let found = local.ok().and_then(|local: IpAddr| {
            self.with(|state| {
                let arrival = state
                    .bookings
                    .claim(port, from.ip(), local, Instant::now())?;
                state.close_if_drained(port);
                Some(arrival)
            })
        });
        let Some(arrival) = found else {
            self.strangers_total.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(port, peer = %from, "reset a data connection that nobody had reserved");
            reset(socket);
            return;
        };
        self.connected_total.fetch_add(1, Ordering::Relaxed);
        // The session may have ended this very moment; the connection closes by being dropped.
        let _gone = arrival.send(Caller { socket, from });
    }

    /// Accepts what the system holds ready on a reserved port, without waiting for the task that
    /// serves it. A connection that was made before a verb is known with the verb then, and one that
    /// was made for a booking comes out nowhere else when this one ends.
    pub(super) fn look(self: &Arc<Self>, key: BookingKey) {
        let slot = Slot {
            port: key.port,
            is_ipv6: key.peer.is_ipv6(),
        };
        if let Some(listener) = self.with(|state| state.doors.listener(slot)) {
            listener.look(|socket, from| self.arrived(key.port, socket, from));
        }
    }

    /// A session has taken its connection. Returns the place it has among the open connections.
    pub(super) fn connected(self: &Arc<Self>, port: u16, session: SessionId) -> (u16, u64) {
        self.with(|state| {
            state.last_connection += 1;
            let place = (port, state.last_connection);
            state.connected.insert(place, session);
            place
        })
    }

    pub(super) fn disconnected(self: &Arc<Self>, place: (u16, u64)) {
        self.with(|state| state.connected.remove(&place));
    }

    pub(super) fn release(self: &Arc<Self>, key: BookingKey) -> bool {
        self.with(|state| {
            let was_held = state.bookings.release(key, Instant::now());
            state.close_if_drained(key.port);
            was_held
        })
    }

    pub(super) fn expire(self: &Arc<Self>, now: Instant) {
        let expired = self.with(|state| {
            let expired = state.bookings.expire(now);
            if expired > 0 {
                state.close_drained();
            }
            expired
        });
        let expired = u64::try_from(expired).unwrap_or(u64::MAX);
        self.timeouts_total.fetch_add(expired, Ordering::Relaxed);
    }

    pub(super) fn count_timeout(&self) {
        self.timeouts_total.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_exhausted(&self) {
        self.exhausted_total.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counters(self: &Arc<Self>) -> PassiveCounters {
        let now = self.with(|state| PassiveCounters {
            ports: state.doors.open_ports(),
            reserved: state.bookings.held(),
            connected: state.connected.len(),
            waiting: state.bookings.waiting(),
            ..PassiveCounters::default()
        });
        PassiveCounters {
            connected_total: self.connected_total.load(Ordering::Relaxed),
            strangers_total: self.strangers_total.load(Ordering::Relaxed),
            timeouts_total: self.timeouts_total.load(Ordering::Relaxed),
            exhausted_total: self.exhausted_total.load(Ordering::Relaxed),
            ..now
        }
    }

    pub(super) fn snapshot(self: &Arc<Self>) -> Vec<PortView> {
        self.with(|state| state.snapshot())
    }
}

impl State {
    fn snapshot(&self) -> Vec<PortView> {
        let mut reserved = self.bookings.holders();
        let mut connected = BTreeMap::<u16, Vec<SessionId>>::new();
        for ((port, _), session) in &self.connected {
            connected.entry(*port).or_default().push(*session);
        }
        let mut ports: Vec<u16> = self
            .doors
            .ports()
            .chain(connected.keys().copied())
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
            .into_iter()
            .map(|port| {
                let reserved = reserved.remove(&port).unwrap_or_default();
                let connected = connected.remove(&port).unwrap_or_default();
                PortView {
                    port,
                    state: self.port_state(port, reserved.len(), connected.len()),
                    reserved,
                    connected,
                }
            })
            .collect()
    }

    fn port_state(&self, port: u16, reserved: usize, connected: usize) -> PortState {
        if !self.doors.is_in_range(port) {
            return PortState::Draining;
        }
        if let Some(trouble) = self.doors.trouble(port) {
            return trouble;
        }
        match (connected, reserved) {
            (0, 0) => PortState::Free,
            (0, _) => PortState::Reserved(reserved),
            _ => PortState::Connected(connected),
        }
    }
}

/// As near as an open port comes to refusing a connection.
pub(super) fn reset(socket: TcpStream) {
    // If this fails the connection is gone already.
    let _gone = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
    drop(socket);
}
