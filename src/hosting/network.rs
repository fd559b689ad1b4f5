//! The network settings: passive ports, the addresses in passive replies, active mode. Applied live:
//! what cannot be applied is not saved.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Actor, AddressRule, PortRange, PublicAddress, Right};
use crate::net::PortView;

/// A cheap handle on the network settings.
#[derive(Clone, Debug)]
pub struct Network;

/// The network settings that an administrator edits together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NetworkChange {
    /// The passive ports.
    pub passive_ports: PortRange,
    /// What clients are told unless a rule matches.
    pub public_address: PublicAddress,
    /// What clients of certain networks are told; the first match wins.
    pub address_rules: Vec<AddressRule>,
    /// Whether `PORT` and `EPRT` are answered.
    pub active_mode: bool,
    /// Whether active connections come from port 20 where the process may bind it.
    pub active_source_port_20: bool,
}

/// Why a change of the network settings is refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// A port of the range cannot be bound.
    #[error("Port {port} cannot be opened: {reason}")]
    Bind {
        /// The port.
        port: u16,
        /// What the system said.
        reason: String,
    },
    /// The range includes a port that a listener of ours uses.
    #[error("The range includes {port}, which {listener} uses")]
    Overlap {
        /// The port.
        port: u16,
        /// Which listener.
        listener: String,
    },
    /// The settings could not be saved.
    #[error("settings cannot be saved")]
    Settings,
}

impl Network {
    /// Opens the ports of the new range, then saves everything, then lets the old ports drain.
    /// Running transfers are not touched.
    pub async fn change(&self, actor: &Actor, change: NetworkChange) -> Result<(), NetworkError> {
        todo!()
    }

    /// The passive ports and what each is doing.
    pub fn ports(&self) -> Vec<PortView> {
        todo!()
    }

    /// The address that a 227 names to `client`, which connected to `local`.
    pub fn advertised(&self, client: IpAddr, local: IpAddr) -> Ipv4Addr {
        todo!()
    }
}
