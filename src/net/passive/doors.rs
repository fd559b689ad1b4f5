//! Which listeners are open, which cannot be opened, and which have left the range.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::PortRange;
use crate::net::error::BindError;
use crate::net::listen::{Accepts, BindAddresses, bind};

use super::listener::Listener;
use super::options::Bookable;
use super::view::PortState;

/// How long a port that could not be opened is left alone.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// One listener's place: a port in an address family.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Slot {
    pub(super) port: u16,
    pub(super) is_ipv6: bool,
}

/// All listeners.
#[derive(Debug)]
pub(super) struct Doors {
    on: BindAddresses,
    range: Option<PortRange>,
    by_slot: BTreeMap<Slot, Door>,
    /// Listeners that were told to stop. Until they have, their ports are still taken, by us.
    closing: Vec<JoinHandle<()>>,
}

/// An open listener and the task that serves it.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) listener: Arc<Listener>,
    pub(super) stop: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

/// What came of opening a number of ports.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) listeners: Vec<(Slot, std::net::TcpListener)>,
    pub(super) failures: Vec<(Slot, BindError)>,
}

#[derive(Debug)]
enum Door {
    Open(Listening),
    Blocked { state: PortState, since: Instant },
}

/// Opens listeners; a failure does not stop the others.
pub(super) fn open_all(slots: Vec<Slot>, on: BindAddresses) -> Opened {
    let mut opened = Opened::default();
    for slot in slots {
        let Some(address) = slot.address(on) else {
            continue;
        };
        match bind(address, Accepts::OwnFamily) {
            Ok(listener) => opened.listeners.push((slot, listener)),
            Err(source) => opened.failures.push((slot, BindError { address, source })),
        }
    }
    opened
}

impl Slot {
    fn address(self, on: BindAddresses) -> Option<SocketAddr> {
        if self.is_ipv6 {
            on.v6.map(|v6| SocketAddr::from((v6, self.port)))
        } else {
            on.v4.map(|v4| SocketAddr::from((v4, self.port)))
        }
    }
}

impl Doors {
    pub(super) fn new(on: BindAddresses) -> Self {
        Self {
            on,
            range: None,
            by_slot: BTreeMap::new(),
            closing: Vec::new(),
        }
    }

    pub(super) fn on(&self) -> BindAddresses {
        self.on
    }

    /// The slots of `range` that are not open yet. Those that were blocked in the range in force
    /// are no news, hence left to the retries.
    pub(super) fn missing(&self, range: PortRange) -> Vec<Slot> {
        self.slots(range)
            .filter(|slot| !self.by_slot.contains_key(slot))
            .collect()
    }

    /// The slots that were blocked long enough to try again.
    pub(super) fn due(&self, now: Instant) -> Vec<Slot> {
        self.by_slot
            .iter()
            .filter_map(|(slot, door)| match door {
                Door::Blocked { since, .. }
                    if now.saturating_duration_since(*since) >= RETRY_AFTER =>
                {
                    Some(*slot)
                }
                Door::Blocked { .. } | Door::Open(_) => None,
            })
            .collect()
    }

    pub(super) fn set_range(&mut self, range: PortRange) {
        self.range = Some(range);
        self.by_slot
            .retain(|slot, door| matches!(door, Door::Open(_)) || range.contains(slot.port));
    }

    /// Notes an open listener.
    pub(super) fn opened(&mut self, slot: Slot, listening: Listening) {
        self.by_slot.insert(slot, Door::Open(listening));
    }

    /// Notes that a listener could not be opened.
    pub(super) fn blocked(&mut self, slot: Slot, error: &BindError, now: Instant) {
        let state = if error.is_foreign() {
            PortState::Foreign
        } else {
            PortState::Failing(error.reason())
        };
        self.by_slot
            .insert(slot, Door::Blocked { state, since: now });
    }

    /// Closes the listeners outside the range that nobody holds any more.
    pub(super) fn close_drained(&mut self, is_held: impl Fn(Slot) -> bool) {
        let range = self.range;
        let drained = self.by_slot.extract_if(.., |slot, _| {
            !range.is_some_and(|range| range.contains(slot.port)) && !is_held(*slot)
        });
        for (_, door) in drained {
            if let Door::Open(listening) = door {
                listening.stop.cancel();
                self.closing.push(listening.task);
            }
        }
    }

    /// The listeners that were told to stop since the last call; their ports can be opened again
    /// when they have.
    pub(super) fn take_closing(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.closing)
    }

    /// Forgets the listeners that have stopped.
    pub(super) fn forget_closed(&mut self) {
        self.closing.retain(|task| !task.is_finished());
    }

    /// The ports that can be had: open and in the range.
    pub(super) fn bookable(&self) -> Bookable {
        let mut bookable = Bookable::default();
        for (slot, door) in &self.by_slot {
            if matches!(door, Door::Open(_)) && self.is_in_range(slot.port) {
                let family = if slot.is_ipv6 {
                    &mut bookable.v6
                } else {
                    &mut bookable.v4
                };
                family.push(slot.port);
            }
        }
        bookable
    }

    /// Whether a listener is open there, or will be tried again.
    pub(super) fn owns(&self, slot: Slot) -> bool {
        let is_served = slot.address(self.on).is_some();
        self.by_slot.contains_key(&slot) || (is_served && self.is_in_range(slot.port))
    }

    /// The listener there, if it is open.
    pub(super) fn listener(&self, slot: Slot) -> Option<Arc<Listener>> {
        match self.by_slot.get(&slot)? {
            Door::Open(listening) => Some(Arc::clone(&listening.listener)),
            Door::Blocked { .. } => None,
        }
    }

    /// How many ports are open and in the range, in at least one family.
    pub(super) fn open_ports(&self) -> usize {
        let Bookable { mut v4, v6 } = self.bookable();
        v4.extend(v6);
        v4.sort_unstable();
        v4.dedup();
        v4.len()
    }

    pub(super) fn is_in_range(&self, port: u16) -> bool {
        self.range.is_some_and(|range| range.contains(port))
    }

    /// The ports that have a listener or should have one.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.by_slot.keys().map(|slot| slot.port)
    }

    /// Why `port` cannot be opened; `None`: it is open wherever it should be.
    pub(super) fn trouble(&self, port: u16) -> Option<PortState> {
        [false, true].into_iter().find_map(|is_ipv6| {
            match self.by_slot.get(&Slot { port, is_ipv6 })? {
                Door::Blocked { state, .. } => Some(state.clone()),
                Door::Open(_) => None,
            }
        })
    }

    fn slots(&self, range: PortRange) -> impl Iterator<Item = Slot> {
        let v4 = self.on.v4.is_some();
        let v6 = self.on.v6.is_some();
        range.ports().flat_map(move |port| {
            [(v4, false), (v6, true)]
                .into_iter()
                .filter_map(move |(is_served, is_ipv6)| is_served.then_some(Slot { port, is_ipv6 }))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{Ipv4Addr, Ipv6Addr};

    use tokio::net::TcpListener;

    use super::*;

    fn doors(range: &str) -> Doors {
        let mut doors = Doors::new(BindAddresses {
            v4: Some(Ipv4Addr::LOCALHOST),
            v6: Some(Ipv6Addr::LOCALHOST),
        });
        doors.set_range(range.parse().unwrap());
        doors
    }

    fn v4(port: u16) -> Slot {
        Slot {
            port,
            is_ipv6: false,
        }
    }

    fn error(port: u16, kind: io::ErrorKind) -> BindError {
        BindError {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            source: kind.into(),
        }
    }

    async fn listening() -> Listening {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(stop.clone().cancelled_owned());
        Listening {
            listener: Arc::new(Listener::new(0, socket)),
            stop,
            task,
        }
    }

    #[tokio::test]
    async fn only_ports_that_are_new_have_to_be_opened() {
        let mut doors = doors("30000-30001");
        doors.opened(v4(30_000), listening().await);
        let now = Instant::now();
        doors.blocked(v4(30_001), &error(30_001, io::ErrorKind::AddrInUse), now);

        let missing = doors.missing("30000-30002".parse().unwrap());

        let missing: Vec<u16> = missing
            .into_iter()
            .filter(|slot| !slot.is_ipv6)
            .map(|slot| slot.port)
            .collect();
        assert_eq!(missing, [30_002]);
    }

    #[test]
    fn a_blocked_port_is_tried_again_after_a_minute() {
        let mut doors = doors("30000-30001");
        let now = Instant::now();
        doors.blocked(v4(30_000), &error(30_000, io::ErrorKind::AddrInUse), now);
        doors.blocked(
            v4(30_001),
            &error(30_001, io::ErrorKind::AddrNotAvailable),
            now,
        );

        assert_eq!(doors.trouble(30_000), Some(PortState::Foreign));
        let failing = PortState::Failing("is not an address of this computer".to_owned());
        assert_eq!(doors.trouble(30_001), Some(failing));
        assert!(doors.due(now + RETRY_AFTER / 2).is_empty());
        assert_eq!(doors.due(now + RETRY_AFTER), [v4(30_000), v4(30_001)]);
        assert!(doors.bookable().v4.is_empty());
    }

    #[tokio::test]
    async fn a_port_that_left_the_range_stays_open_while_it_is_held() {
        let mut doors = doors("30000-30001");
        let (leaving, staying) = (listening().await, listening().await);
        let (stop, other) = (leaving.stop.clone(), staying.stop.clone());
        doors.opened(v4(30_000), leaving);
        doors.opened(v4(30_001), staying);

        doors.set_range("30001-30002".parse().unwrap());
        doors.close_drained(|slot| slot.port == 30_000);
        assert!(!stop.is_cancelled());
        assert_eq!(doors.bookable().v4, [30_001]);

        doors.close_drained(|_| false);
        assert!(stop.is_cancelled());
        assert!(!other.is_cancelled());
        assert_eq!(doors.take_closing().len(), 1);
        assert!(!doors.owns(v4(30_000)));
        assert!(doors.owns(v4(30_002)));
    }
}
