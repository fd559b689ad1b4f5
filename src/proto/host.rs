//! The argument of `HOST`: which of the hosts behind one address is meant (RFC 7151 §3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::proto::argument::{Argument, SyntaxError, trimmed};

/// What `HOST` names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HostArgument {
    /// An address: `192.0.2.1` or `[2001:db8::1]`.
    Address(IpAddr),
    /// A host name in lower case, without a final dot.
    Name(String),
}

impl Argument for HostArgument {
    const SYNTAX: &'static str = " <host name, IPv4 address or [IPv6 address]>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let text = trimmed(raw)?;
        let malformed = SyntaxError::Malformed("Not a valid host name.");
        if let Some(bracketed) = text.strip_prefix('[') {
            let address = bracketed.strip_suffix(']').ok_or(malformed)?;
            let address: Ipv6Addr = address.parse().map_err(|_| malformed)?;
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if !is_host_name(name) {
            return Err(malformed);
        }
        Ok(Self::Name(name.to_ascii_lowercase()))
    }
}

/// Whether `name` is made of labels as the DNS has them; the last one is no number, or it would be
/// an address.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(typed: &str) -> Result<HostArgument, u16> {
        let raw = Some(typed).filter(|typed| !typed.is_empty());
        HostArgument::parse(raw).map_err(|error| error.reply().code().number())
    }

    #[test]
    fn names_lose_their_case_and_their_final_dot() {
        for (typed, name) in [
            ("ftp.a.test", "ftp.a.test"),
            ("FTP.A.Test.", "ftp.a.test"),
            ("localhost", "localhost"),
            ("xn--fsq.test", "xn--fsq.test"),
        ] {
            assert_eq!(parse(typed), Ok(HostArgument::Name(name.to_owned())));
        }
    }

    #[test]
    fn addresses_are_written_as_in_a_url() {
        for (typed, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(parse(typed), Ok(HostArgument::Address(address)), "{typed}");
        }
    }

    /// AUT-27
    #[test]
    fn ports_and_half_brackets_are_refused() {
        for typed in [
            "",
            "ftp.a.test:21",
            "[::1",
            "::1",
            "[192.0.2.1]",
            "[x]",
            "a b",
            "-a.test",
            "a..test",
            ".",
            "1.2.3",
            "ü.test",
        ] {
            assert_eq!(parse(typed), Err(501), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "[\\[\\]:.a-f0-9-]{0,40}|.{0,40}") {
            drop(parse(&typed));
        }
    }
}
