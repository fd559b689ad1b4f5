//! Where data connections go: the arguments of `PORT`, `EPRT` and `EPSV`, the checks on them, and
//! the replies to `PASV` and `EPSV` (RFC 959 §4.1.2, RFC 2428, RFC 2577 §3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::proto::argument::{Argument, SyntaxError, decimal, trimmed};
use crate::proto::reply::{Code, Reply};

/// The version of the internet protocol, as RFC 2428 numbers them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AddressFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl AddressFamily {
    /// The family of `address`; an IPv4 address mapped into IPv6 is IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The refusal of any other family.
    fn refusal(self) -> Reply {
        let number = match self {
            Self::V4 => 1,
            Self::V6 => 2,
        };
        Reply::new(
            Code::NegotiationFailed,
            format!("Network protocol not supported, use ({number})"),
        )
    }
}

/// The argument of `PORT`: an IPv4 address and a port, `h1,h2,h3,h4,p1,p2`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HostPort {
    /// The address.
    pub host: Ipv4Addr,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// Where to connect, if it is the peer itself, at an unprivileged port.
    ///
    /// `peer` is the other end of the control connection.
    ///
    /// # Errors
    ///
    /// 501 on an IPv6 control connection, 504 for a foreign address or a port below 1024.
    pub fn target(self, peer: IpAddr) -> Result<SocketAddr, Reply> {
        if AddressFamily::of(peer) == AddressFamily::V6 {
            return Err(Reply::new(
                Code::BadArgument,
                "PORT is IPv4-only; use EPRT.",
            ));
        }
        check_target(Verb::Port, SocketAddr::from((self.host, self.port)), peer)
    }
}

impl Argument for HostPort {
    const SYNTAX: &'static str = " h1,h2,h3,h4,p1,p2";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let malformed = SyntaxError::Malformed("Use PORT h1,h2,h3,h4,p1,p2.");
        let mut numbers = trimmed(raw)?.split(',').map(|number| {
            decimal(number.trim_matches(' ')).and_then(|number| u8::try_from(number).ok())
        });
        let mut next = || numbers.next().flatten().ok_or(malformed);
        let host = Ipv4Addr::new(next()?, next()?, next()?, next()?);
        let port = u16::from_be_bytes([next()?, next()?]);
        if numbers.next().is_some() {
            return Err(malformed);
        }
        Ok(Self { host, port })
    }
}

/// The argument of `EPRT`: `<d>family<d>address<d>port<d>` (RFC 2428 §2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExtendedHostPort {
    /// An address of a known family.
    Known(SocketAddr),
    /// A family that is neither IPv4 nor IPv6.
    UnknownFamily,
}

impl ExtendedHostPort {
    /// Where to connect, if it is the peer itself, at an unprivileged port.
    ///
    /// `peer` is the other end of the control connection.
    ///
    /// # Errors
    ///
    /// 522 for another family than that of the control connection, 504 for a foreign address or a
    /// port below 1024.
    pub fn target(self, peer: IpAddr) -> Result<SocketAddr, Reply> {
        let family = AddressFamily::of(peer);
        match self {
            Self::Known(address) if AddressFamily::of(address.ip()) == family => {
                check_target(Verb::Eprt, address, peer)
            }
            Self::Known(_) | Self::UnknownFamily => Err(family.refusal()),
        }
    }
}

impl Argument for ExtendedHostPort {
    const SYNTAX: &'static str = " |<family>|<address>|<port>|";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let malformed = SyntaxError::Malformed("Use EPRT |family|address|port|.");
        let text = trimmed(raw)?;
        let delimiter = text
            .chars()
            .next()
            .filter(|delimiter| ('\u{21}'..='\u{7e}').contains(delimiter))
            .ok_or(malformed)?;
        let mut fields = text.split(delimiter).skip(1);
        let (Some(family), Some(address), Some(port), Some(""), None) = (
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
        ) else {
            // A family that nobody knows may have fields that nobody knows.
            return match text.split(delimiter).nth(1).and_then(decimal) {
                Some(family) if family != 1 && family != 2 => Ok(Self::UnknownFamily),
                _ => Err(malformed),
            };
        };
        let address: Option<IpAddr> = match decimal(family).ok_or(malformed)? {
            1 => address.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            2 => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => return Ok(Self::UnknownFamily),
        };
        let port = decimal(port).and_then(|port| u16::try_from(port).ok());
        match (address, port) {
            (Some(address), Some(port)) => Ok(Self::Known(SocketAddr::from((address, port)))),
            _ => Err(malformed),
        }
    }
}

/// The argument of `EPSV` (RFC 2428 §3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EpsvArgument {
    /// `ALL`: no other way of opening data connections from now on.
    All,
    /// None: the family of the control connection.
    Any,
    /// `1` or `2`.
    Family(AddressFamily),
    /// Another number.
    UnknownFamily,
}

impl EpsvArgument {
    /// Whether the family is that of the control connection.
    ///
    /// # Errors
    ///
    /// 522, naming the family that is.
    pub fn check(self, peer: IpAddr) -> Result<(), Reply> {
        let family = AddressFamily::of(peer);
        match self {
            Self::All | Self::Any => Ok(()),
            Self::Family(wanted) if wanted == family => Ok(()),
            Self::Family(_) | Self::UnknownFamily => Err(family.refusal()),
        }
    }
}

impl Argument for EpsvArgument {
    const SYNTAX: &'static str = " [<1, 2 or ALL>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let Ok(text) = trimmed(raw) else {
            return Ok(Self::Any);
        };
        if text.eq_ignore_ascii_case("ALL") {
            return Ok(Self::All);
        }
        match decimal(text) {
            Some(1) => Ok(Self::Family(AddressFamily::V4)),
            Some(2) => Ok(Self::Family(AddressFamily::V6)),
            Some(_) => Ok(Self::UnknownFamily),
            None => Err(SyntaxError::Malformed(
                "Use EPSV, EPSV 1, EPSV 2 or EPSV ALL.",
            )),
        }
    }
}

/// The reply to `PASV`. Address translators and old clients look for exactly this text.
pub fn passive_reply(host: Ipv4Addr, port: u16) -> Reply {
    let [h1, h2, h3, h4] = host.octets();
    let [p1, p2] = port.to_be_bytes();
    Reply::new(
        Code::PassiveMode,
        format!("Entering Passive Mode ({h1},{h2},{h3},{h4},{p1},{p2})."),
    )
}

/// The reply to `EPSV` (RFC 2428 §3).
pub fn extended_passive_reply(port: u16) -> Reply {
    Reply::new(
        Code::ExtendedPassiveMode,
        format!("Entering Extended Passive Mode (|||{port}|)"),
    )
}

#[derive(Clone, Copy)]
enum Verb {
    Port,
    Eprt,
}

/// Refuses to be sent to anybody but the peer: no scans, no bounces (RFC 2577 §3).
fn check_target(verb: Verb, target: SocketAddr, peer: IpAddr) -> Result<SocketAddr, Reply> {
    let verb = match verb {
        Verb::Port => "PORT",
        Verb::Eprt => "EPRT",
    };
    if target.ip().to_canonical() != peer.to_canonical() {
        return Err(Reply::new(
            Code::ParameterNotImplemented,
            format!("{verb} address must match the control connection."),
        ));
    }
    if target.port() < 1_024 {
        return Err(Reply::new(
            Code::ParameterNotImplemented,
            format!("{verb} port must be 1024 or higher."),
        ));
    }
    Ok(SocketAddr::new(target.ip().to_canonical(), target.port()))
}
