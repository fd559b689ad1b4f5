//! Sockets below FTP: listeners, passive ports, active connections, TLS and the streams that carry
//! commands and files. Nothing here knows accounts beyond their id, nor any FTP word or reply code.

pub mod active;
pub mod address;
pub mod certificate;
pub mod control;
pub mod data;
pub mod error;
pub mod listen;
pub mod name;
pub mod outgoing;
pub mod own_address;
mod pair;
pub mod passive;
pub mod peer;
mod socket;
pub mod surroundings;
pub mod tls;
mod transport;

#[cfg(test)]
mod tests;

pub use active::{ActiveRefusal, connect, permit};
pub use address::{AddressPolicy, advertised};
pub use certificate::CertificateStore;
pub use control::ControlStream;
pub use data::{DataStream, DetachedStream};
pub use error::{BindError, CertificateError, HandshakeError, PassiveError};
pub use listen::{BindAddresses, listen};
pub use name::{NameStatus, PublicName};
pub use outgoing::OutgoingPorts;
pub use own_address::own_address;
pub use pair::CertificateFacts;
pub use passive::{
    PassiveConnection, PassiveCounters, PassiveOptions, PassivePorts, PortReservation, PortState,
    PortView, ReservationRequest,
};
pub use peer::PeerNetwork;
pub use socket::Pulse;
pub use surroundings::Surroundings;
pub use tls::SessionTls;
pub use transport::TlsFacts;
