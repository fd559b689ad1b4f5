//! Lists of client addresses as other servers write them, with names of hosts among them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::record::{RowRefusal, Wanted};
use crate::model::Networks;

/// Most names that are told.
const TOLD: usize = 5;
/// Most characters of a name that is told.
const SHOWN: usize = 60;

/// A list of a file: its name there, and what stands in it.
pub(super) type List<'t> = (&'static str, &'t [&'t str]);

/// Takes over from where an account may be used and from where not. What is no address is told; an
/// account that could be used from nowhere else is not opened to everybody by that, but suspended.
///
/// # Errors
///
/// If a list has more networks than an account may have.
pub(super) fn take(
    wanted: &mut Wanted,
    allowed: List<'_>,
    denied: List<'_>,
) -> Result<(), RowRefusal> {
    let (networks, names) = read(allowed)?;
    tell(wanted, "It could be used from", &names);
    if networks.is_empty() && !names.is_empty() {
        wanted.suspend("None of the addresses from which it could be used is taken over.");
    }
    wanted.access.allowed = (!networks.is_empty()).then_some(networks);
    let (networks, names) = read(denied)?;
    tell(wanted, "It could not be used from", &names);
    wanted.access.denied = (!networks.is_empty()).then_some(networks);
    Ok(())
}

/// The networks of a list, and what in it is none.
fn read((field, list): List<'_>) -> Result<(Networks, Vec<&str>), RowRefusal> {
    let mut networks = Vec::new();
    let mut names = Vec::new();
    let filled = list.iter().map(|text| text.trim());
    for text in filled.filter(|text| !text.is_empty()) {
        match network(text) {
            Some(network) => networks.push(network.to_string()),
            None => names.push(text),
        }
    }
    let networks = networks.join(" ").parse::<Networks>();
    let refused = |_| {
        let reason = format!("more than {} networks", Networks::LIMIT);
        RowRefusal::new(field, reason)
    };
    Ok((networks.map_err(refused)?, names))
}

/// A network, whichever of its addresses is written, or a single address.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Some(network.trunc());
    }
    text.parse::<IpAddr>().ok().map(IpNet::from)
}

fn tell(wanted: &mut Wanted, beginning: &str, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    let shown = |name: &&str| -> String { name.chars().take(SHOWN).collect() };
    let mut words: Vec<String> = names.iter().take(TOLD).map(shown).collect();
    if names.len() > TOLD {
        words.push(format!("{} more", names.len() - TOLD));
    }
    wanted.told.push(format!(
        "{beginning} {}, which is no address and is not taken over.",
        words.join(", ").escape_debug()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountStatus;

    fn taken(allowed: &[&str], denied: &[&str]) -> Result<Wanted, RowRefusal> {
        let mut wanted = Wanted::named("kestrel").unwrap();
        take(&mut wanted, ("allowed", allowed), ("denied", denied))?;
        Ok(wanted)
    }

    fn text(networks: Option<Networks>) -> String {
        networks.unwrap_or_default().to_string().replace('\n', " ")
    }

    #[test]
    fn networks_are_taken_whichever_address_of_them_is_written() {
        let wanted = taken(
            &[" 192.0.2.7/24", "198.51.100.1", "2001:db8::1/32", ""],
            &["::ffff:10.1.2.3"],
        )
        .unwrap();

        assert_eq!(
            text(wanted.access.allowed),
            "192.0.2.0/24 198.51.100.1 2001:db8::/32"
        );
        assert_eq!(text(wanted.access.denied), "10.1.2.3");
        assert_eq!(wanted.told, Vec::<String>::new());
    }

    #[test]
    fn a_name_of_a_host_is_told_and_never_opens_an_account_to_everybody() {
        let some = taken(&["192.0.2.1", "office.example"], &["bad\u{7}.example"]).unwrap();
        assert_eq!(text(some.access.allowed), "192.0.2.1");
        assert_eq!(some.status, None);
        assert_eq!(
            some.told,
            [
                "It could be used from office.example, which is no address and is not taken over.",
                "It could not be used from bad\\u{7}.example, which is no address and is not taken over.",
            ]
        );

        let none = taken(&["a", "b", "c", "d", "e", "f", "g"], &[]).unwrap();
        assert_eq!(none.status.unwrap().0, AccountStatus::Suspended);
        assert!(
            none.told[0].contains("a, b, c, d, e, 2 more,"),
            "{:?}",
            none.told
        );
    }

    #[test]
    fn a_list_that_is_too_long_is_refused_with_its_name() {
        let many: Vec<String> = (0..65).map(|number| format!("10.0.0.{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();

        let refused = taken(&[], &many).unwrap_err();

        assert_eq!(refused.to_string(), "denied: more than 64 networks");
    }
}
