//! Listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpListener;

use super::error::BindError;
use super::transport::set_options;

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 256;

/// Listens on every address, or on none. `[::]` serves IPv4 too, unless an IPv4 address with the
/// same port is in the list.
///
/// # Errors
///
/// [`BindError`] names the first address that failed; the others are closed again.
pub fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let has_v4_twin = |address: &SocketAddr| {
        addresses
            .iter()
            .any(|other| other.is_ipv4() && other.port() == address.port())
    };
    addresses
        .iter()
        .map(|address| {
            let accepts = if address.ip() == Ipv6Addr::UNSPECIFIED && !has_v4_twin(address) {
                Accepts::BothFamilies
            } else {
                Accepts::OwnFamily
            };
            bind(*address, accepts)
                .and_then(TcpListener::from_std)
                .map_err(|source| BindError {
                    address: *address,
                    source,
                })
        })
        .collect()
}

/// Whom an IPv6 listener accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Accepts {
    /// IPv4 clients too, if the address is `[::]`.
    BothFamilies,
    /// Only clients of the address's own family.
    OwnFamily,
}

/// A listening, non-blocking socket. The address may be in `TIME_WAIT`, but never in use: without
/// `SO_REUSEPORT` two processes cannot share a port unnoticed.
pub(super) fn bind(address: SocketAddr, accepts: Accepts) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(accepts == Accepts::OwnFamily)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    set_options(&SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
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
        let v4 = only(control.iter().filter_map(|address| match address {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        }));
        let v6 = only(control.iter().filter_map(|address| match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(*v6),
        }));
        let serves_both = control.contains(&IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        Self {
            v4: match v4 {
                Found::None if serves_both => Some(Ipv4Addr::UNSPECIFIED),
                Found::None => None,
                Found::One(address) => Some(address),
                Found::Several => Some(Ipv4Addr::UNSPECIFIED),
            },
            v6: match v6 {
                Found::None => None,
                Found::One(address) => Some(address),
                Found::Several => Some(Ipv6Addr::UNSPECIFIED),
            },
        }
    }
}

enum Found<T> {
    None,
    One(T),
    Several,
}

fn only<T: PartialEq>(mut addresses: impl Iterator<Item = T>) -> Found<T> {
    let Some(first) = addresses.next() else {
        return Found::None;
    };
    if addresses.all(|address| address == first) {
        Found::One(first)
    } else {
        Found::Several
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(control: &[&str]) -> (String, String) {
        let control: Vec<IpAddr> = control.iter().map(|text| text.parse().unwrap()).collect();
        let on = BindAddresses::of(&control);
        let text = |address: Option<String>| address.unwrap_or_else(|| "-".to_owned());
        (
            text(on.v4.map(|v4| v4.to_string())),
            text(on.v6.map(|v6| v6.to_string())),
        )
    }

    #[test]
    fn passive_ports_open_where_the_control_connection_is_served() {
        let pair = |v4: &str, v6: &str| (v4.to_owned(), v6.to_owned());

        assert_eq!(of(&["0.0.0.0"]), pair("0.0.0.0", "-"));
        assert_eq!(of(&["127.0.0.1", "127.0.0.1"]), pair("127.0.0.1", "-"));
        assert_eq!(of(&["192.0.2.1", "192.0.2.2"]), pair("0.0.0.0", "-"));
        assert_eq!(of(&["::"]), pair("0.0.0.0", "::"));
        assert_eq!(of(&["192.0.2.1", "::1"]), pair("192.0.2.1", "::1"));
    }

    #[tokio::test]
    async fn a_port_in_use_is_named_with_the_reason() {
        let taken = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = taken[0].local_addr().unwrap();

        let error = listen(&[address]).unwrap_err();

        assert_eq!(error.port(), address.port());
        assert!(error.is_foreign());
        assert_eq!(
            error.to_string(),
            format!("{address} is in use by another program")
        );
    }

    #[tokio::test]
    async fn an_ipv6_listener_shares_the_port_if_it_keeps_to_its_family() {
        let v4 = listen(&["0.0.0.0:0".parse().unwrap()]).unwrap();
        let port = v4[0].local_addr().unwrap().port();
        let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));

        assert!(bind(v6, Accepts::BothFamilies).is_err());
        assert!(bind(v6, Accepts::OwnFamily).is_ok());
    }
}
