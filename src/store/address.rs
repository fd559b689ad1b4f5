//! Addresses as keys, so that a network is a range of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// An address in a form whose order is that of addresses.
pub(super) fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("4{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("6{:032x}", address.to_bits()),
    }
}

/// The address with this key.
pub(super) fn address_of(key: &str) -> Option<IpAddr> {
    let (family, digits) = key.split_at_checked(1)?;
    match family {
        "4" => {
            let bits = u32::from_str_radix(digits, 16).ok()?;
            Some(Ipv4Addr::from_bits(bits).into())
        }
        "6" => {
            let bits = u128::from_str_radix(digits, 16).ok()?;
            Some(Ipv6Addr::from_bits(bits).into())
        }
        _ => None,
    }
}

/// The pattern of keys of addresses that begin as `text` does, like `192.0.2` or `2001:db8:`; `None` if
/// no address begins so. `::` is for whole addresses only.
pub(super) fn address_pattern(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address_key(address));
    }
    let read = |mark: char, radix: u32, width: usize| {
        let begin = text.strip_suffix(mark).unwrap_or(text);
        let parts = begin.split(mark).map(|part| {
            let value = u16::from_str_radix(part, radix).ok()?;
            (radix == 16 || value < 256).then(|| format!("{value:0width$x}"))
        });
        parts.collect::<Option<String>>()
    };
    if text.contains('.') {
        return read('.', 10, 2).map(|begin| format!("4{begin}%"));
    }
    if text.contains(':') {
        return read(':', 16, 4).map(|begin| format!("6{begin}%"));
    }
    None
}

/// The first and the last address of a network.
pub(super) fn address_range(network: IpNet) -> (String, String) {
    (
        address_key(network.network()),
        address_key(network.broadcast()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_addresses_are_in_the_order_of_addresses() {
        let key = |text: &str| address_key(text.parse().unwrap());

        assert!(key("9.255.255.255") < key("10.0.0.0"));
        assert!(key("255.255.255.255") < key("::1"));
        assert!(key("2001:db8::9") < key("2001:db8::10"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
    }

    #[test]
    fn an_address_reads_back_from_its_key() {
        for text in ["0.0.0.0", "192.0.2.7", "::1", "2001:db8::7"] {
            let address: IpAddr = text.parse().unwrap();

            assert_eq!(address_of(&address_key(address)), Some(address));
        }
        for key in ["", "4", "5c0000207", "4c000020x", "41c0000207"] {
            assert_eq!(address_of(key), None, "{key}");
        }
    }

    #[test]
    fn the_beginning_of_an_address_is_a_pattern() {
        for (text, pattern) in [
            ("198.51", Some("4c633%")),
            ("198.51.", Some("4c633%")),
            ("192.0.2.7", Some("4c0000207")),
            ("2001:db8", Some("620010db8%")),
            ("2001:db8::7", Some("620010db8000000000000000000000007")),
            ("report.pdf", None),
            ("300.1", None),
            ("9", None),
            ("", None),
        ] {
            assert_eq!(address_pattern(text).as_deref(), pattern, "{text}");
        }
    }

    #[test]
    fn a_network_is_a_range_of_addresses() {
        let (first, last) = address_range("192.0.2.77/24".parse().unwrap());

        assert_eq!((first.as_str(), last.as_str()), ("4c0000200", "4c00002ff"));
    }
}
