//! Active mode: the server connects to the client (`PORT`, `EPRT`).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;

/// Why a client may not name this target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ActiveRefusal {
    /// Another host than the client itself: a bounce (RFC 2577 §3).
    #[error("the address is not the client's own")]
    Foreign,
    /// A port below 1024: a service, not a client.
    #[error("the port is below 1024")]
    Privileged,
    /// One of our own listening ports.
    #[error("the port is one of the server's own")]
    OwnPort,
}

/// Whether the server may connect to `target` for the client at `peer`. `is_own_port` says whether
/// a port is one on which this server listens.
///
/// # Errors
///
/// See [`ActiveRefusal`].
pub fn permit(
    target: SocketAddr,
    peer: IpAddr,
    is_own_port: impl Fn(u16) -> bool,
) -> Result<(), ActiveRefusal> {
    todo!("{target} {peer} {}", is_own_port(0))
}

/// Connects to `target` from `local`, the local address of the control connection. With
/// `source_port` (20 for old firewalls) that port is tried first; if it cannot be had, any port.
///
/// # Errors
///
/// What the system says; [`io::ErrorKind::TimedOut`] after `within`.
///
/// # Cancel safety
///
/// Dropping this future closes the socket.
pub async fn connect(
    local: IpAddr,
    target: SocketAddr,
    source_port: Option<u16>,
    within: Duration,
) -> io::Result<TcpStream> {
    todo!("{local} {target} {source_port:?} {within:?}")
}
