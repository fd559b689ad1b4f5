//! Ports and addresses that an administrator configures.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// The passive ports: first and last, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// Why two numbers are no port range. The messages are shown beside the field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PortRangeError {
    /// Not two numbers with a dash.
    #[error(
        "“{0}” is not a port range. Write the first and the last port, for example 30000-30019"
    )]
    Malformed(String),
    /// Below 1024.
    #[error("First port must be a number from 1024 to 65535")]
    Privileged,
    /// First and last port are swapped.
    #[error("Last port must not be lower than the first ({first})")]
    Swapped {
        /// The first port.
        first: u16,
    },
}

impl PortRange {
    /// The range that the service starts with: 20 ports serve any number of clients, and they lie
    /// below the ports that Linux gives to outgoing connections.
    pub const STANDARD: Self = Self {
        first: 30_000,
        last: 30_019,
    };

    /// The range from `first` to `last`.
    ///
    /// # Errors
    ///
    /// [`PortRangeError::Privileged`] below 1024, [`PortRangeError::Swapped`] if `first > last`.
    pub fn new(first: u16, last: u16) -> Result<Self, PortRangeError> {
        if first < 1_024 {
            return Err(PortRangeError::Privileged);
        }
        if first > last {
            return Err(PortRangeError::Swapped { first });
        }
        Ok(Self { first, last })
    }

    /// The first port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub fn last(self) -> u16 {
        self.last
    }

    /// Whether `port` lies in the range.
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    /// Number of ports; at least one.
    pub fn count(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// The ports in ascending order.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, PortRangeError> {
        let malformed = || PortRangeError::Malformed(text.trim().to_owned());
        let (first, last) = text.split_once(['-', ':']).ok_or_else(malformed)?;
        let port = |typed: &str| typed.trim().parse::<u16>().map_err(|_| malformed());
        Self::new(port(first)?, port(last)?)
    }
}

/// Which address a passive reply names, for clients that no [`AddressRule`] matches.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum PublicAddress {
    /// The address the client connected to.
    #[default]
    Automatic,
    /// A fixed IPv4 address.
    Fixed(Ipv4Addr),
    /// A DNS name, resolved in the background; the last good address is kept.
    Name(String),
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic => f.write_str("auto"),
            Self::Fixed(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The text is neither `auto`, an IPv4 address nor a DNS name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicAddressError {
    /// Looks like an address but is none.
    #[error("Enter an IPv4 address, for example 203.0.113.24")]
    Malformed,
    /// `0.0.0.0`, multicast or broadcast: no client can connect to it.
    #[error("{0} cannot be reached by any client. Enter the address that customers use")]
    Unroutable(Ipv4Addr),
}

impl FromStr for PublicAddress {
    type Err = PublicAddressError;

    fn from_str(text: &str) -> Result<Self, PublicAddressError> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Automatic);
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            if address.is_unspecified() || address.is_broadcast() || address.is_multicast() {
                return Err(PublicAddressError::Unroutable(address));
            }
            return Ok(Self::Fixed(address));
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_name = text.len() <= 253
            && text.split('.').all(label)
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_name {
            Ok(Self::Name(text.to_ascii_lowercase()))
        } else {
            Err(PublicAddressError::Malformed)
        }
    }
}

/// What a client from a certain network is told instead of the public address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Advertise {
    /// The address the client connected to.
    SameAsControl,
    /// This address.
    Fixed(Ipv4Addr),
}

impl fmt::Display for Advertise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameAsControl => f.write_str("same"),
            Self::Fixed(address) => address.fmt(f),
        }
    }
}

/// A passive address rule: clients from `network` are told `advertise`. The first match wins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressRule {
    /// The clients' network.
    pub network: IpNet,
    /// What they are told.
    pub advertise: Advertise,
}

/// The text is no address rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "“{0}” is not a rule. Write the clients' network and the address for them, for example \
     10.0.0.0/8=same or 192.0.2.0/24=203.0.113.24"
)]
pub struct AddressRuleError(String);

impl fmt::Display for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.network, self.advertise)
    }
}

impl FromStr for AddressRule {
    type Err = AddressRuleError;

    /// Reads `network=address` or `network=same`; a single address is a network of one.
    fn from_str(text: &str) -> Result<Self, AddressRuleError> {
        let wrong = || AddressRuleError(text.trim().to_owned());
        let (network, address) = text.split_once('=').ok_or_else(wrong)?;
        let (network, address) = (network.trim(), address.trim());
        let network = match network.parse::<IpNet>() {
            Ok(network) => network.trunc(),
            Err(_) => network.parse::<IpAddr>().map_err(|_| wrong())?.into(),
        };
        let advertise = if address.eq_ignore_ascii_case("same") {
            Advertise::SameAsControl
        } else {
            match address.parse() {
                Ok(PublicAddress::Fixed(address)) => Advertise::Fixed(address),
                _ => return Err(wrong()),
            }
        };
        Ok(Self { network, advertise })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reads_back_from_its_text() {
        let range: PortRange = "30000-30019".parse().unwrap();

        assert_eq!(
            (range.first(), range.last(), range.count()),
            (30_000, 30_019, 20)
        );
        assert_eq!(range.to_string().parse(), Ok(range));
    }

    #[test]
    fn a_swapped_range_is_refused_and_never_repaired() {
        assert_eq!(
            "30019-30000".parse::<PortRange>(),
            Err(PortRangeError::Swapped { first: 30_019 })
        );
        assert_eq!(
            "80-90".parse::<PortRange>(),
            Err(PortRangeError::Privileged)
        );
        assert!(matches!(
            "many".parse::<PortRange>(),
            Err(PortRangeError::Malformed(_))
        ));
    }

    #[test]
    fn a_public_address_is_automatic_an_address_or_a_name() {
        assert_eq!("auto".parse(), Ok(PublicAddress::Automatic));
        assert_eq!(
            "203.0.113.5".parse(),
            Ok(PublicAddress::Fixed(Ipv4Addr::new(203, 0, 113, 5)))
        );
        assert_eq!(
            "FTP.example.net".parse(),
            Ok(PublicAddress::Name("ftp.example.net".to_owned()))
        );
        assert_eq!(
            "0.0.0.0".parse::<PublicAddress>(),
            Err(PublicAddressError::Unroutable(Ipv4Addr::UNSPECIFIED))
        );
        assert_eq!(
            "300.1.2.3".parse::<PublicAddress>(),
            Err(PublicAddressError::Malformed)
        );
    }
}
