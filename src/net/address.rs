//! Which IPv4 address a `227` reply names.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{AddressRule, Advertise, PublicAddress};

use super::surroundings::Surroundings;

/// What an administrator has configured, and what DNS said.
#[derive(Clone, Copy, Debug)]
pub struct AddressPolicy<'a> {
    /// Rules for certain client networks; the first match wins.
    pub rules: &'a [AddressRule],
    /// What everybody else is told.
    pub public: &'a PublicAddress,
    /// The last good address of a [`PublicAddress::Name`]; `None` if it never resolved.
    pub resolved: Option<Ipv4Addr>,
}

/// The address that the client at `client` is told to connect to, if its control connection came
/// in on `local`: what a rule says, else `local` for clients nearby, else the public address, else
/// `local`.
pub fn advertised(
    policy: &AddressPolicy<'_>,
    around: &Surroundings,
    client: Ipv4Addr,
    local: Ipv4Addr,
) -> Ipv4Addr {
    let matching = policy
        .rules
        .iter()
        .find(|rule| rule.network.contains(&IpAddr::V4(client)));
    if let Some(rule) = matching {
        return match rule.advertise {
            Advertise::SameAsControl => local,
            Advertise::Fixed(address) => address,
        };
    }
    if is_nearby(around, client, local) {
        return local;
    }
    match policy.public {
        PublicAddress::Automatic => local,
        PublicAddress::Fixed(address) => *address,
        PublicAddress::Name(_) => policy.resolved.unwrap_or(local),
    }
}

/// Whether the client reaches `local` without address translation.
fn is_nearby(around: &Surroundings, client: Ipv4Addr, local: Ipv4Addr) -> bool {
    // In a container a private client proves nothing: the host forwards its whole network to an
    // address that only the host can reach.
    let both_private = !around.in_container && client.is_private() && local.is_private();
    client.is_loopback()
        || client.is_link_local()
        || both_private
        || around.are_neighbours(client, local)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "203.0.113.5";

    struct Case {
        rules: &'static [(&'static str, &'static str)],
        public: &'static str,
        resolved: Option<&'static str>,
        in_container: bool,
        client: &'static str,
        local: &'static str,
    }

    const PLAIN: Case = Case {
        rules: &[],
        public: PUBLIC,
        resolved: None,
        in_container: false,
        client: "198.51.100.9",
        local: "192.168.1.2",
    };

    fn told(case: &Case) -> String {
        let rules: Vec<AddressRule> = case
            .rules
            .iter()
            .map(|(network, advertise)| AddressRule {
                network: network.parse().unwrap(),
                advertise: advertise
                    .parse()
                    .map_or(Advertise::SameAsControl, Advertise::Fixed),
            })
            .collect();
        let policy = AddressPolicy {
            rules: &rules,
            public: &case.public.parse().unwrap(),
            resolved: case.resolved.map(|address| address.parse().unwrap()),
        };
        let around = Surroundings {
            in_container: case.in_container,
            networks: vec!["172.17.0.0/16".parse().unwrap()],
            gateway: Some(Ipv4Addr::new(172, 17, 0, 1)),
        };
        let client = case.client.parse().unwrap();
        advertised(&policy, &around, client, case.local.parse().unwrap()).to_string()
    }

    /// DAT-29, DAT-30.
    #[test]
    fn the_address_follows_rules_then_nearness_then_the_setting() {
        const LAN: &[(&str, &str)] = &[("10.0.0.0/8", "10.0.0.5"), ("10.1.0.0/16", "10.1.0.5")];
        const SAME: &[(&str, &str)] = &[("198.51.100.0/24", "same")];
        #[rustfmt::skip]
        let table = [
            // a public client is told the public address
            (Case { ..PLAIN }, PUBLIC),
            (Case { public: "auto", ..PLAIN }, "192.168.1.2"),
            (Case { public: "ftp.example.net", resolved: Some("203.0.113.9"), ..PLAIN }, "203.0.113.9"),
            (Case { public: "ftp.example.net", ..PLAIN }, "192.168.1.2"),
            // the first rule that matches comes before everything else
            (Case { rules: LAN, client: "10.1.2.3", ..PLAIN }, "10.0.0.5"),
            (Case { rules: SAME, ..PLAIN }, "192.168.1.2"),
            (Case { rules: LAN, ..PLAIN }, PUBLIC),
            // a client nearby needs no translation
            (Case { client: "127.0.0.1", local: "127.0.0.1", ..PLAIN }, "127.0.0.1"),
            (Case { client: "169.254.3.4", local: "169.254.1.1", ..PLAIN }, "169.254.1.1"),
            (Case { client: "10.9.9.9", ..PLAIN }, "192.168.1.2"),
            (Case { client: "172.17.0.9", local: "172.17.0.2", ..PLAIN }, "172.17.0.2"),
            // in a container only a neighbour is nearby, and the gateway is nobody's neighbour
            (Case { in_container: true, client: "10.9.9.9", local: "172.17.0.2", ..PLAIN }, PUBLIC),
            (Case { in_container: true, client: "172.17.0.9", local: "172.17.0.2", ..PLAIN }, "172.17.0.2"),
            (Case { in_container: true, client: "172.17.0.1", local: "172.17.0.2", ..PLAIN }, PUBLIC),
        ];

        for (case, expected) in table {
            assert_eq!(
                told(&case),
                expected,
                "{} on {} in container: {}",
                case.client,
                case.local,
                case.in_container
            );
        }
    }
}
