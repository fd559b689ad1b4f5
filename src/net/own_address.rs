//! The address of this machine on the way to the internet.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// The address that connections to the outside begin from; `None` without a way out. Asks the
/// routing table only: no packet is sent.
pub fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation (RFC 5737): the route to it is the route to the internet.
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) if !address.is_unspecified() => Some(address),
        _ => None,
    }
}
