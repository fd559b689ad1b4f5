//! The firewall rules that the modes in force need, as text to paste: passive connections come in
//! to the range, active ones go out to the client. The service never changes a firewall itself.

use std::fmt::Write as _;

use crate::model::PortRange;

/// What must be open for clients to sign in and move files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Openings {
    /// Where clients sign in, in the order they are shown.
    pub control: Vec<ControlPort>,
    /// The ports that passive replies name.
    pub passive: PortRange,
    /// Whether and from where the server connects back to clients.
    pub active: ActiveMode,
}

/// A port where clients sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ControlPort {
    /// What clients type in.
    pub outside: u16,
    /// What the process listens on; differs where a container or a router translates.
    pub inside: u16,
    /// How a session on it is encrypted.
    pub encryption: ControlEncryption,
}

/// How a control connection is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ControlEncryption {
    /// Begins in the clear; the client asks for TLS (RFC 4217).
    Explicit,
    /// TLS from the first byte.
    Implicit,
}

/// Whether the server connects back to clients that send `PORT` or `EPRT` (RFC 959 §3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ActiveMode {
    /// Never.
    Off,
    /// From whatever port the system picks.
    AnyPort,
    /// From port 20, as old devices' firewalls expect.
    Port20,
}

/// A kind of firewall that rules can be written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Firewall {
    /// The kernel's own tables.
    Nftables,
    /// Ubuntu's front end.
    Ufw,
    /// Red Hat's front end.
    Firewalld,
    /// Ports published by a container.
    DockerCompose,
}

/// The rules for one firewall.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rules {
    /// Exactly what to paste.
    pub text: String,
    /// The one thing that goes wrong with this firewall, as a sentence or two.
    pub pitfall: &'static str,
}

impl Firewall {
    /// Every kind, in the order of the tabs.
    pub const ALL: [Self; 4] = [
        Self::Nftables,
        Self::Ufw,
        Self::Firewalld,
        Self::DockerCompose,
    ];

    /// The short name for anchors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nftables => "nftables",
            Self::Ufw => "ufw",
            Self::Firewalld => "firewalld",
            Self::DockerCompose => "compose",
        }
    }

    /// The name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Nftables => "nftables",
            Self::Ufw => "ufw",
            Self::Firewalld => "firewalld",
            Self::DockerCompose => "Docker Compose",
        }
    }

    fn pitfall(self) -> &'static str {
        match self {
            Self::Nftables => {
                "Assumes the Debian default, table “inet filter” and chain “input”. An accept in a \
                 different table does not undo a drop here."
            }
            Self::Ufw => {
                "Ports published by Docker pass ufw by. Use the Docker Compose tab if the service \
                 runs in a container."
            }
            Self::Firewalld => {
                "Do not use the built-in “ftp” service: it reads the control connection to find \
                 ports and cannot read TLS."
            }
            Self::DockerCompose => {
                "Passive ports must have the same number inside and outside. Docker starts one \
                 proxy process per published port; above 300 ports use host networking."
            }
        }
    }
}

impl Openings {
    /// The rules for `firewall`.
    pub fn rules(&self, firewall: Firewall) -> Rules {
        let text = match firewall {
            Firewall::Nftables => self.nftables(),
            Firewall::Ufw => self.ufw(),
            Firewall::Firewalld => self.firewalld(),
            Firewall::DockerCompose => self.compose(),
        };
        Rules {
            text,
            pitfall: firewall.pitfall(),
        }
    }

    fn nftables(&self) -> String {
        let mut ports: Vec<String> = self.inside_ports().map(|port| port.to_string()).collect();
        ports.push(dashed(self.passive));
        let accept = format!(
            "tcp dport {{ {} }} ct state new accept comment \"quaymaster\"",
            ports.join(", ")
        );
        let mut text = format!(
            "# Now, until the next reboot\n\
             nft insert rule inet filter input '{accept}'\n\n\
             # For good: add this line to chain input in /etc/nftables.conf\n\
             {accept}"
        );
        let from = match self.active {
            ActiveMode::Off => return text,
            ActiveMode::AnyPort => "",
            ActiveMode::Port20 => "tcp sport 20 ",
        };
        push(
            &mut text,
            format_args!(
                "\n\n# Active mode, only if chain output drops what it does not know: add this there\n\
                 {from}tcp dport 1024-65535 ct state new accept comment \"quaymaster active mode\""
            ),
        );
        text
    }

    fn ufw(&self) -> String {
        let mut lines = Vec::new();
        for port in &self.control {
            let what = match port.encryption {
                ControlEncryption::Explicit => "Quaymaster FTP",
                ControlEncryption::Implicit => "Quaymaster FTP, implicit TLS",
            };
            lines.push(format!(
                "sudo ufw allow {}/tcp comment '{what}'",
                port.inside
            ));
        }
        let passive = dashed(self.passive).replace('-', ":");
        lines.push(format!(
            "sudo ufw allow {passive}/tcp comment 'Quaymaster passive ports'"
        ));
        let from = match self.active {
            ActiveMode::Off => return lines.join("\n"),
            ActiveMode::AnyPort => "any",
            ActiveMode::Port20 => "any port 20",
        };
        lines.push(String::new());
        lines.push("# Active mode, only if outgoing connections are denied by default".to_owned());
        lines.push(format!(
            "sudo ufw allow out proto tcp from {from} to any port 1024:65535 comment 'Quaymaster active mode'"
        ));
        lines.join("\n")
    }

    fn firewalld(&self) -> String {
        let mut lines = vec!["sudo firewall-cmd --permanent --new-service=quaymaster".to_owned()];
        let ports = self.inside_ports().map(|port| port.to_string());
        for port in ports.chain([dashed(self.passive)]) {
            lines.push(format!(
                "sudo firewall-cmd --permanent --service=quaymaster --add-port={port}/tcp"
            ));
        }
        lines.push("sudo firewall-cmd --permanent --add-service=quaymaster".to_owned());
        lines.push("sudo firewall-cmd --reload".to_owned());
        let rule = match self.active {
            ActiveMode::Off => return lines.join("\n"),
            ActiveMode::AnyPort => "rule port port=\"1024-65535\" protocol=\"tcp\" accept",
            ActiveMode::Port20 => "rule source-port port=\"20\" protocol=\"tcp\" accept",
        };
        let policy = "sudo firewall-cmd --permanent --policy=quaymaster-active";
        lines.push(String::new());
        lines.push(
            "# Active mode, only if a policy of yours rejects outgoing connections".to_owned(),
        );
        lines.push("sudo firewall-cmd --permanent --new-policy=quaymaster-active".to_owned());
        lines.push(format!("{policy} --add-ingress-zone=HOST"));
        lines.push(format!("{policy} --add-egress-zone=ANY"));
        lines.push(format!("{policy} --add-rich-rule='{rule}'"));
        lines.push("sudo firewall-cmd --reload".to_owned());
        lines.join("\n")
    }

    fn compose(&self) -> String {
        let mut text = String::from("services:\n  quaymaster:\n    image: quaymaster\n    ports:");
        for port in &self.control {
            push(
                &mut text,
                format_args!("\n      - \"{}:{}\"", port.outside, port.inside),
            );
        }
        let passive = dashed(self.passive);
        push(&mut text, format_args!("\n      - \"{passive}:{passive}\""));
        match self.active {
            ActiveMode::Off => {}
            ActiveMode::AnyPort => {
                text.push_str("\n    # Active mode goes out: nothing to publish for it");
            }
            ActiveMode::Port20 => text.push_str(
                "\n    # Active mode goes out, nothing to publish; this lets it start from port 20\
                 \n    sysctls:\
                 \n      net.ipv4.ip_unprivileged_port_start: \"20\"",
            ),
        }
        text
    }

    fn inside_ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.control.iter().map(|port| port.inside)
    }
}

/// A range of one port is written as that port: some firewalls refuse `30000-30000`.
fn dashed(range: PortRange) -> String {
    if range.count() == 1 {
        range.first().to_string()
    } else {
        range.to_string()
    }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openings(active: ActiveMode) -> Openings {
        Openings {
            control: vec![
                ControlPort {
                    outside: 21,
                    inside: 2_121,
                    encryption: ControlEncryption::Explicit,
                },
                ControlPort {
                    outside: 990,
                    inside: 2_990,
                    encryption: ControlEncryption::Implicit,
                },
            ],
            passive: "30000-30019".parse().unwrap(),
            active,
        }
    }

    #[test]
    fn nftables_opens_control_and_passive_ports() {
        let rules = openings(ActiveMode::Off).rules(Firewall::Nftables);

        assert_eq!(
            rules.text,
            r#"# Now, until the next reboot
nft insert rule inet filter input 'tcp dport { 2121, 2990, 30000-30019 } ct state new accept comment "quaymaster"'

# For good: add this line to chain input in /etc/nftables.conf
tcp dport { 2121, 2990, 30000-30019 } ct state new accept comment "quaymaster""#
        );
    }

    #[test]
    fn nftables_lets_active_mode_out_from_port_20() {
        let rules = openings(ActiveMode::Port20).rules(Firewall::Nftables);

        assert!(
            rules.text.ends_with(
                r#"
tcp dport { 2121, 2990, 30000-30019 } ct state new accept comment "quaymaster"

# Active mode, only if chain output drops what it does not know: add this there
tcp sport 20 tcp dport 1024-65535 ct state new accept comment "quaymaster active mode""#
            ),
            "{}",
            rules.text
        );
    }

    #[test]
    fn nftables_lets_active_mode_out_from_any_port() {
        let rules = openings(ActiveMode::AnyPort).rules(Firewall::Nftables);

        assert_eq!(
            rules.text.lines().last(),
            Some(r#"tcp dport 1024-65535 ct state new accept comment "quaymaster active mode""#)
        );
    }

    #[test]
    fn ufw_names_each_opening() {
        let rules = openings(ActiveMode::Port20).rules(Firewall::Ufw);

        assert_eq!(
            rules.text,
            "sudo ufw allow 2121/tcp comment 'Quaymaster FTP'
sudo ufw allow 2990/tcp comment 'Quaymaster FTP, implicit TLS'
sudo ufw allow 30000:30019/tcp comment 'Quaymaster passive ports'

# Active mode, only if outgoing connections are denied by default
sudo ufw allow out proto tcp from any port 20 to any port 1024:65535 comment 'Quaymaster active mode'"
        );
    }

    #[test]
    fn ufw_without_active_mode_lets_nothing_out() {
        let rules = openings(ActiveMode::Off).rules(Firewall::Ufw);

        assert_eq!(
            rules.text,
            "sudo ufw allow 2121/tcp comment 'Quaymaster FTP'
sudo ufw allow 2990/tcp comment 'Quaymaster FTP, implicit TLS'
sudo ufw allow 30000:30019/tcp comment 'Quaymaster passive ports'"
        );
    }

    #[test]
    fn firewalld_gets_a_service_of_its_own() {
        let rules = openings(ActiveMode::Off).rules(Firewall::Firewalld);

        assert_eq!(
            rules.text,
            "sudo firewall-cmd --permanent --new-service=quaymaster
sudo firewall-cmd --permanent --service=quaymaster --add-port=2121/tcp
sudo firewall-cmd --permanent --service=quaymaster --add-port=2990/tcp
sudo firewall-cmd --permanent --service=quaymaster --add-port=30000-30019/tcp
sudo firewall-cmd --permanent --add-service=quaymaster
sudo firewall-cmd --reload"
        );
    }

    #[test]
    fn firewalld_lets_active_mode_out_by_a_policy() {
        let rules = openings(ActiveMode::AnyPort).rules(Firewall::Firewalld);

        assert!(
            rules.text.ends_with(
                "
# Active mode, only if a policy of yours rejects outgoing connections
sudo firewall-cmd --permanent --new-policy=quaymaster-active
sudo firewall-cmd --permanent --policy=quaymaster-active --add-ingress-zone=HOST
sudo firewall-cmd --permanent --policy=quaymaster-active --add-egress-zone=ANY
sudo firewall-cmd --permanent --policy=quaymaster-active --add-rich-rule='rule port port=\"1024-65535\" protocol=\"tcp\" accept'
sudo firewall-cmd --reload"
            ),
            "{}",
            rules.text
        );
    }

    #[test]
    fn compose_maps_control_ports_and_publishes_the_range_one_to_one() {
        let rules = openings(ActiveMode::Port20).rules(Firewall::DockerCompose);

        assert_eq!(
            rules.text,
            r#"services:
  quaymaster:
    image: quaymaster
    ports:
      - "21:2121"
      - "990:2990"
      - "30000-30019:30000-30019"
    # Active mode goes out, nothing to publish; this lets it start from port 20
    sysctls:
      net.ipv4.ip_unprivileged_port_start: "20""#
        );
    }

    #[test]
    fn a_range_of_one_port_is_written_as_the_port() {
        let mut one = openings(ActiveMode::Off);
        one.passive = "30000-30000".parse().unwrap();

        let ufw = one.rules(Firewall::Ufw).text;

        assert!(ufw.contains("allow 30000/tcp"), "{ufw}");
    }

    #[test]
    fn every_firewall_has_one_pitfall() {
        let openings = openings(ActiveMode::AnyPort);

        for firewall in Firewall::ALL {
            assert!(
                openings.rules(firewall).pitfall.ends_with('.'),
                "{firewall:?}"
            );
        }
    }
}
