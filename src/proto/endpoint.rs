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

/// Refuses to be sent to anybody but the peer: no scans, no bounces (RFC 2577 §3). Over IPv6 some
/// clients, lftp among them, name the address that they listen on, `::`; who names no address means
/// his own.
fn check_target(verb: Verb, target: SocketAddr, peer: IpAddr) -> Result<SocketAddr, Reply> {
    let verb = match verb {
        Verb::Port => "PORT",
        Verb::Eprt => "EPRT",
    };
    let (address, peer) = (target.ip().to_canonical(), peer.to_canonical());
    if address != peer && !address.is_unspecified() {
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
    Ok(SocketAddr::new(peer, target.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v4() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn v6() -> IpAddr {
        "2001:db8::7".parse().unwrap()
    }

    fn mapped() -> IpAddr {
        "::ffff:192.0.2.7".parse().unwrap()
    }

    fn port(typed: &str, peer: IpAddr) -> Result<String, u16> {
        HostPort::parse(Some(typed))
            .map_err(SyntaxError::reply)
            .and_then(|host_port| host_port.target(peer))
            .map(|target| target.to_string())
            .map_err(|reply| reply.code().number())
    }

    fn eprt(typed: &str, peer: IpAddr) -> Result<String, Reply> {
        ExtendedHostPort::parse(Some(typed))
            .map_err(SyntaxError::reply)
            .and_then(|host_port| host_port.target(peer))
            .map(|target| target.to_string())
    }

    fn epsv(typed: &str, peer: IpAddr) -> Result<(), Reply> {
        EpsvArgument::parse(Some(typed))
            .map_err(SyntaxError::reply)
            .and_then(|argument| argument.check(peer))
    }

    #[test]
    fn port_leads_to_the_peer_and_nowhere_else() {
        for (typed, expected) in [
            ("192,0,2,7,4,0", Ok("192.0.2.7:1024".to_owned())),
            ("192, 0, 2, 7, 200, 1", Ok("192.0.2.7:51201".to_owned())),
            ("0,0,0,0,4,0", Ok("192.0.2.7:1024".to_owned())),
            ("192,0,2,7,3,255", Err(504)),
            ("192,0,2,7,0,22", Err(504)),
            ("10,0,0,1,8,0", Err(504)),
            ("127,0,0,1,8,0", Err(504)),
            ("1,2,3", Err(501)),
            ("256,0,2,7,4,0", Err(501)),
            ("192,0,2,7,4,0,1", Err(501)),
            ("192,0,2,7,4,", Err(501)),
            ("192,0,2,7,4,-1", Err(501)),
            ("192.0.2.7,4,0", Err(501)),
            ("a", Err(501)),
            ("", Err(501)),
        ] {
            assert_eq!(port(typed, v4()), expected, "{typed}");
            assert_eq!(port(typed, mapped()), expected, "{typed}, mapped");
        }
    }

    #[test]
    fn port_says_that_it_knows_no_ipv6() {
        let refusal = HostPort::parse(Some("192,0,2,7,4,0"))
            .unwrap()
            .target(v6())
            .unwrap_err();

        assert_eq!(
            refusal,
            Reply::new(Code::BadArgument, "PORT is IPv4-only; use EPRT.")
        );
    }

    #[test]
    fn eprt_takes_any_delimiter_and_both_families() {
        assert_eq!(
            eprt("|1|192.0.2.7|5000|", v4()),
            Ok("192.0.2.7:5000".to_owned())
        );
        assert_eq!(
            eprt("!1!192.0.2.7!5000!", v4()),
            Ok("192.0.2.7:5000".to_owned())
        );
        assert_eq!(
            eprt("|1|192.0.2.7|5000|", mapped()),
            Ok("192.0.2.7:5000".to_owned())
        );
        assert_eq!(
            eprt("|2|2001:db8::7|5000|", v6()),
            Ok("[2001:db8::7]:5000".to_owned())
        );
    }

    #[test]
    fn who_names_no_address_means_his_own() {
        for (typed, peer, expected) in [
            ("|2|::|5000|", v6(), "[2001:db8::7]:5000"),
            ("|1|0.0.0.0|5000|", v4(), "192.0.2.7:5000"),
            ("|1|0.0.0.0|5000|", mapped(), "192.0.2.7:5000"),
        ] {
            assert_eq!(eprt(typed, peer), Ok(expected.to_owned()), "{typed}");
        }
        assert_eq!(eprt("|2|::|1023|", v6()).unwrap_err().code().number(), 504);
    }

    #[test]
    fn eprt_is_refused_with_the_reason() {
        for (typed, peer, code) in [
            ("|2|::1|5000|", v4(), 522),
            ("|1|192.0.2.7|5000|", v6(), 522),
            ("|3|x|1|", v4(), 522),
            ("|3|x|", v4(), 522),
            ("|1|10.0.0.1|5000|", v4(), 504),
            ("|2|2001:db8::8|5000|", v6(), 504),
            ("|1|192.0.2.7|1023|", v4(), 504),
            ("|1|192.0.2.7|65536|", v4(), 501),
            ("|1|192.0.2|5000|", v4(), 501),
            ("|2|192.0.2.7|5000|", v4(), 501),
            ("|1|192.0.2.7|5000", v4(), 501),
            ("|1|192.0.2.7|5000|x", v4(), 501),
            ("|1|192.0.2.7|", v4(), 501),
            ("|x|192.0.2.7|5000|", v4(), 501),
            ("ü1ü192.0.2.7ü5000ü", v4(), 501),
            ("", v4(), 501),
        ] {
            assert_eq!(
                eprt(typed, peer).unwrap_err().code().number(),
                code,
                "{typed}"
            );
        }
        assert_eq!(
            eprt("|2|::1|5000|", v4()).unwrap_err().text(),
            "Network protocol not supported, use (1)"
        );
    }

    #[test]
    fn epsv_answers_for_the_family_of_the_control_connection() {
        for (typed, of_v4, of_v6) in [
            ("", 200, 200),
            ("1", 200, 522),
            ("2", 522, 200),
            ("3", 522, 522),
            ("ALL", 200, 200),
            ("all", 200, 200),
            ("x", 501, 501),
            ("-1", 501, 501),
        ] {
            let code = |peer| {
                epsv(typed, peer)
                    .err()
                    .map_or(200, |reply| reply.code().number())
            };
            assert_eq!((code(v4()), code(v6())), (of_v4, of_v6), "{typed}");
        }
        assert!(epsv("1", v6()).unwrap_err().text().ends_with("(2)"));
    }

    #[test]
    fn passive_replies_are_the_text_that_clients_search_for() {
        assert_eq!(
            passive_reply(Ipv4Addr::new(203, 0, 113, 5), 30_001).text(),
            "Entering Passive Mode (203,0,113,5,117,49)."
        );
        assert_eq!(
            extended_passive_reply(30_001).text(),
            "Entering Extended Passive Mode (|||30001|)"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "[|0-9.,:a]{0,40}|.{0,40}") {
            drop(port(&typed, v4()));
            drop(eprt(&typed, v6()));
            drop(epsv(&typed, v4()));
        }

        #[test]
        fn nobody_but_the_peer_is_ever_a_target(host: [u8; 4], number: u16) {
            let typed = HostPort { host: host.into(), port: number };

            if let Ok(target) = typed.target(v4()) {
                prop_assert_eq!(target.ip(), v4());
                prop_assert!(target.port() >= 1_024);
            }
        }
    }
}
