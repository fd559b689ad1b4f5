//! Addresses that the service listens on: how they are written, and that they leave room for each
//! other.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::environment::{BootError, PREFIX};
use crate::model::PortRange;

/// An address and the fact that names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener {
    /// The variable, without its prefix.
    pub(super) fact: &'static str,
    /// The address.
    pub(super) address: SocketAddr,
}

/// Reads a list of addresses; `off` is none.
pub(super) fn addresses(fact: &str, text: &str) -> Result<Vec<SocketAddr>, BootError> {
    if is_off(text) {
        return Ok(Vec::new());
    }
    items(text).map(|item| address(fact, item)).collect()
}

/// Reads an address or `off`.
pub(super) fn optional(fact: &str, text: &str) -> Result<Option<SocketAddr>, BootError> {
    if is_off(text) {
        return Ok(None);
    }
    address(fact, text).map(Some)
}

/// Reads an address with a port.
pub(super) fn address(fact: &str, text: &str) -> Result<SocketAddr, BootError> {
    text.trim().parse().map_err(|_| {
        BootError(format!(
            "{PREFIX}{fact}: “{}” is not an address with a port. Write for example 0.0.0.0:2121 or \
             [::]:2121",
            text.trim()
        ))
    })
}

/// Reads a list of networks; an address is a network of one.
pub(super) fn networks(fact: &str, text: &str) -> Result<Vec<IpNet>, BootError> {
    let network = |item: &str| {
        item.parse::<IpNet>()
            .or_else(|_| item.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                BootError(format!(
                    "{PREFIX}{fact}: “{item}” is not a network. Write for example 172.16.0.0/12"
                ))
            })
    };
    items(text).map(network).collect()
}

/// Refuses listeners that need the same port, and passive ports that a listener needs.
pub(super) fn refuse_overlaps(
    listeners: &[Listener],
    passive: Option<PortRange>,
) -> Result<(), BootError> {
    let mut seen: Vec<&Listener> = Vec::new();
    for listener in listeners {
        let Listener { fact, address } = listener;
        if let Some(other) = seen.iter().find(|other| collide(other.address, *address)) {
            return Err(BootError(format!(
                "{PREFIX}{} ({}) and {PREFIX}{fact} ({address}) use the same port. Give each its \
                 own",
                other.fact, other.address
            )));
        }
        if let Some(range) = passive.filter(|range| range.contains(address.port())) {
            return Err(BootError(format!(
                "{PREFIX}PASSIVE_PORTS ({range}) includes port {}, which {PREFIX}{fact} uses. \
                 Choose a range without it",
                address.port()
            )));
        }
        seen.push(listener);
    }
    Ok(())
}

/// Whether one of two addresses is in the way of the other. Port 0 lets the system choose.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let same_family = a.is_ipv4() == b.is_ipv4();
    let overlapping = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_family && overlapping
}

fn is_off(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("off")
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collide(a: &str, b: &str) -> bool {
        super::collide(a.parse().unwrap(), b.parse().unwrap())
    }

    #[test]
    fn two_addresses_collide_on_one_port_of_one_family() {
        assert!(collide("0.0.0.0:80", "127.0.0.1:80"));
        assert!(collide("127.0.0.1:80", "127.0.0.1:80"));
        assert!(!collide("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!collide("0.0.0.0:80", "[::]:80"));
        assert!(!collide("0.0.0.0:80", "0.0.0.0:81"));
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"));
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let both = addresses("FTP_LISTEN", "0.0.0.0:21, [::]:21").unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(addresses("FTPS_LISTEN", "Off"), Ok(Vec::new()));
        assert_eq!(
            networks("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1")
                .unwrap()
                .len(),
            2
        );
        assert!(networks("TRUSTED_PROXIES", "proxy").is_err());
    }

    #[test]
    fn an_address_without_a_port_is_told_how_to_write_one() {
        assert_eq!(
            address("WEB_LISTEN", "8080").unwrap_err().0,
            "QUAYMASTER_WEB_LISTEN: “8080” is not an address with a port. Write for example \
             0.0.0.0:2121 or [::]:2121"
        );
    }
}
