//! What a passive reply says to each kind of client, word for word as on the wire.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use crate::model::AddressRule;

/// What one kind of client is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    /// Which clients.
    pub(crate) who: String,
    /// One of their addresses, for which the reply was made; a documentation address for the
    /// internet.
    pub(crate) example: Ipv4Addr,
    /// The reply to `PASV`.
    pub(crate) reply: String,
}

/// The replies to clients from the internet, from the local network, from this computer, and from
/// each network that has a rule. `advertised` is the decision of the FTP door.
pub(crate) fn told(
    rules: &[AddressRule],
    local: Ipv4Addr,
    port: u16,
    advertised: impl Fn(Ipv4Addr, Ipv4Addr) -> Ipv4Addr,
) -> Vec<Told> {
    let always = [
        ("The internet", INTERNET, local),
        ("Your local network", neighbour(local), local),
        ("This computer", Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST),
    ];
    let always = always.map(|(who, client, local)| (who.to_owned(), client, local));
    // A client with an IPv6 address cannot ask with PASV.
    let by_rule = rules.iter().filter_map(|rule| match rule.network {
        IpNet::V4(network) => {
            let client = network.hosts().next().unwrap_or_else(|| network.addr());
            Some((format!("Clients in {network}"), client, local))
        }
        IpNet::V6(_) => None,
    });
    always
        .into_iter()
        .chain(by_rule)
        .map(|(who, example, local)| Told {
            who,
            example,
            reply: passive_reply(advertised(example, local), port),
        })
        .collect()
}

/// The reply to `PASV` that names `address` and `port` (RFC 959 §4.1.2).
pub(crate) fn passive_reply(address: Ipv4Addr, port: u16) -> String {
    let [a, b, c, d] = address.octets();
    let [high, low] = port.to_be_bytes();
    format!("227 Entering Passive Mode ({a},{b},{c},{d},{high},{low}).")
}

/// The reply to `EPSV` that names `port` (RFC 2428 §3). It holds no address that could be wrong.
pub(crate) fn extended_reply(port: u16) -> String {
    format!("229 Entering Extended Passive Mode (|||{port}|)")
}

/// An address for documentation (RFC 5737), which stands for any client outside.
const INTERNET: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 23);

/// An address beside `local`, or in a usual private network if `local` is none.
fn neighbour(local: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, d] = local.octets();
    if local.is_private() {
        Ipv4Addr::new(a, b, c, if d == 20 { 21 } else { 20 })
    } else {
        Ipv4Addr::new(192, 168, 1, 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Advertise;

    #[test]
    fn each_kind_of_client_gets_its_own_reply() {
        let rules = [AddressRule {
            network: "100.64.0.0/10".parse().unwrap(),
            advertise: Advertise::SameAsControl,
        }];
        let local = Ipv4Addr::new(10, 0, 4, 12);
        let public = Ipv4Addr::new(203, 0, 113, 24);

        let told = told(&rules, local, 30_008, |client, local| {
            if client == INTERNET { public } else { local }
        });

        let lines: Vec<(&str, String, &str)> = told
            .iter()
            .map(|line| {
                (
                    line.who.as_str(),
                    line.example.to_string(),
                    line.reply.as_str(),
                )
            })
            .collect();
        let reply = |text| ("227 Entering Passive Mode (".to_owned() + text) + ",117,56).";
        assert_eq!(lines[0].2, reply("203,0,113,24"));
        assert_eq!(lines[1].1, "10.0.4.20");
        assert_eq!(lines[1].2, reply("10,0,4,12"));
        assert_eq!(lines[2].2, reply("127,0,0,1"));
        assert_eq!(lines[3].0, "Clients in 100.64.0.0/10");
        assert_eq!(lines[3].1, "100.64.0.1");
    }

    #[test]
    fn replies_are_written_as_clients_parse_them() {
        assert_eq!(
            passive_reply(Ipv4Addr::new(203, 0, 113, 24), 30_008),
            "227 Entering Passive Mode (203,0,113,24,117,56)."
        );
        assert_eq!(
            extended_reply(30_008),
            "229 Entering Extended Passive Mode (|||30008|)"
        );
    }
}
