//! Who holds which port, who waits for one, and who gets the next: bookkeeping without sockets.
//!
//! A booking is keyed by port and peer, so one port serves many peers at once. Whenever something
//! becomes free, the peer's queue is served at once; therefore a newcomer that can be served never
//! overtakes somebody who could have been.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use rand::seq::IndexedRandom;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::model::{AccountId, SessionId};
use crate::net::peer::PeerNetwork;

use super::options::{Bookable, PassiveOptions, ReservationRequest};
use super::wear::{Memory, Wear};

/// How many sessions of one peer may wait at the same time.
const MAX_WAITING: usize = 128;
/// Blind picks before all ports are looked at.
const PICKS: usize = 8;
/// More ports than this are never looked at one by one while a pick is free.
const WIDE: usize = 64;

/// All bookings.
#[derive(Debug)]
pub(super) struct Bookings {
    options: PassiveOptions,
    bookable: Bookable,
    peers: HashMap<PeerNetwork, PeerBook>,
    memory: Memory,
    grants: Vec<Grant>,
    last_id: u64,
}

/// Names one booking. The number tells it from a later one of the same peer on the same port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BookingKey {
    pub(super) peer: PeerNetwork,
    pub(super) port: u16,
    number: u64,
}

/// Names one place in a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct WaiterKey {
    peer: PeerNetwork,
    number: u64,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) socket: TcpStream,
    pub(super) from: SocketAddr,
}

/// A port was found.
#[derive(Debug)]
pub(super) struct Booked {
    pub(super) key: BookingKey,
    /// Where the connection will come out.
    pub(super) arrival: oneshot::Receiver<Caller>,
}

/// A port was found for somebody who waited.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) booked: Booked,
    pub(super) answer: oneshot::Sender<Booked>,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// A port was found.
    Booked(Booked),
    /// All ports are taken, or the account holds its share: there is a place in the queue.
    Wait(WaiterKey, oneshot::Receiver<Booked>),
    /// The queue is full.
    Full,
    /// No port is open for this address family.
    Closed,
}

#[derive(Debug, Default)]
struct PeerBook {
    bookings: BTreeMap<u16, Booking>,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Booking {
    number: u64,
    owner: AccountId,
    session: SessionId,
    local: Option<IpAddr>,
    keep_until: Instant,
    arrival: oneshot::Sender<Caller>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    request: ReservationRequest,
    answer: oneshot::Sender<Booked>,
}

impl Bookings {
    pub(super) fn new(options: PassiveOptions) -> Self {
        Self {
            options,
            bookable: Bookable::default(),
            peers: HashMap::new(),
            memory: Memory::default(),
            grants: Vec::new(),
            last_id: 0,
        }
    }

    /// Books a port, or takes a place in the queue.
    pub(super) fn request(&mut self, request: ReservationRequest, now: Instant) -> Answer {
        let peer = request.peer;
        if self.bookable.for_peer(peer).is_empty() {
            return Answer::Closed;
        }
        if let Some(booked) = self.book(&request, now) {
            return Answer::Booked(booked);
        }
        let number = self.next_number();
        let book = self.peers.entry(peer).or_default();
        if book.waiting.len() >= MAX_WAITING {
            return Answer::Full;
        }
        let (answer, granted) = oneshot::channel();
        book.waiting.push_back(Waiter {
            number,
            request,
            answer,
        });
        Answer::Wait(WaiterKey { peer, number }, granted)
    }

    /// Leaves the queue.
    pub(super) fn stop_waiting(&mut self, key: WaiterKey) {
        if let Some(book) = self.peers.get_mut(&key.peer) {
            book.waiting.retain(|waiter| waiter.number != key.number);
        }
        self.forget_if_idle(key.peer);
    }

    /// Ends a booking that was not used. Returns whether it stood.
    pub(super) fn release(&mut self, key: BookingKey, now: Instant) -> bool {
        let Some(book) = self.peers.get_mut(&key.peer) else {
            return false;
        };
        if book.bookings.get(&key.port).map(|held| held.number) != Some(key.number) {
            return false;
        }
        book.bookings.remove(&key.port);
        self.memory.given_up(key.peer, key.port, now);
        self.serve(key.peer, now);
        true
    }

    /// A connection from `from` came in on `port` at the local address `local`. Its booking, if
    /// there is one, ends here and not with the transfer; returns where the connection has to go.
    pub(super) fn claim(
        &mut self,
        port: u16,
        from: IpAddr,
        local: IpAddr,
        now: Instant,
    ) -> Option<oneshot::Sender<Caller>> {
        let peers = [PeerNetwork::of(from), PeerNetwork::anyone(from)];
        let is_for_us = |held: &Booking| {
            held.local
                .is_none_or(|wanted| wanted.to_canonical() == local.to_canonical())
        };
        let peer = peers.into_iter().find(|peer| {
            let book = self.peers.get(peer);
            book.and_then(|book| book.bookings.get(&port))
                .is_some_and(is_for_us)
        })?;
        let booking = self.peers.get_mut(&peer)?.bookings.remove(&port)?;
        self.memory.used(peer, port, now);
        self.serve(peer, now);
        Some(booking.arrival)
    }

    /// Keeps a booking at least until `until`, because its session waits for the connection now.
    pub(super) fn keep(&mut self, key: BookingKey, until: Instant) {
        let booking = self
            .peers
            .get_mut(&key.peer)
            .and_then(|book| book.bookings.get_mut(&key.port))
            .filter(|booking| booking.number == key.number);
        if let Some(booking) = booking {
            booking.keep_until = booking.keep_until.max(until);
        }
    }

    /// Ends the bookings that were not used in time; returns how many. Uses that no longer matter
    /// are forgotten.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        self.memory.expire(now);
        let mut expired = 0;
        let mut freed = Vec::new();
        for (peer, book) in &mut self.peers {
            let before = book.bookings.len();
            book.bookings.retain(|port, held| {
                let stands = held.keep_until > now;
                if !stands {
                    self.memory.given_up(*peer, *port, now);
                }
                stands
            });
            if book.bookings.len() < before {
                expired += before - book.bookings.len();
                freed.push(*peer);
            }
        }
        for peer in freed {
            self.serve(peer, now);
        }
        expired
    }

    /// Changes the ports that can be had. Bookings on other ports stand until they end.
    pub(super) fn set_bookable(&mut self, bookable: Bookable, now: Instant) {
        self.bookable = bookable;
        let waiting: Vec<PeerNetwork> = self.peers.keys().copied().collect();
        for peer in waiting {
            self.serve(peer, now);
        }
    }

    /// The grants made since the last call; whoever changed the bookings delivers them.
    pub(super) fn take_grants(&mut self) -> Vec<Grant> {
        std::mem::take(&mut self.grants)
    }

    /// Whether a peer of this family holds `port`.
    pub(super) fn is_held(&self, port: u16, is_ipv6: bool) -> bool {
        self.peers
            .iter()
            .any(|(peer, book)| peer.is_ipv6() == is_ipv6 && book.bookings.contains_key(&port))
    }

    /// The sessions that hold a port, by port.
    pub(super) fn holders(&self) -> BTreeMap<u16, Vec<SessionId>> {
        let mut holders = BTreeMap::<u16, Vec<SessionId>>::new();
        for book in self.peers.values() {
            for (port, booking) in &book.bookings {
                holders.entry(*port).or_default().push(booking.session);
            }
        }
        holders
    }

    /// How many bookings stand.
    pub(super) fn held(&self) -> usize {
        self.peers.values().map(|book| book.bookings.len()).sum()
    }

    /// How many sessions wait.
    pub(super) fn waiting(&self) -> usize {
        self.peers.values().map(|book| book.waiting.len()).sum()
    }

    /// Gives what is free to those who wait, in the order in which they came. Somebody whose account
    /// holds its share does not stand in the way of the others.
    fn serve(&mut self, peer: PeerNetwork, now: Instant) {
        let Some(book) = self.peers.get_mut(&peer) else {
            return;
        };
        let mut still_waiting = VecDeque::new();
        for waiter in std::mem::take(&mut book.waiting) {
            match self.book(&waiter.request, now) {
                Some(booked) => self.grants.push(Grant {
                    booked,
                    answer: waiter.answer,
                }),
                None => still_waiting.push_back(waiter),
            }
        }
        if let Some(book) = self.peers.get_mut(&peer) {
            book.waiting = still_waiting;
        }
        self.forget_if_idle(peer);
    }

    fn book(&mut self, request: &ReservationRequest, now: Instant) -> Option<Booked> {
        let peer = request.peer;
        if !self.may_hold_one_more(peer, request.owner) {
            return None;
        }
        let port = self.choose(peer, now)?;
        let number = self.next_number();
        let (arrival, arriving) = oneshot::channel();
        let booking = Booking {
            number,
            owner: request.owner,
            session: request.session,
            local: request.local,
            keep_until: now + self.options.ttl,
            arrival,
        };
        let book = self.peers.entry(peer).or_default();
        book.bookings.insert(port, booking);
        Some(Booked {
            key: BookingKey { peer, port, number },
            arrival: arriving,
        })
    }

    fn may_hold_one_more(&self, peer: PeerNetwork, owner: AccountId) -> bool {
        let Some(book) = self.peers.get(&peer) else {
            return true;
        };
        let share = self.options.share(self.bookable.for_peer(peer).len());
        let own = book.bookings.values().filter(|held| held.owner == owner);
        book.bookings.len() < self.options.per_peer && own.count() < share
    }

    /// A random port that the peer does not hold, preferably one it has not used lately, or at least
    /// does not connect to at this moment. The next one cannot be guessed from those before. In a wide
    /// range a few picks must do: a look at every port for every file would cost more than the file.
    fn choose(&self, peer: PeerNetwork, now: Instant) -> Option<u16> {
        let ports = self.bookable.for_peer(peer);
        let held = self.peers.get(&peer).map(|book| &book.bookings);
        let is_free = |port: &u16| !held.is_some_and(|held| held.contains_key(port));
        let memory = self.memory.of(peer, now);
        let mut random = rand::rng();

        let mut best_pick = None;
        for _ in 0..PICKS {
            let Some(port) = ports.choose(&mut random).copied().filter(is_free) else {
                continue;
            };
            let pick = (memory.wear(port), memory.last_use(port), port);
            if pick.0 == Wear::Rested {
                return Some(port);
            }
            best_pick = Some(best_pick.map_or(pick, |best| pick.min(best)));
        }
        if let Some((Wear::Used, _, port)) = best_pick
            && ports.len() > WIDE
        {
            return Some(port);
        }
        let free = ports.iter().copied().filter(is_free);
        let free: Vec<(Wear, u16)> = free.map(|port| (memory.wear(port), port)).collect();
        let least = free.iter().map(|(wear, _)| *wear).min()?;
        let best: Vec<u16> = free
            .into_iter()
            .filter_map(|(wear, port)| (wear == least).then_some(port))
            .collect();
        best.choose(&mut random).copied()
    }

    fn forget_if_idle(&mut self, peer: PeerNetwork) {
        let is_idle = self
            .peers
            .get(&peer)
            .is_some_and(|book| book.bookings.is_empty() && book.waiting.is_empty());
        if is_idle {
            self.peers.remove(&peer);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::wear::PAUSE;
    use super::*;

    const TTL: Duration = Duration::from_mins(2);

    fn bookings(ports: u16) -> Bookings {
        let options = PassiveOptions {
            ttl: TTL,
            ..PassiveOptions::default()
        };
        let mut bookings = Bookings::new(options);
        let bookable = Bookable {
            v4: (30_000..30_000 + ports).collect(),
            v6: Vec::new(),
        };
        bookings.set_bookable(bookable, Instant::now());
        bookings
    }

    fn from(peer: &str, account: u8) -> ReservationRequest {
        ReservationRequest {
            peer: PeerNetwork::of(peer.parse().unwrap()),
            local: None,
            owner: AccountId::from_parts(1, [account; 10]),
            session: SessionId::from_parts(1, [account; 10]),
        }
    }

    fn booked(answer: Answer) -> Booked {
        match answer {
            Answer::Booked(booked) => booked,
            other => panic!("not booked: {other:?}"),
        }
    }

    fn waits(answer: Answer) -> (WaiterKey, oneshot::Receiver<Booked>) {
        match answer {
            Answer::Wait(key, granted) => (key, granted),
            other => panic!("does not wait: {other:?}"),
        }
    }

    fn claim(bookings: &mut Bookings, port: u16, peer: &str) -> Option<oneshot::Sender<Caller>> {
        let local = "127.0.0.1".parse().unwrap();
        bookings.claim(port, peer.parse().unwrap(), local, Instant::now())
    }

    #[test]
    fn a_port_serves_many_peers_but_each_only_once() {
        let mut bookings = bookings(1);
        let now = Instant::now();

        let _first = booked(bookings.request(from("192.0.2.1", 1), now));
        let _second = booked(bookings.request(from("192.0.2.2", 1), now));

        waits(bookings.request(from("192.0.2.1", 2), now));
        assert_eq!((bookings.held(), bookings.waiting()), (2, 1));
    }

    #[test]
    fn a_booking_for_anyone_has_its_port_to_itself() {
        let mut bookings = bookings(1);
        let now = Instant::now();
        let anyone = |account| ReservationRequest {
            peer: PeerNetwork::anyone("192.0.2.1".parse().unwrap()),
            ..from("192.0.2.1", account)
        };

        let _held = booked(bookings.request(anyone(1), now));
        waits(bookings.request(anyone(2), now));

        assert!(claim(&mut bookings, 30_000, "198.51.100.7").is_some());
        assert_eq!(bookings.take_grants().len(), 1);
    }

    #[test]
    fn what_becomes_free_goes_to_who_waited_longest() {
        let mut bookings = bookings(1);
        let now = Instant::now();
        let held = booked(bookings.request(from("192.0.2.1", 1), now));
        let _second = waits(bookings.request(from("192.0.2.1", 2), now));
        let _third = waits(bookings.request(from("192.0.2.1", 3), now));

        assert!(bookings.release(held.key, now));

        assert_eq!(bookings.take_grants().len(), 1);
        let second = SessionId::from_parts(1, [2; 10]);
        assert_eq!(bookings.holders()[&30_000], [second]);
        assert_eq!(bookings.waiting(), 1);
    }

    /// DAT-39.
    #[test]
    fn one_account_holds_at_most_a_quarter_of_its_peers_ports() {
        let mut bookings = bookings(8);
        let now = Instant::now();
        let greedy = from("192.0.2.1", 1);
        let first = booked(bookings.request(greedy, now));
        let _second = booked(bookings.request(greedy, now));

        let _third = waits(bookings.request(greedy, now));

        // A neighbour behind the same address does not queue behind the greedy account.
        let _neighbour = booked(bookings.request(from("192.0.2.1", 2), now));
        assert!(bookings.release(first.key, now));
        assert_eq!(bookings.take_grants().len(), 1);
        assert_eq!(bookings.waiting(), 0);
    }

    #[test]
    fn a_peer_holds_no_more_than_its_limit() {
        let mut bookings = bookings(100);
        let now = Instant::now();

        let held: Vec<Booked> = (0..32)
            .map(|account| booked(bookings.request(from("192.0.2.1", account), now)))
            .collect();

        waits(bookings.request(from("192.0.2.1", 99), now));
        assert_eq!(held.len(), 32);
    }

    #[test]
    fn the_queue_of_one_peer_has_an_end() {
        let mut bookings = bookings(1);
        let now = Instant::now();
        let _held = booked(bookings.request(from("192.0.2.1", 1), now));
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| waits(bookings.request(from("192.0.2.1", 2), now)))
            .collect();

        let answer = bookings.request(from("192.0.2.1", 3), now);

        assert!(matches!(answer, Answer::Full));
        for (key, _) in waiting {
            bookings.stop_waiting(key);
        }
        assert_eq!(bookings.waiting(), 0);
    }

    #[test]
    fn a_booking_ends_when_its_connection_arrives() {
        let mut bookings = bookings(1);
        let held = booked(bookings.request(from("192.0.2.1", 1), Instant::now()));

        assert!(claim(&mut bookings, held.key.port, "192.0.2.2").is_none());
        assert!(claim(&mut bookings, held.key.port, "::ffff:192.0.2.1").is_some());
        assert!(claim(&mut bookings, held.key.port, "192.0.2.1").is_none());

        assert_eq!(bookings.held(), 0);
        assert!(bookings.peers.is_empty());
    }

    #[test]
    fn an_old_key_does_not_end_a_later_booking() {
        let mut bookings = bookings(1);
        let now = Instant::now();
        let old = booked(bookings.request(from("192.0.2.1", 1), now));
        assert!(bookings.release(old.key, now));
        let _later = booked(bookings.request(from("192.0.2.1", 1), now));

        assert!(!bookings.release(old.key, now));

        assert_eq!(bookings.held(), 1);
    }

    /// DAT-33.
    #[test]
    fn a_booking_expires_unless_its_session_waits() {
        let mut bookings = bookings(8);
        let now = Instant::now();
        let forgotten = booked(bookings.request(from("192.0.2.1", 1), now));
        let awaited = booked(bookings.request(from("192.0.2.1", 2), now));
        bookings.keep(awaited.key, now + TTL + TTL);

        assert_eq!(bookings.expire(now + TTL), 1);

        assert!(!bookings.release(forgotten.key, now));
        assert_eq!(bookings.expire(now + TTL + TTL), 1);
        assert_eq!(bookings.held(), 0);
    }

    #[test]
    fn a_port_that_was_used_lately_comes_last() {
        let mut bookings = bookings(2);
        let mut now = Instant::now();
        let used = booked(bookings.request(from("192.0.2.1", 1), now)).key.port;
        claim(&mut bookings, used, "192.0.2.1").unwrap();

        for _ in 0..100 {
            let next = booked(bookings.request(from("192.0.2.1", 1), now));
            assert_ne!(next.key.port, used);
            bookings.release(next.key, now);
            now += PAUSE;
        }

        let _other = booked(bookings.request(from("192.0.2.1", 1), now));
        let last = booked(bookings.request(from("192.0.2.1", 2), now));
        assert_eq!(last.key.port, used);
    }

    #[test]
    fn a_port_whose_booking_has_just_ended_comes_last() {
        let mut bookings = bookings(3);
        let now = Instant::now();
        for _ in 0..3 {
            let held = booked(bookings.request(from("192.0.2.1", 1), now));
            claim(&mut bookings, held.key.port, "192.0.2.1").unwrap();
        }
        let mut now = now + PAUSE;
        let mut before = None;

        for _ in 0..100 {
            now += PAUSE / 2;
            let next = booked(bookings.request(from("192.0.2.1", 1), now));
            assert_ne!(Some(next.key.port), before);
            before = Some(next.key.port);
            bookings.release(next.key, now);
        }
    }

    /// DAT-08.
    #[test]
    fn the_choice_is_uniform_and_leaves_nothing_behind() {
        let mut bookings = bookings(20);
        let now = Instant::now();
        let mut picks = BTreeMap::<u16, u32>::new();

        for _ in 0..10_000 {
            let held = booked(bookings.request(from("192.0.2.1", 1), now));
            *picks.entry(held.key.port).or_default() += 1;
            assert!(bookings.release(held.key, now));
        }

        // 500 expected for each port; the bounds are nine standard deviations away.
        assert!(picks.values().all(|count| (300..700).contains(count)));
        assert_eq!((picks.len(), bookings.held()), (20, 0));
    }

    #[test]
    fn a_family_without_a_listener_is_told_so() {
        let answer = bookings(4).request(from("2001:db8::1", 1), Instant::now());

        assert!(matches!(answer, Answer::Closed));
    }
}
