//! What the passive page shows.

use crate::model::SessionId;

/// One port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortView {
    /// The port.
    pub port: u16,
    /// What it is doing.
    pub state: PortState,
    /// The sessions that have reserved it.
    pub reserved: Vec<SessionId>,
    /// The sessions whose connection came in on it and is still open.
    pub connected: Vec<SessionId>,
}

/// What a port is doing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PortState {
    /// Nothing; it can be had.
    Free,
    /// Reserved by so many sessions, no connection open.
    Reserved(usize),
    /// So many data connections are open.
    Connected(usize),
    /// It cannot be opened; the reason.
    Failing(String),
    /// Another program holds it.
    Foreign,
    /// It left the range and is kept for the reservations and transfers that are left.
    Draining,
}

/// Numbers since the start, and of this moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PassiveCounters {
    /// Ports that can be had.
    pub ports: usize,
    /// Reservations of this moment.
    pub reserved: usize,
    /// Data connections open at this moment.
    pub connected: usize,
    /// Sessions waiting for a port at this moment.
    pub waiting: usize,
    /// Data connections that were reserved and arrived.
    pub connected_total: u64,
    /// Connections nobody had reserved; they were reset at once.
    pub strangers_total: u64,
    /// Reservations whose client never connected.
    pub timeouts_total: u64,
    /// Sessions that got no port.
    pub exhausted_total: u64,
}
