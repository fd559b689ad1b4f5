//! Who counts as the same peer on the control and on the data connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A peer as the passive ports tell peers apart: an IPv4 address, or the /64 of an IPv6 address,
/// because privacy addresses change between two connections of one client.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerNetwork(IpAddr);

impl PeerNetwork {
    /// The network of `address`; an IPv4 address written as IPv6 is the same peer.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let prefix = u128::from(v6) & (u128::MAX << 64);
                Self(IpAddr::V6(Ipv6Addr::from(prefix)))
            }
        }
    }

    /// Whoever speaks the address family of `address`, for clients whose two connections come from
    /// different addresses. All of them share the ports, one at a time for each port.
    pub fn anyone(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        })
    }

    /// Whether `address` belongs to this peer.
    pub fn contains(self, address: IpAddr) -> bool {
        Self::of(address) == self
    }

    /// Whether the peer speaks IPv6.
    pub fn is_ipv6(self) -> bool {
        self.0.is_ipv6()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        PeerNetwork::of(a.parse().unwrap()).contains(b.parse().unwrap())
    }

    /// SEC-T22.
    #[test]
    fn an_ipv4_peer_is_its_address_in_either_spelling() {
        assert!(same("192.0.2.7", "192.0.2.7"));
        assert!(same("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(!same("192.0.2.7", "192.0.2.8"));
        assert!(!same("::ffff:192.0.2.7", "::ffff:192.0.2.8"));
    }

    /// DAT-37.
    #[test]
    fn an_ipv6_peer_is_its_slash_64() {
        assert!(same("2001:db8:0:1::7", "2001:db8:0:1:ffff::9"));
        assert!(!same("2001:db8:0:1::7", "2001:db8:0:2::7"));
        assert!(!same("::1", "127.0.0.1"));
    }
}
