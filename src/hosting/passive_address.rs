//! Which address a reply to `PASV` names. One decision for the FTP door that sends it and for the
//! network page that shows it, so that the page cannot be wrong about the wire.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::model::{AddressRule, Advertise};

/// What decides the address.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PassiveAddresses {
    /// Addresses for some networks; the most specific network wins.
    pub rules: Vec<AddressRule>,
    /// The public address, if one is set or the set name resolves.
    pub public: Option<Ipv4Addr>,
    /// Whether the process runs in a container. There a private client proves nothing: its packets
    /// were translated on the way in.
    pub in_container: bool,
}

/// The address for one client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Told {
    /// What the reply names.
    pub address: Ipv4Addr,
    /// Why.
    pub because: Because,
}

/// What decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Because {
    /// The rule for this network.
    Rule(IpNet),
    /// Client and server stand in one local network.
    SameNetwork,
    /// The public address is for everybody else.
    Public,
    /// No public address is set: the address that the client connected to.
    Control,
}

impl PassiveAddresses {
    /// The address for the client at `client` whose control connection arrived at `local`.
    pub fn told(&self, client: IpAddr, local: Ipv4Addr) -> Told {
        if let Some(rule) = self.rule_for(client) {
            let address = match rule.advertise {
                Advertise::SameAsControl => local,
                Advertise::Fixed(address) => address,
            };
            return Told {
                address,
                because: Because::Rule(rule.network),
            };
        }
        if self.is_neighbour(client, local) {
            return Told {
                address: local,
                because: Because::SameNetwork,
            };
        }
        match self.public {
            Some(address) => Told {
                address,
                because: Because::Public,
            },
            None => Told {
                address: local,
                because: Because::Control,
            },
        }
    }

    fn rule_for(&self, client: IpAddr) -> Option<&AddressRule> {
        let client = client.to_canonical();
        self.rules
            .iter()
            .filter(|rule| rule.network.contains(&client))
            .max_by_key(|rule| rule.network.prefix_len())
    }

    fn is_neighbour(&self, client: IpAddr, local: Ipv4Addr) -> bool {
        let IpAddr::V4(client) = client.to_canonical() else {
            return false;
        };
        client.is_loopback()
            || client.is_link_local()
            || client == local
            || (!self.in_container && client.is_private() && local.is_private())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 4, 12);
    const PUBLIC: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 24);

    fn addresses(rules: &[(&str, Advertise)]) -> PassiveAddresses {
        PassiveAddresses {
            rules: rules
                .iter()
                .map(|(network, advertise)| AddressRule {
                    network: network.parse().unwrap(),
                    advertise: *advertise,
                })
                .collect(),
            public: Some(PUBLIC),
            in_container: false,
        }
    }

    fn told(addresses: &PassiveAddresses, client: &str) -> Told {
        addresses.told(client.parse().unwrap(), LOCAL)
    }

    #[test]
    fn the_internet_is_told_the_public_address() {
        let told = told(&addresses(&[]), "198.51.100.23");

        assert_eq!((told.address, told.because), (PUBLIC, Because::Public));
    }

    #[test]
    fn a_private_client_of_a_private_server_is_told_the_server_it_sees() {
        let told = told(&addresses(&[]), "192.168.1.9");

        assert_eq!((told.address, told.because), (LOCAL, Because::SameNetwork));
    }

    #[test]
    fn in_a_container_a_private_client_proves_nothing() {
        let contained = PassiveAddresses {
            in_container: true,
            ..addresses(&[])
        };

        assert_eq!(told(&contained, "192.168.1.9").because, Because::Public);
        assert_eq!(told(&contained, "127.0.0.1").because, Because::SameNetwork);
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let inner = Ipv4Addr::new(10, 9, 9, 9);
        let rules = addresses(&[
            ("10.0.0.0/8", Advertise::SameAsControl),
            ("10.1.0.0/16", Advertise::Fixed(inner)),
        ]);

        assert_eq!(told(&rules, "10.1.2.3").address, inner);
        assert_eq!(told(&rules, "10.2.2.3").address, LOCAL);
    }

    #[test]
    fn without_a_public_address_everybody_is_told_the_address_they_dialled() {
        let unset = PassiveAddresses::default();

        let told = unset.told("198.51.100.23".parse().unwrap(), PUBLIC);

        assert_eq!((told.address, told.because), (PUBLIC, Because::Control));
    }

    #[test]
    fn a_mapped_address_counts_as_what_it_maps() {
        let told = told(&addresses(&[]), "::ffff:127.0.0.1");

        assert_eq!(told.because, Because::SameNetwork);
    }
}
