//! Passive ports: one listener for each port and address family, kept open, shared by all clients.
//! A session holds a *reservation* of a port for its peer; it ends when the data connection
//! arrives, so a handful of ports serves any number of transfers.

mod bookings;
mod doors;
mod listener;
mod options;
mod ports;
mod reservation;
mod shared;
mod view;
mod wear;

pub(in crate::net) use reservation::ConnectedPort;

pub use options::{PassiveOptions, ReservationRequest};
pub use ports::PassivePorts;
pub use reservation::{PassiveConnection, PortReservation};
pub use view::{PassiveCounters, PortState, PortView};
