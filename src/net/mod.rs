//! Sockets below FTP: listeners, passive ports, active connections, TLS and the streams that carry
//! commands and files. Nothing here knows accounts beyond their id, nor any FTP word or reply code.

pub mod active;
pub mod address;
pub mod certificate;
pub mod error;
pub mod listen;
pub mod name;
pub mod outgoing;
pub mod passive;
pub mod peer;
pub mod stream;
pub mod surroundings;
pub mod tls;

pub use active::{ActiveRefusal, connect, permit};
pub use address::{AddressPolicy, advertised};
pub use certificate::{CertificateFacts, CertificateStore};
pub use error::{BindError, CertificateError, HandshakeError, PassiveError};
pub use listen::{BindAddresses, listen};
pub use name::{NameStatus, PublicName};
pub use outgoing::OutgoingPorts;
pub use passive::{
    PassiveConnection, PassiveCounters, PassiveOptions, PassivePorts, PortReservation, PortState,
    PortView, ReservationRequest,
};
pub use peer::PeerNetwork;
pub use stream::{ControlStream, DataStream, TlsFacts};
pub use surroundings::Surroundings;
pub use tls::SessionTls;
