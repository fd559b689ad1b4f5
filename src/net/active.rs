//! Active mode: the server connects to the client (`PORT`, `EPRT`).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

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

/// Whether the server may connect to `target` for the client at `peer`. `is_own_door` says whether
/// this server itself listens there.
///
/// # Errors
///
/// See [`ActiveRefusal`].
pub fn permit(
    target: SocketAddr,
    peer: IpAddr,
    is_own_door: impl Fn(SocketAddr) -> bool,
) -> Result<(), ActiveRefusal> {
    if target.ip().to_canonical() != peer.to_canonical() {
        return Err(ActiveRefusal::Foreign);
    }
    if target.port() < 1_024 {
        return Err(ActiveRefusal::Privileged);
    }
    let target = SocketAddr::new(target.ip().to_canonical(), target.port());
    if is_own_door(target) {
        return Err(ActiveRefusal::OwnPort);
    }
    Ok(())
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
    let local = local.to_canonical();
    let target = SocketAddr::new(target.ip().to_canonical(), target.port());
    timeout(within, connect_from(local, target, source_port)).await?
}

async fn connect_from(
    local: IpAddr,
    target: SocketAddr,
    source_port: Option<u16>,
) -> io::Result<TcpStream> {
    if let Some(port) = source_port {
        match connect_once(SocketAddr::new(local, port), target).await {
            Err(error) if is_about_the_source(&error) => {
                tracing::debug!(port, %error, "connecting from any port instead of {port}");
            }
            connected_or_not => return connected_or_not,
        }
    }
    connect_once(SocketAddr::new(local, 0), target).await
}

async fn connect_once(source: SocketAddr, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Several connections may leave from port 20 at the same time, to different targets.
    socket.set_reuseaddr(true)?;
    socket.bind(source)?;
    socket.connect(target).await
}

/// Whether our own end is the trouble: the port is taken, an earlier connection between the same
/// ends is in `TIME_WAIT`, or the port needs more rights.
fn is_about_the_source(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn decide(target: &str, peer: &str) -> Result<(), ActiveRefusal> {
        permit(target.parse().unwrap(), peer.parse().unwrap(), |door| {
            door.port() == 2_121
        })
    }

    /// DAT-20, SEC-T22.
    #[test]
    fn a_client_may_only_name_itself_and_an_unprivileged_port() {
        assert_eq!(decide("192.0.2.7:5000", "192.0.2.7"), Ok(()));
        assert_eq!(decide("192.0.2.7:5000", "::ffff:192.0.2.7"), Ok(()));
        assert_eq!(decide("[::ffff:192.0.2.7]:5000", "192.0.2.7"), Ok(()));
        assert_eq!(decide("[2001:db8::7]:5000", "2001:db8::7"), Ok(()));
        assert_eq!(
            decide("192.0.2.8:5000", "192.0.2.7"),
            Err(ActiveRefusal::Foreign)
        );
        assert_eq!(
            decide("[2001:db8::8]:5000", "2001:db8::7"),
            Err(ActiveRefusal::Foreign)
        );
        assert_eq!(
            decide("192.0.2.7:1023", "192.0.2.7"),
            Err(ActiveRefusal::Privileged)
        );
        assert_eq!(
            decide("192.0.2.7:0", "192.0.2.7"),
            Err(ActiveRefusal::Privileged)
        );
        assert_eq!(
            decide("192.0.2.7:2121", "192.0.2.7"),
            Err(ActiveRefusal::OwnPort)
        );
    }

    #[tokio::test]
    async fn the_connection_leaves_from_the_address_of_the_control_connection() {
        let client = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = client.local_addr().unwrap();
        let local = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 42));

        let ours = connect(local, target, None, SOON).await.unwrap();
        let (_theirs, from) = client.accept().await.unwrap();

        assert_eq!(from.ip(), local);
        assert_eq!(from, ours.local_addr().unwrap());
    }

    #[tokio::test]
    async fn the_source_port_is_kept_if_it_can_be_had() {
        let client = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = client.local_addr().unwrap();
        let local = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 43));
        let port = free_port(local).await;

        let first = connect(local, target, Some(port), SOON).await.unwrap();
        let second = connect(local, target, Some(port), SOON).await.unwrap();

        assert_eq!(first.local_addr().unwrap().port(), port);
        assert_ne!(second.local_addr().unwrap().port(), port);
    }

    #[tokio::test]
    async fn a_closed_port_is_told_at_once() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let closed = SocketAddr::new(local, free_port(local).await);

        let error = connect(local, closed, None, SOON).await.unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    async fn free_port(local: IpAddr) -> u16 {
        let listener = TcpListener::bind((local, 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    }
}
