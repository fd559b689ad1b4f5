//! The ports that the system picks for outgoing connections. A passive port among them can be busy
//! at the very moment it is wanted.

use std::path::Path;

use crate::model::PortRange;

/// Where outgoing connections begin.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OutgoingPorts {
    /// The range the system picks from; `None` if it cannot be read.
    pub range: Option<(u16, u16)>,
    /// Ports of it that the system keeps away from, first and last.
    pub reserved: Vec<(u16, u16)>,
}

impl OutgoingPorts {
    /// Asks the system. Two small reads of `/proc`; call it off the runtime's threads.
    pub fn detect() -> Self {
        let folder = Path::new("/proc/sys/net/ipv4");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        Self::parse(
            &read("ip_local_port_range"),
            &read("ip_local_reserved_ports"),
        )
    }

    /// Whether the system may pick a port of `passive`.
    pub fn may_take(&self, passive: PortRange) -> bool {
        let Some((first, last)) = self.range else {
            return false;
        };
        passive.ports().any(|port| {
            (first..=last).contains(&port)
                && !self
                    .reserved
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&port))
        })
    }

    fn parse(range: &str, reserved: &str) -> Self {
        let mut ends = range.split_whitespace().map(str::parse::<u16>);
        let range = match (ends.next(), ends.next()) {
            (Some(Ok(first)), Some(Ok(last))) => Some((first, last)),
            _ => None,
        };
        let reserved = reserved
            .split(',')
            .filter_map(|part| {
                let (first, last) = part.trim().split_once('-').unwrap_or((part, part));
                Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
            })
            .collect();
        Self { range, reserved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passive(range: &str) -> PortRange {
        range.parse().unwrap()
    }

    #[test]
    fn a_range_below_the_outgoing_ports_is_safe() {
        let outgoing = OutgoingPorts::parse("32768\t60999\n", "\n");

        assert!(!outgoing.may_take(passive("30000-30019")));
        assert!(outgoing.may_take(passive("32000-33000")));
    }

    #[test]
    fn reserved_ports_are_never_picked() {
        let outgoing = OutgoingPorts::parse("32768 60999", "50000-50199,8080");

        assert!(!outgoing.may_take(passive("50000-50199")));
        assert!(outgoing.may_take(passive("50100-50200")));
    }

    #[test]
    fn a_system_that_does_not_tell_is_not_warned_about() {
        assert!(!OutgoingPorts::parse("", "").may_take(passive("50000-50199")));
    }
}
