//! Where the server runs: its networks, its gateway, and whether it sits in a container.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use ipnet::Ipv4Net;

/// Files that only exist in a container.
const CONTAINER_MARKS: [&str; 4] = [
    "/.dockerenv",
    "/run/.containerenv",
    "/run/systemd/container",
    "/var/run/secrets/kubernetes.io",
];

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
    /// Looks around. What cannot be read is left empty. Reads a few small files of the system;
    /// meant for start-up.
    pub fn detect() -> Self {
        let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
        let in_container = CONTAINER_MARKS.iter().any(|mark| Path::new(mark).exists());
        Self::from_routes(&routes, in_container)
    }

    /// Whether `client` is a neighbour in the network that carries `local`. The gateway does not
    /// count: in a container it stands for everybody whom the host forwards.
    pub(super) fn are_neighbours(&self, client: Ipv4Addr, local: Ipv4Addr) -> bool {
        if self.in_container && self.gateway == Some(client) {
            return false;
        }
        self.networks
            .iter()
            .any(|network| network.contains(&client) && network.contains(&local))
    }

    /// Reads the routing table as the kernel prints it: one line for a route, the numbers in
    /// hexadecimal and in the byte order of the machine.
    fn from_routes(routes: &str, in_container: bool) -> Self {
        let mut found = Self {
            in_container,
            ..Self::default()
        };
        for line in routes.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (Some(destination), Some(gateway), Some(mask)) = (
                address(&fields, 1),
                address(&fields, 2),
                address(&fields, 7),
            ) else {
                continue;
            };
            if gateway.is_unspecified() && !mask.is_unspecified() {
                found
                    .networks
                    .extend(Ipv4Net::with_netmask(destination, mask).ok());
            } else if destination.is_unspecified() && mask.is_unspecified() {
                found.gateway.get_or_insert(gateway);
            }
        }
        found
    }
}

fn address(fields: &[&str], at: usize) -> Option<Ipv4Addr> {
    let number = u32::from_str_radix(fields.get(at)?, 16).ok()?;
    Some(Ipv4Addr::from(number.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // As a little-endian kernel prints it.
    #[cfg(target_endian = "little")]
    #[test]
    fn the_routing_table_names_networks_and_the_gateway() {
        let routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n\
             eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\n\
             eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\n\
             broken line\n";

        let found = Surroundings::from_routes(routes, true);

        assert_eq!(found.networks, ["172.17.0.0/16".parse().unwrap()]);
        assert_eq!(found.gateway, Some(Ipv4Addr::new(172, 17, 0, 1)));
    }

    #[test]
    fn looking_around_never_fails() {
        let found = Surroundings::detect();

        assert!(!found.are_neighbours(Ipv4Addr::new(203, 0, 113, 1), Ipv4Addr::LOCALHOST));
    }
}
