//! How the passive ports behave, and what a session asks of them.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::{AccountId, SessionId};
use crate::net::peer::PeerNetwork;

/// How the passive ports behave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PassiveOptions {
    /// How long a session waits for a free port before it is refused.
    pub wait: Duration,
    /// How long a reservation may stay unused.
    pub ttl: Duration,
    /// How many reservations one peer may hold.
    pub per_peer: usize,
}

impl PassiveOptions {
    /// How many of a peer's reservations one account may hold, if `ports` are open: a quarter, so
    /// that neighbours behind the same address translation get their turn, but at least one.
    pub(super) fn share(&self, ports: usize) -> usize {
        (ports.min(self.per_peer) / 4).max(1)
    }
}

impl Default for PassiveOptions {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(3),
            ttl: Duration::from_mins(2),
            per_peer: 32,
        }
    }
}

/// Who wants a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReservationRequest {
    /// Where the data connection must come from: the control connection's peer, or anywhere.
    pub peer: PeerNetwork,
    /// The local address it must come in on; `None`: any.
    pub local: Option<IpAddr>,
    /// The account, for its fair share of the peer's ports.
    pub owner: AccountId,
    /// The session, shown on the page.
    pub session: SessionId,
}

/// The ports that can be had, for each address family.
#[derive(Debug, Default)]
pub(super) struct Bookable {
    pub(super) v4: Vec<u16>,
    pub(super) v6: Vec<u16>,
}

impl Bookable {
    /// Those for the family of `peer`.
    pub(super) fn for_peer(&self, peer: PeerNetwork) -> &[u16] {
        if peer.is_ipv6() { &self.v6 } else { &self.v4 }
    }
}
