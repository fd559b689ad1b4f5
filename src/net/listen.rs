//! Listening sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::error::BindError;

/// Listens on every address, or on none. `[::]` serves IPv4 too, unless an IPv4 address with the
/// same port is in the list.
///
/// # Errors
///
/// [`BindError`] names the first address that failed; the others are closed again.
pub fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    todo!("{addresses:?}")
}

/// The addresses on which passive ports are opened, at most one for each family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BindAddresses {
    /// For clients that speak IPv4; `None`: they are not served.
    pub v4: Option<Ipv4Addr>,
    /// For clients that speak IPv6; `None`: they are not served.
    pub v6: Option<Ipv6Addr>,
}

impl BindAddresses {
    /// Where clients of the control addresses `control` can reach a passive port: the control
    /// address itself if it is the only one of its family, otherwise every address.
    pub fn of(control: &[IpAddr]) -> Self {
        todo!("{control:?}")
    }
}
