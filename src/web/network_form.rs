//! The form of the network page: passive range, public address, addresses for some networks, active
//! mode.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::hosting::network::{Network, NetworkChange};
use crate::model::{AddressRule, Advertise, PortRange, PublicAddress};
use crate::settings::Settings;
use crate::web::form::Form;

/// An address rule as it stands in the form.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct RuleRow {
    /// The clients' network, as typed.
    pub(crate) network: String,
    /// What they are told, as typed; empty for the address they connected to.
    pub(crate) address: String,
}

/// Rules at most; the settings hold no more.
const RULES_MAX: usize = 50;

/// Writes the settings in force into the form.
pub(crate) fn fill(form: &mut Form, settings: &Settings) {
    form.set("first", settings.passive_ports.first());
    form.set("last", settings.passive_ports.last());
    let (kind, value) = match &settings.public_address {
        PublicAddress::Automatic => ("auto", String::new()),
        PublicAddress::Fixed(address) => ("fixed", address.to_string()),
        PublicAddress::Name(name) => ("name", name.clone()),
    };
    form.set("public", kind);
    form.set("public_value", value);
    form.set("active", if settings.active_mode { "on" } else { "off" });
    if settings.active_source_port_20 {
        form.set("port_20", "yes");
    }
}

/// The rules in force as rows.
pub(crate) fn stored_rows(settings: &Settings) -> Vec<RuleRow> {
    settings
        .address_rules
        .iter()
        .map(|rule| RuleRow {
            network: rule.network.to_string(),
            address: match rule.advertise {
                Advertise::SameAsControl => String::new(),
                Advertise::Fixed(address) => address.to_string(),
            },
        })
        .collect()
}

/// The rows of a form that was sent. A pressed “Remove” leaves its row out; empty rows go too.
pub(crate) fn sent_rows(form: &Form) -> Vec<RuleRow> {
    let removed: Option<usize> = form.value("remove").parse().ok();
    form.values("network")
        .zip(form.values("address"))
        .enumerate()
        .filter(|(index, _)| Some(*index) != removed)
        .map(|(_, (network, address))| RuleRow {
            network: network.trim().to_owned(),
            address: address.trim().to_owned(),
        })
        .filter(|row| !row.network.is_empty() || !row.address.is_empty())
        .take(RULES_MAX)
        .collect()
}

/// Reads the settings; what is wrong stands in the form afterwards. `listeners` are the ports that
/// the service itself listens on.
pub(crate) fn read(form: &mut Form, rows: &[RuleRow], listeners: &[u16]) -> Option<NetworkChange> {
    let passive_ports = read_range(form, listeners);
    let public_address = read_public(form);
    let address_rules = read_rules(form, rows);
    let active_mode = form.is("active", "on");
    let active_source_port_20 = form.is("port_20", "yes");
    if !form.is_fine() {
        return None;
    }
    Some(NetworkChange {
        passive_ports: passive_ports?,
        public_address: public_address?,
        address_rules: address_rules?,
        active_mode,
        active_source_port_20,
    })
}

fn read_range(form: &mut Form, listeners: &[u16]) -> Option<PortRange> {
    let port = |form: &mut Form, field: &str, which: &str| {
        let typed = form.value(field).trim().parse::<u16>().ok();
        let port = typed.filter(|port| *port >= 1_024);
        form.check(
            field,
            port.ok_or_else(|| format!("{which} port must be a number from 1024 to 65535")),
        )
    };
    let first = port(form, "first", "First");
    let last = port(form, "last", "Last");
    let (first, last) = (first?, last?);
    let Ok(range) = PortRange::new(first, last) else {
        let text = format!("Last port must be higher than the first ({first})");
        form.refuse("last", text);
        return None;
    };
    if let Some(port) = listeners.iter().find(|port| range.contains(**port)) {
        let text = format!("The range includes {port}, which a listener uses");
        form.refuse("first", text);
        return None;
    }
    Some(range)
}

fn read_public(form: &mut Form) -> Option<PublicAddress> {
    let typed = form.value("public_value").trim().to_owned();
    if form.is("public", "name") {
        if let Ok(PublicAddress::Name(name)) = typed.parse() {
            return Some(PublicAddress::Name(name));
        }
        let text = "Enter a DNS name, for example ftp.example.com";
        form.refuse("public_value", text);
        return None;
    }
    if !form.is("public", "fixed") {
        return Some(PublicAddress::Automatic);
    }
    let address = match typed.parse() {
        Ok(PublicAddress::Fixed(address)) => address,
        Ok(_) => {
            form.refuse(
                "public_value",
                "Enter an IPv4 address, for example 203.0.113.24",
            );
            return None;
        }
        Err(error) => {
            form.refuse("public_value", error);
            return None;
        }
    };
    // The second submit of the same address confirms it.
    let is_confirmed = form.is("private_address", &address.to_string());
    if !Network::is_public(IpAddr::V4(address)) && !is_confirmed {
        form.set("private_address", address);
        form.refuse(
            "public_value",
            format!(
                "{address} is a private address. Customers outside cannot reach it. Save anyway?"
            ),
        );
        return None;
    }
    Some(PublicAddress::Fixed(address))
}

/// The rules, the most specific network first: the first match wins, whatever the order typed.
fn read_rules(form: &mut Form, rows: &[RuleRow]) -> Option<Vec<AddressRule>> {
    let mut rules: Vec<AddressRule> = Vec::with_capacity(rows.len());
    let mut complete = true;
    for (index, row) in rows.iter().enumerate() {
        let network = form.check(&format!("network-{index}"), read_network(&row.network));
        let advertise = form.check(&format!("address-{index}"), read_advertise(&row.address));
        let (Some(network), Some(advertise)) = (network, advertise) else {
            complete = false;
            continue;
        };
        if rules.iter().any(|rule| rule.network == network) {
            let text = format!("{network} is listed already");
            form.refuse(&format!("network-{index}"), text);
            complete = false;
            continue;
        }
        rules.push(AddressRule { network, advertise });
    }
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.network.prefix_len()));
    complete.then_some(rules)
}

fn read_network(typed: &str) -> Result<IpNet, String> {
    if typed.is_empty() {
        return Err("Enter a range, for example 10.0.0.0/8".to_owned());
    }
    if let Ok(address) = typed.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let not_a_range = |rule: &str| format!("“{typed}” is not an address range. {rule}");
    let Some((address, prefix)) = typed.split_once('/') else {
        return Err(not_a_range("Write one like 10.0.0.0/8"));
    };
    let prefix = prefix.trim().parse::<u8>().ok();
    let network = match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let network = prefix.and_then(|prefix| Ipv4Net::new(address, prefix).ok());
            network
                .map(IpNet::V4)
                .ok_or_else(|| not_a_range("The number after / must be 0 to 32"))
        }
        Ok(IpAddr::V6(address)) => {
            let network = prefix.and_then(|prefix| Ipv6Net::new(address, prefix).ok());
            network
                .map(IpNet::V6)
                .ok_or_else(|| not_a_range("The number after / must be 0 to 128"))
        }
        Err(_) => Err(not_a_range("Write one like 10.0.0.0/8")),
    }?;
    if network.addr() != network.network() {
        return Err(format!(
            "Host bits are set. Did you mean {}?",
            network.trunc()
        ));
    }
    Ok(network)
}

fn read_advertise(typed: &str) -> Result<Advertise, &'static str> {
    if typed.is_empty() || typed.eq_ignore_ascii_case("same") {
        return Ok(Advertise::SameAsControl);
    }
    let address = typed.parse::<Ipv4Addr>().ok();
    let address = address.filter(|address| !address.is_unspecified() && !address.is_multicast());
    address
        .map(Advertise::Fixed)
        .ok_or("Enter an IPv4 address, for example 192.168.1.5")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Form {
        let mut form = Form::new();
        fill(&mut form, &Settings::default());
        form
    }

    fn row(network: &str, address: &str) -> RuleRow {
        RuleRow {
            network: network.to_owned(),
            address: address.to_owned(),
        }
    }

    fn error(form: &mut Form, rows: &[RuleRow]) -> String {
        assert!(read(form, rows, &[2_121]).is_none());
        form.errors()[0].text.clone()
    }

    #[test]
    fn the_settings_in_force_read_back_from_their_form() {
        let settings = Settings::default();

        let change = read(&mut filled(), &stored_rows(&settings), &[2_121]).unwrap();

        assert_eq!(change.passive_ports, settings.passive_ports);
        assert_eq!(change.public_address, PublicAddress::Automatic);
        assert_eq!(change.active_mode, settings.active_mode);
    }

    #[test]
    fn a_wrong_range_is_told_at_the_port_that_is_wrong() {
        for (first, last, field, text) in [
            (
                "80",
                "90",
                "first",
                "First port must be a number from 1024 to 65535",
            ),
            (
                "50000",
                "many",
                "last",
                "Last port must be a number from 1024 to 65535",
            ),
            (
                "50000",
                "49000",
                "last",
                "Last port must be higher than the first (50000)",
            ),
            (
                "2000",
                "3000",
                "first",
                "The range includes 2121, which a listener uses",
            ),
        ] {
            let mut form = filled();
            form.set("first", first);
            form.set("last", last);

            assert!(read(&mut form, &[], &[2_121]).is_none());
            assert_eq!(form.error_text(field), text);
        }
    }

    #[test]
    fn a_private_public_address_is_saved_at_the_second_try() {
        let mut form = filled();
        form.set("public", "fixed");
        form.set("public_value", "10.0.4.12");

        let text = error(&mut form, &[]);
        let mut again = filled();
        again.set("public", "fixed");
        again.set("public_value", "10.0.4.12");
        again.set("private_address", form.value("private_address"));

        assert!(
            text.starts_with("10.0.4.12 is a private address."),
            "{text}"
        );
        assert!(read(&mut again, &[], &[]).is_some());
    }

    #[test]
    fn an_address_is_no_name_and_a_name_no_address() {
        for (kind, value, text) in [
            (
                "fixed",
                "ftp.example.com",
                "Enter an IPv4 address, for example 203.0.113.24",
            ),
            (
                "fixed",
                "",
                "Enter an IPv4 address, for example 203.0.113.24",
            ),
            (
                "name",
                "203.0.113.24",
                "Enter a DNS name, for example ftp.example.com",
            ),
        ] {
            let mut form = filled();
            form.set("public", kind);
            form.set("public_value", value);

            assert_eq!(error(&mut form, &[]), text, "{kind} {value}");
        }
    }

    #[test]
    fn rules_are_sorted_so_that_the_most_specific_wins() {
        let rows = [row("10.0.0.0/8", ""), row("10.1.0.0/16", "10.1.0.5")];

        let rules = read(&mut filled(), &rows, &[]).unwrap().address_rules;

        let networks: Vec<String> = rules.iter().map(|rule| rule.network.to_string()).collect();
        assert_eq!(networks, ["10.1.0.0/16", "10.0.0.0/8"]);
        assert_eq!(rules[1].advertise, Advertise::SameAsControl);
    }

    #[test]
    fn a_wrong_rule_is_told_in_words() {
        for (network, address, text) in [
            ("", "10.0.0.5", "Enter a range, for example 10.0.0.0/8"),
            (
                "198.51.100.0/33",
                "",
                "“198.51.100.0/33” is not an address range. The number after / must be 0 to 32",
            ),
            (
                "10.1.2.3/24",
                "",
                "Host bits are set. Did you mean 10.1.2.0/24?",
            ),
            (
                "office",
                "",
                "“office” is not an address range. Write one like 10.0.0.0/8",
            ),
            (
                "10.0.0.0/8",
                "here",
                "Enter an IPv4 address, for example 192.168.1.5",
            ),
        ] {
            assert_eq!(error(&mut filled(), &[row(network, address)]), text);
        }
    }

    #[test]
    fn a_network_is_listed_once() {
        let rows = [row("10.0.0.0/8", ""), row("10.0.0.0/8", "10.0.0.5")];

        assert_eq!(error(&mut filled(), &rows), "10.0.0.0/8 is listed already");
    }

    #[test]
    fn a_removed_row_is_left_out() {
        let form: Form = serde_json::from_str(
            r#"[["network","10.0.0.0/8"],["address",""],["network","10.1.0.0/16"],
                ["address","10.1.0.5"],["network",""],["address",""],["remove","0"]]"#,
        )
        .unwrap();

        assert_eq!(sent_rows(&form), [row("10.1.0.0/16", "10.1.0.5")]);
    }
}
