//! What the network page has to say about the settings in force: what real clients saw, what the
//! system may get in the way of, and what to do about it.

use crate::model::{PortRange, PublicAddress};
use crate::net::{NameStatus, OutgoingPorts, PassiveCounters, PortState, PortView, Surroundings};
use crate::web::format::{Count, Pct, plural};
use crate::web::port_map::{beyond, in_words};

/// A statement with its state and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Advice {
    /// `ok`, `warn`, `bad` or empty.
    pub(crate) state: &'static str,
    /// The fact.
    pub(crate) fact: String,
    /// The evidence, and what to do.
    pub(crate) detail: String,
    /// One word.
    pub(crate) badge: &'static str,
    /// A command to copy; may be empty.
    pub(crate) command: String,
}

/// What the checks look at.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    /// The passive range in force.
    pub(crate) range: PortRange,
    /// The public address in force.
    pub(crate) public: &'a PublicAddress,
    /// What is known of the public name.
    pub(crate) name: Option<NameStatus>,
    /// What each port is doing.
    pub(crate) ports: &'a [PortView],
    /// Where the system begins outgoing connections.
    pub(crate) outgoing: &'a OutgoingPorts,
    /// Where the server runs.
    pub(crate) around: &'a Surroundings,
    /// The ports that a container publishes, as the operator said at the start.
    pub(crate) published: Option<PortRange>,
}

/// Whether clients get their data connections, from real traffic since the start.
pub(crate) fn verdict(counters: &PassiveCounters) -> Advice {
    let (good, failed) = (counters.connected_total, counters.timeouts_total);
    let all = good + failed;
    if all < ENOUGH {
        return Advice {
            state: "",
            fact: "Not enough traffic to tell.".to_owned(),
            detail: format!(
                "{} since the start. Connect once with an FTP program from outside to see the \
                 first one arrive.",
                plural(all, "passive connection", "passive connections")
            ),
            badge: "",
            command: String::new(),
        };
    }
    let share = Pct::of(good, all);
    let (state, fact) = match share.per_mille() {
        990.. => ("ok", "Customers can open data connections."),
        950.. => ("warn", "Some customers cannot open data connections."),
        _ => ("bad", "Passive ports do not answer."),
    };
    let detail = format!(
        "{} of {} passive connections arrived since the start ({share}). Where a client never \
         came, a firewall on the way is likely: it sees “425 Cannot open data connection”.",
        Count(good),
        Count(all)
    );
    Advice {
        state,
        fact: fact.to_owned(),
        detail,
        badge: "",
        command: String::new(),
    }
}

/// The checks, the worrying ones first.
pub(crate) fn checks(evidence: &Evidence<'_>) -> Vec<Advice> {
    let mut checks = vec![
        public_address(evidence),
        outgoing(evidence),
        foreign(evidence.ports),
    ];
    checks.extend(container(evidence));
    checks.extend(published(evidence));
    checks.sort_by_key(|check| match check.state {
        "bad" => 0,
        "warn" => 1,
        "" => 2,
        _ => 3,
    });
    checks
}

/// What to change in the firewall after the range was `before`; empty if nothing is.
pub(crate) fn reminder(before: PortRange, now: PortRange) -> String {
    let (open, close) = (beyond(now, before), beyond(before, now));
    match (open.is_empty(), close.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("Open {} in your firewall.", in_words(&open)),
        (true, false) => format!("Close {} in your firewall.", in_words(&close)),
        (false, false) => format!(
            "Open {} in your firewall, then close {}.",
            in_words(&open),
            in_words(&close)
        ),
    }
}

/// How busy the pool is, as a sentence.
pub(crate) fn pool(counters: &PassiveCounters) -> String {
    let number = |count: usize| Count(u64::try_from(count).unwrap_or(u64::MAX));
    let waiting = match counters.waiting {
        0 => String::new(),
        waiting => format!(" {} waiting for a port.", number(waiting)),
    };
    let exhausted = match counters.exhausted_total {
        0 => "No session was ever refused a port.".to_owned(),
        1 => "1 session was refused a port since the start.".to_owned(),
        refused => format!(
            "{} sessions were refused a port since the start.",
            Count(refused)
        ),
    };
    format!(
        "{} reserved and {} connected now.{waiting} {exhausted}",
        number(counters.reserved),
        number(counters.connected)
    )
}

/// Connections below which a share says nothing.
const ENOUGH: u64 = 20;

fn good(fact: &str, detail: String) -> Advice {
    Advice {
        state: "ok",
        fact: fact.to_owned(),
        detail,
        badge: "Good",
        command: String::new(),
    }
}

fn warn(fact: impl Into<String>, detail: String, badge: &'static str) -> Advice {
    Advice {
        state: "warn",
        fact: fact.into(),
        detail,
        badge,
        command: String::new(),
    }
}

fn public_address(evidence: &Evidence<'_>) -> Advice {
    match (evidence.public, &evidence.name) {
        (PublicAddress::Automatic, _) if evidence.around.in_container => warn(
            "The public address is not set",
            "In a container the server only knows an inside address, which customers cannot reach. \
             Set the public address above."
                .to_owned(),
            "Set it",
        ),
        (PublicAddress::Automatic, _) => Advice {
            state: "",
            fact: "Customers are told the address they connected to".to_owned(),
            detail: "Right if there is no router or container in front that translates addresses."
                .to_owned(),
            badge: "Expected",
            command: String::new(),
        },
        (PublicAddress::Fixed(address), _) => good(
            "The public address is set",
            format!("Customers outside are told {address}."),
        ),
        (PublicAddress::Name(name), status) => {
            let address = status.as_ref().and_then(|status| status.address);
            match (address, status.as_ref().and_then(|status| status.failure.as_ref())) {
                (Some(address), None) => good("The public name resolves", format!("{name} is {address}.")),
                (Some(address), Some(failure)) => warn(
                    format!("{name} does not resolve at the moment"),
                    format!("Its last good address {address} is used. The resolver said: {failure}."),
                    "Kept",
                ),
                (None, _) => warn(
                    format!("{name} does not resolve to an IPv4 address"),
                    "Customers are told the address they connected to until it does.".to_owned(),
                    "Check DNS",
                ),
            }
        }
    }
}

fn outgoing(evidence: &Evidence<'_>) -> Advice {
    let range = evidence.range;
    let Some((first, last)) = evidence.outgoing.range else {
        return good(
            "Outgoing ports",
            "The system does not tell which ports it takes for outgoing connections.".to_owned(),
        );
    };
    if !evidence.outgoing.may_take(range) {
        return good(
            "The system leaves the passive ports alone",
            format!("It takes outgoing ports from {first} to {last}."),
        );
    }
    Advice {
        command: format!("sysctl -w net.ipv4.ip_local_reserved_ports={range}"),
        ..warn(
            "The system may borrow these ports",
            format!(
                "Linux takes outgoing ports from {first} to {last}, which overlaps your range. \
                 Choose a range outside, or reserve it:"
            ),
            "Overlap",
        )
    }
}

fn foreign(ports: &[PortView]) -> Advice {
    let with = |wanted: fn(&PortState) -> bool| -> Vec<String> {
        let found = ports.iter().filter(|view| wanted(&view.state));
        found.map(|view| view.port.to_string()).collect()
    };
    let taken = with(|state| matches!(state, PortState::Foreign));
    let failing = with(|state| matches!(state, PortState::Failing(_)));
    match (taken.as_slice(), failing.as_slice()) {
        ([], []) => good(
            "Every passive port is open",
            "No other program holds one of them.".to_owned(),
        ),
        ([one], []) => warn(
            format!("Port {one} is taken by another program"),
            "The port is skipped. Move one of them to get it back.".to_owned(),
            "Skipped",
        ),
        (some, []) => warn(
            format!("{} ports are taken by other programs", some.len()),
            format!("Skipped: {}.", some.join(", ")),
            "Skipped",
        ),
        (_, failing) => warn(
            format!("{} cannot be opened", plural_ports(failing.len())),
            format!("Tried again every minute: {}.", failing.join(", ")),
            "Failing",
        ),
    }
}

fn container(evidence: &Evidence<'_>) -> Option<Advice> {
    evidence.around.in_container.then(|| Advice {
        state: "",
        fact: "The server runs in a container".to_owned(),
        detail: format!(
            "Publish {} to {} with the same numbers inside and outside.",
            evidence.range.first(),
            evidence.range.last()
        ),
        badge: "Expected",
        command: String::new(),
    })
}

/// Ports of the range that the container does not publish: clients would wait for them in vain.
fn published(evidence: &Evidence<'_>) -> Option<Advice> {
    let published = evidence.published?;
    let hidden = beyond(evidence.range, published);
    if hidden.is_empty() {
        return None;
    }
    let mut advice = warn(
        "Some passive ports are not published",
        format!(
            "The container publishes {}. Publish {} as well, or choose a range inside.",
            in_words(&[published]),
            in_words(&hidden)
        ),
        "Unreachable",
    );
    advice.state = "bad";
    Some(advice)
}

fn plural_ports(count: usize) -> String {
    plural(u64::try_from(count).unwrap_or(u64::MAX), "port", "ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> PortRange {
        text.parse().unwrap()
    }

    fn counters(connected_total: u64, timeouts_total: u64) -> PassiveCounters {
        PassiveCounters {
            connected_total,
            timeouts_total,
            ..PassiveCounters::default()
        }
    }

    #[test]
    fn the_verdict_comes_from_real_connections() {
        for (arrived, failed, state) in [
            (5, 5, ""),
            (1_842, 3, "ok"),
            (970, 30, "warn"),
            (10, 90, "bad"),
        ] {
            let verdict = verdict(&counters(arrived, failed));

            assert_eq!(verdict.state, state, "{arrived} {failed}");
        }
    }

    #[test]
    fn the_reminder_opens_before_it_closes() {
        let (old, new) = (range("50000-50199"), range("50200-50399"));

        assert_eq!(
            reminder(old, new),
            "Open 50200 to 50399 in your firewall, then close 50000 to 50199."
        );
        assert_eq!(reminder(old, old), "");
        assert_eq!(
            reminder(range("50000-50099"), old),
            "Open 50100 to 50199 in your firewall."
        );
    }

    #[test]
    fn an_overlap_with_outgoing_ports_comes_with_its_command() {
        let outgoing = OutgoingPorts {
            range: Some((32_768, 60_999)),
            reserved: Vec::new(),
        };
        let evidence = Evidence {
            range: range("50000-50199"),
            public: &PublicAddress::Automatic,
            name: None,
            ports: &[],
            outgoing: &outgoing,
            around: &Surroundings::default(),
            published: None,
        };

        let first = &checks(&evidence)[0];

        assert_eq!(first.fact, "The system may borrow these ports");
        assert_eq!(
            first.command,
            "sysctl -w net.ipv4.ip_local_reserved_ports=50000-50199"
        );
    }

    #[test]
    fn in_a_container_the_address_must_be_set_and_the_ports_published() {
        let around = Surroundings {
            in_container: true,
            ..Surroundings::default()
        };
        let evidence = Evidence {
            range: range("30000-30019"),
            public: &PublicAddress::Automatic,
            name: None,
            ports: &[],
            outgoing: &OutgoingPorts::default(),
            around: &around,
            published: Some(range("30000-30009")),
        };

        let facts: Vec<String> = checks(&evidence)
            .into_iter()
            .map(|check| check.fact)
            .collect();

        assert_eq!(facts[0], "Some passive ports are not published");
        assert_eq!(facts[1], "The public address is not set");
        assert!(facts.contains(&"The server runs in a container".to_owned()));
    }
}
