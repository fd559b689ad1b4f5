//! What became of a peer's ports lately, and how willingly one is therefore given to it again.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::net::peer::PeerNetwork;

/// A port that a peer used within this time is given to it last: its side of the earlier connection
/// may still be in `TIME_WAIT`, there or in an address translator.
pub(super) const REST_TIME: Duration = Duration::from_mins(4);
/// A port whose booking ended within this time, and no connection had come, is given to its peer only
/// if there is no other: a connection that was on its way to the old booking would come out at the new
/// one.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// How many ports of peers are remembered for that.
const MAX_REMEMBERED: usize = 65_536;

/// What is remembered of all peers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    peers: HashMap<PeerNetwork, HashMap<u16, Past>>,
    remembered: usize,
}

/// What is remembered of one peer.
pub(super) struct PeerMemory<'a> {
    ports: Option<&'a HashMap<u16, Past>>,
    now: Instant,
}

/// How little a port suits a peer: the least is the best.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Wear {
    /// Nothing speaks against it.
    Rested,
    /// The peer used it lately.
    Used,
    /// The peer held it a moment ago and may just be connecting.
    Awaited,
    /// Both.
    UsedAndAwaited,
}

#[derive(Clone, Copy, Debug, Default)]
struct Past {
    used: Option<Instant>,
    given_up: Option<Instant>,
}

impl Memory {
    /// A connection of `peer` came in on `port`.
    pub(super) fn used(&mut self, peer: PeerNetwork, port: u16, now: Instant) {
        if let Some(past) = self.past(peer, port) {
            past.used = Some(now);
        }
    }

    /// The peer's booking of `port` ended, and no connection had come.
    pub(super) fn given_up(&mut self, peer: PeerNetwork, port: u16, now: Instant) {
        if let Some(past) = self.past(peer, port) {
            past.given_up = Some(now);
        }
    }

    pub(super) fn of(&self, peer: PeerNetwork, now: Instant) -> PeerMemory<'_> {
        PeerMemory {
            ports: self.peers.get(&peer),
            now,
        }
    }

    /// Forgets what no longer matters.
    pub(super) fn expire(&mut self, now: Instant) {
        self.peers.retain(|_, ports| {
            ports.retain(|_, past| past.wear(now) > Wear::Rested);
            ports.shrink_to(2 * ports.len());
            !ports.is_empty()
        });
        self.remembered = self.peers.values().map(HashMap::len).sum();
    }

    /// At the limit the memory is full of other peers; the worst that follows is a port too early.
    fn past(&mut self, peer: PeerNetwork, port: u16) -> Option<&mut Past> {
        let is_full = self.remembered >= MAX_REMEMBERED;
        if is_full {
            return self.peers.get_mut(&peer)?.get_mut(&port);
        }
        let ports = self.peers.entry(peer).or_default();
        let before = ports.len();
        ports.entry(port).or_default();
        self.remembered += ports.len() - before;
        ports.get_mut(&port)
    }
}

impl PeerMemory<'_> {
    pub(super) fn wear(&self, port: u16) -> Wear {
        self.past(port).wear(self.now)
    }

    /// Orders ports of the same wear: those first whose use is longest ago.
    pub(super) fn last_use(&self, port: u16) -> Option<Instant> {
        self.past(port).used
    }

    fn past(&self, port: u16) -> Past {
        let past = self.ports.and_then(|ports| ports.get(&port));
        past.copied().unwrap_or_default()
    }
}

impl Past {
    fn wear(self, now: Instant) -> Wear {
        let is_within = |at: Option<Instant>, time| {
            at.is_some_and(|at| now.saturating_duration_since(at) < time)
        };
        let is_awaited = is_within(self.given_up, PAUSE);
        match (is_awaited, is_within(self.used, REST_TIME)) {
            (false, false) => Wear::Rested,
            (false, true) => Wear::Used,
            (true, false) => Wear::Awaited,
            (true, true) => Wear::UsedAndAwaited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> PeerNetwork {
        PeerNetwork::of(text.parse().unwrap())
    }

    #[test]
    fn a_port_wears_by_use_and_while_a_connection_may_be_on_its_way_and_recovers() {
        let mut memory = Memory::default();
        let (now, one) = (Instant::now(), peer("192.0.2.1"));
        memory.used(one, 1, now);
        memory.given_up(one, 2, now);
        memory.used(one, 3, now);
        memory.given_up(one, 3, now);

        let wears = |memory: &Memory, now| [1, 2, 3, 4].map(|port| memory.of(one, now).wear(port));
        let (rested, used) = (Wear::Rested, Wear::Used);
        let first = [used, Wear::Awaited, Wear::UsedAndAwaited, rested];
        assert_eq!(wears(&memory, now), first);
        assert_eq!(wears(&memory, now + PAUSE), [used, rested, used, rested]);
        assert_eq!(wears(&memory, now + REST_TIME), [rested; 4]);

        memory.expire(now + PAUSE);
        assert_eq!(memory.remembered, 2);
        memory.expire(now + REST_TIME);
        assert!(memory.peers.is_empty() && memory.remembered == 0);
    }

    #[test]
    fn one_peer_wears_no_port_of_another() {
        let mut memory = Memory::default();
        let now = Instant::now();

        memory.used(peer("192.0.2.1"), 1, now);

        assert_eq!(memory.of(peer("192.0.2.2"), now).wear(1), Wear::Rested);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut memory = Memory::default();
        let now = Instant::now();
        for port in 1..=u16::MAX {
            memory.used(peer("192.0.2.1"), port, now);
            memory.used(peer("192.0.2.2"), port, now);
        }

        let later = now + PAUSE;
        memory.used(peer("192.0.2.1"), 1, later);

        assert_eq!(memory.remembered, MAX_REMEMBERED);
        assert_eq!(memory.of(peer("192.0.2.1"), later).last_use(1), Some(later));
    }
}
