//! Where the server runs: its networks, its gateway, and whether it sits in a container.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// What the server knows of its place in the network.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    /// The server runs in a container; its own address is then not what clients dial.
    pub in_container: bool,
    /// The networks that are directly connected.
    pub networks: Vec<Ipv4Net>,
    /// The default gateway, behind which address translation may hide clients.
    pub gateway: Option<Ipv4Addr>,
}

impl Surroundings {
    /// Looks around. What cannot be read is left empty.
    pub fn detect() -> Self {
        todo!()
    }
}
