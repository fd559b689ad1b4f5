//! Addresses as keys, so that a network is a range of them.

use std::net::IpAddr;

use ipnet::IpNet;

/// An address in a form whose order is that of addresses.
pub(super) fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("4{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("6{:032x}", address.to_bits()),
    }
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
    fn a_network_is_a_range_of_addresses() {
        let (first, last) = address_range("192.0.2.77/24".parse().unwrap());

        assert_eq!((first.as_str(), last.as_str()), ("4c0000200", "4c00002ff"));
    }
}
