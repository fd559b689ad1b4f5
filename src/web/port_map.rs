//! The passive ports as a picture: one square per port, or per group of ports where there are many,
//! and the sentence that says the same to those who do not see it.

use crate::model::{PortRange, SessionId};
use crate::net::{PortState, PortView};
use crate::web::format::{Count, plural};

/// The picture of a range.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PortMap {
    /// The squares in the order of their ports.
    pub(crate) squares: Vec<Square>,
    /// How many ports a square stands for.
    pub(crate) ports_per_square: usize,
    /// What the colours mean and how many ports have each.
    pub(crate) legend: Vec<Key>,
    /// The whole picture in a sentence.
    pub(crate) sentence: String,
}

/// One square.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Square {
    /// Its class in the stylesheet; empty if free.
    pub(crate) class: &'static str,
    /// The port and what it is doing; empty if free.
    pub(crate) title: String,
}

/// One entry of the legend.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    /// The class of its squares.
    pub(crate) class: &'static str,
    /// What it means.
    pub(crate) label: &'static str,
    /// How many ports.
    pub(crate) count: String,
}

/// What a port is doing, as far as the picture tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Look {
    Connected,
    Reserved,
    Foreign,
    Failing,
    Free,
}

impl PortMap {
    /// Whether the squares reach the edge, where the first and last port can be written.
    pub(crate) fn fills_a_row(&self) -> bool {
        self.squares.len() >= 50
    }

    /// Squares at most; above that a square stands for several ports.
    pub(crate) const SQUARES_MAX: usize = 512;

    /// The picture of `range`; `doing` says what a session does on a port.
    pub(crate) fn of(
        range: PortRange,
        views: &[PortView],
        doing: impl Fn(SessionId) -> String,
    ) -> Self {
        let inside: Vec<&PortView> = views
            .iter()
            .filter(|view| range.contains(view.port) && view.state != PortState::Draining)
            .collect();
        let ports_per_square = range.count().div_ceil(Self::SQUARES_MAX).max(1);
        let ports: Vec<u16> = range.ports().collect();
        let squares = ports
            .chunks(ports_per_square)
            .map(|ports| square(ports, &inside, &doing))
            .collect();
        let legend = legend(range, &inside);
        let sentence = sentence(range, &legend);
        Self {
            squares,
            ports_per_square,
            legend,
            sentence,
        }
    }
}

fn square(ports: &[u16], views: &[&PortView], doing: &impl Fn(SessionId) -> String) -> Square {
    let held: Vec<&&PortView> = views
        .iter()
        .filter(|view| ports.contains(&view.port) && look(&view.state) != Look::Free)
        .collect();
    let Some(first) = held.first() else {
        return Square::default();
    };
    if ports.len() > 1 {
        let count = held.len();
        let (from, to) = (ports.first().unwrap_or(&0), ports.last().unwrap_or(&0));
        let strongest = held
            .iter()
            .map(|view| look(&view.state))
            .min_by_key(|look| *look as u8);
        return Square {
            class: strongest.map_or("", class),
            title: format!("{from} to {to}: {count} of {} in use", ports.len()),
        };
    }
    let session = first.connected.first().or_else(|| first.reserved.first());
    let what = session
        .map(|session| doing(*session))
        .filter(|what| !what.is_empty())
        .unwrap_or_else(|| state_words(&first.state));
    Square {
        class: class(look(&first.state)),
        title: format!("{}: {what}", first.port),
    }
}

/// What a port is doing, in words.
pub(crate) fn state_words(state: &PortState) -> String {
    match state {
        PortState::Free => "Free".to_owned(),
        PortState::Reserved(1) => "Reserved".to_owned(),
        PortState::Reserved(count) => format!("Reserved for {count} clients"),
        PortState::Connected(1) => "Connected".to_owned(),
        PortState::Connected(count) => format!("{count} connections"),
        PortState::Failing(reason) => format!("Failing: {reason}"),
        PortState::Foreign => "Taken by another program".to_owned(),
        PortState::Draining => "Draining".to_owned(),
    }
}

/// The class of the dot beside the words.
pub(crate) fn state_dot(state: &PortState) -> &'static str {
    match state {
        PortState::Connected(_) => "ok",
        PortState::Free | PortState::Reserved(_) => "off",
        PortState::Draining => "warn",
        PortState::Failing(_) | PortState::Foreign => "bad",
    }
}

/// The parts of `new` that `old` does not hold: what a firewall must open, or close.
pub(crate) fn beyond(new: PortRange, old: PortRange) -> Vec<PortRange> {
    let below = (new.first() < old.first())
        .then(|| PortRange::new(new.first(), new.last().min(old.first() - 1)));
    let above = (new.last() > old.last())
        .then(|| PortRange::new(new.first().max(old.last() + 1), new.last()));
    [below, above]
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .collect()
}

/// `50200 to 50399`, or one port, or two parts joined by “and”.
pub(crate) fn in_words(ranges: &[PortRange]) -> String {
    let words: Vec<String> = ranges
        .iter()
        .map(|range| match range.count() {
            1 => range.first().to_string(),
            _ => format!("{} to {}", range.first(), range.last()),
        })
        .collect();
    words.join(" and ")
}

fn look(state: &PortState) -> Look {
    match state {
        PortState::Connected(_) => Look::Connected,
        PortState::Reserved(_) => Look::Reserved,
        PortState::Foreign => Look::Foreign,
        PortState::Failing(_) => Look::Failing,
        PortState::Free | PortState::Draining => Look::Free,
    }
}

fn class(look: Look) -> &'static str {
    match look {
        Look::Connected => "u",
        Look::Reserved => "w",
        Look::Foreign | Look::Failing => "x",
        Look::Free => "",
    }
}

fn legend(range: PortRange, views: &[&PortView]) -> Vec<Key> {
    let number = |wanted: Look| {
        views
            .iter()
            .filter(|view| look(&view.state) == wanted)
            .count()
    };
    let held = [
        (Look::Connected, "Connected", false),
        (Look::Reserved, "Reserved", false),
        (Look::Foreign, "Taken by another program", true),
        (Look::Failing, "Failing", true),
    ];
    let busy: usize = held.iter().map(|(look, ..)| number(*look)).sum();
    let key = |class, label, count: usize| Key {
        class,
        label,
        count: Count(u64::try_from(count).unwrap_or(u64::MAX)).to_string(),
    };
    let mut keys: Vec<Key> = held
        .into_iter()
        .filter(|(look, _, only_if_any)| !only_if_any || number(*look) > 0)
        .map(|(look, label, _)| key(class(look), label, number(look)))
        .collect();
    keys.push(key("", "Free", range.count().saturating_sub(busy)));
    keys
}

fn sentence(range: PortRange, legend: &[Key]) -> String {
    let parts: Vec<String> = legend
        .iter()
        .map(|key| format!("{} {}", key.count, key.label.to_lowercase()))
        .collect();
    let all = u64::try_from(range.count()).unwrap_or(u64::MAX);
    format!("{}: {}.", plural(all, "port", "ports"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> PortRange {
        text.parse().unwrap()
    }

    fn view(port: u16, state: PortState) -> PortView {
        PortView {
            port,
            state,
            reserved: Vec::new(),
            connected: Vec::new(),
        }
    }

    #[test]
    fn each_port_has_a_square_and_the_sentence_counts_them() {
        let views = [
            view(30_000, PortState::Connected(2)),
            view(30_001, PortState::Reserved(1)),
            view(30_003, PortState::Foreign),
            view(40_000, PortState::Draining),
        ];

        let map = PortMap::of(range("30000-30004"), &views, |_| String::new());

        let classes: Vec<&str> = map.squares.iter().map(|square| square.class).collect();
        assert_eq!(classes, ["u", "w", "", "x", ""]);
        assert_eq!(map.squares[0].title, "30000: 2 connections");
        assert_eq!(
            map.sentence,
            "5 ports: 1 connected, 1 reserved, 1 taken by another program, 2 free."
        );
    }

    #[test]
    fn a_square_names_who_uses_the_port() {
        let session = SessionId::from_parts(1, [1; 10]);
        let mut busy = view(30_000, PortState::Connected(1));
        busy.connected.push(session);

        let map = PortMap::of(range("30000-30001"), &[busy], |_| {
            "kestrel-print, STOR a.pdf".to_owned()
        });

        assert_eq!(map.squares[0].title, "30000: kestrel-print, STOR a.pdf");
    }

    #[test]
    fn many_ports_share_squares() {
        let views = [view(20_001, PortState::Reserved(1))];

        let map = PortMap::of(range("20000-21023"), &views, |_| String::new());

        assert_eq!((map.squares.len(), map.ports_per_square), (512, 2));
        assert_eq!(map.squares[0].class, "w");
        assert_eq!(map.squares[0].title, "20000 to 20001: 1 of 2 in use");
    }

    #[test]
    fn a_firewall_is_told_only_what_changed() {
        let (old, new) = (range("50000-50199"), range("50100-50299"));

        assert_eq!(in_words(&beyond(new, old)), "50200 to 50299");
        assert_eq!(in_words(&beyond(old, new)), "50000 to 50099");
        assert_eq!(in_words(&beyond(old, old)), "");
        assert_eq!(
            in_words(&beyond(range("49999-50300"), old)),
            "49999 and 50200 to 50300"
        );
        assert_eq!(
            in_words(&beyond(range("30000-30019"), old)),
            "30000 to 30019"
        );
    }
}
