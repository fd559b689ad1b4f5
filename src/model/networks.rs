//! From where somebody may come: lists of networks, IPv4 and IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

/// A list of networks. An IPv4 address that is written as an IPv6 one is the IPv4 address. Cloning
/// is cheap, and free where there are none, as there mostly are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Networks(Option<Arc<[IpNet]>>);

/// The networks from which an account may be used.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NetworkRules {
    /// Only from here; from everywhere if there are none.
    pub allowed: Networks,
    /// Never from here, whatever is allowed.
    pub denied: Networks,
}

/// Why a text is no list of networks. The messages are shown beside the field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NetworksError {
    /// A line holds something else.
    #[error(
        "Line {line}: “{typed}” is not a network. Write it like 192.0.2.0/24, 2001:db8::/32 or \
         198.51.100.7"
    )]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What was typed.
        typed: String,
    },
    /// An address inside the network is written where its first one belongs.
    #[error("Line {line}: “{typed}” does not begin its network. Write {network}")]
    Inside {
        /// The line, from 1.
        line: usize,
        /// What was typed.
        typed: String,
        /// The network that it lies in.
        network: IpNet,
    },
    /// More than [`Networks::LIMIT`].
    #[error("Line {line}: there are more than {} networks", Networks::LIMIT)]
    TooMany {
        /// The line of the first one too many, from 1.
        line: usize,
    },
}

impl Networks {
    /// Networks in one list at most; every login is compared with all of them.
    pub const LIMIT: usize = 64;
    /// Characters that name a network at most; longer ones are cut in error messages.
    const SHOWN: usize = 60;

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// One after the other, as they were written.
    pub fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.0.iter().flat_map(|networks| networks.iter())
    }

    /// Whether `address` lies in one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.iter().any(|network| network.contains(&address))
    }
}

impl NetworkRules {
    /// Whether somebody may come from `address`.
    pub fn admit(&self, address: IpAddr) -> bool {
        !self.denied.contains(address)
            && (self.allowed.is_empty() || self.allowed.contains(address))
    }

    /// Whether they say anything at all.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.denied.is_empty()
    }
}

impl FromStr for Networks {
    type Err = NetworksError;

    /// Reads networks and single addresses, one per line or with commas or spaces between them. One
    /// that is there already is left out.
    fn from_str(text: &str) -> Result<Self, NetworksError> {
        let mut networks = Vec::new();
        for (line, typed) in (1..).zip(text.lines()) {
            let between = |c: char| c == ',' || c.is_whitespace();
            for typed in typed.split(between).filter(|typed| !typed.is_empty()) {
                let network = read(line, typed)?;
                if networks.contains(&network) {
                    continue;
                }
                if networks.len() == Self::LIMIT {
                    return Err(NetworksError::TooMany { line });
                }
                networks.push(network);
            }
        }
        Ok(Self((!networks.is_empty()).then(|| networks.into())))
    }
}

impl fmt::Display for Networks {
    /// One per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if network.prefix_len() == network.max_prefix_len() {
                network.addr().fmt(f)?;
            } else {
                network.fmt(f)?;
            }
        }
        Ok(())
    }
}

fn read(line: usize, typed: &str) -> Result<IpNet, NetworksError> {
    let shown = || typed.chars().take(Networks::SHOWN).collect();
    let network = match typed.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => match typed.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => {
                return Err(NetworksError::Malformed {
                    line,
                    typed: shown(),
                });
            }
        },
    };
    let network = unmapped(network);
    if network.trunc() != network {
        return Err(NetworksError::Inside {
            line,
            typed: shown(),
            network: network.trunc(),
        });
    }
    Ok(network)
}

/// A network of IPv4 addresses that are written as IPv6 ones is one of IPv4 addresses.
fn unmapped(network: IpNet) -> IpNet {
    let mapped = |network: &ipnet::Ipv6Net| -> Option<(Ipv4Addr, u8)> {
        let address = network.addr().to_ipv4_mapped()?;
        Some((address, network.prefix_len().checked_sub(96)?))
    };
    let IpNet::V6(v6) = network else {
        return network;
    };
    let short = mapped(&v6).and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    short.map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allowed: &str, denied: &str) -> NetworkRules {
        NetworkRules {
            allowed: allowed.parse().unwrap(),
            denied: denied.parse().unwrap(),
        }
    }

    fn admits(rules: &NetworkRules, address: &str) -> bool {
        rules.admit(address.parse().unwrap())
    }

    #[test]
    fn nothing_said_means_everywhere() {
        let rules = rules("", " \n\n");

        assert!(rules.is_empty());
        assert!(admits(&rules, "203.0.113.9") && admits(&rules, "2001:db8::1"));
    }

    #[test]
    fn what_is_denied_is_denied_whatever_is_allowed() {
        let rules = rules("10.0.0.0/8\n2001:db8::/32", "10.1.0.0/16");

        for (address, is_admitted) in [
            ("10.2.0.1", true),
            ("10.1.0.1", false),
            ("192.0.2.1", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(admits(&rules, address), is_admitted, "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_is_one_however_it_is_written() {
        let mapped = rules("::ffff:10.0.0.0/104", "");
        let plain = rules("10.0.0.0/8", "");

        assert_eq!(mapped, plain);
        assert!(admits(&plain, "::ffff:10.9.9.9"));
        assert!(!admits(&rules("", "10.0.0.0/8"), "::ffff:10.9.9.9"));
        assert!(!admits(&rules("::/0", ""), "::ffff:10.9.9.9"));
    }

    #[test]
    fn a_list_reads_back_from_its_text() {
        let list: Networks = "192.0.2.0/24, 198.51.100.7\n2001:db8::/32 192.0.2.0/24"
            .parse()
            .unwrap();

        assert_eq!(
            list.to_string(),
            "192.0.2.0/24\n198.51.100.7\n2001:db8::/32"
        );
        assert_eq!(list.to_string().parse(), Ok(list));
    }

    #[test]
    fn an_error_names_its_line() {
        for (text, told) in [
            (
                "10.0.0.0/8\n\n10.0.0/8",
                "Line 3: “10.0.0/8” is not a network. Write it like 192.0.2.0/24, 2001:db8::/32 or \
                 198.51.100.7",
            ),
            (
                "10.1.2.3/8",
                "Line 1: “10.1.2.3/8” does not begin its network. Write 10.0.0.0/8",
            ),
            (
                "\n10.0.0.0/33",
                "Line 2: “10.0.0.0/33” is not a network. Write it like 192.0.2.0/24, 2001:db8::/32 or 198.51.100.7",
            ),
        ] {
            let error = text.parse::<Networks>().unwrap_err();

            assert_eq!(error.to_string(), told);
        }
    }

    #[test]
    fn a_list_has_an_end() {
        let lines = |count: usize| -> String {
            let line = |n: usize| format!("10.0.{n}.0/24\n");
            (0..count).map(line).collect()
        };

        assert!(lines(Networks::LIMIT).parse::<Networks>().is_ok());
        assert_eq!(
            lines(Networks::LIMIT + 1).parse::<Networks>(),
            Err(NetworksError::TooMany { line: 65 })
        );
    }
}
