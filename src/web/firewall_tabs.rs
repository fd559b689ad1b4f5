//! The listeners of the start, and the firewall rules for them and the settings in force.

use std::net::SocketAddr;

use crate::app::App;
use crate::hosting::firewall::{ActiveMode, ControlEncryption, ControlPort, Firewall, Openings};
use crate::settings::{Boot, Settings, TlsPolicy};

/// The rules for one firewall.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FirewallTab {
    /// Short name, for anchors.
    pub(crate) id: &'static str,
    /// Name on the tab.
    pub(crate) label: &'static str,
    /// What to paste.
    pub(crate) text: String,
    /// What goes wrong with it.
    pub(crate) pitfall: &'static str,
}

/// Where clients connect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Listener {
    /// Address and port.
    pub(crate) address: String,
    /// How sessions on it are encrypted.
    pub(crate) encryption: &'static str,
    /// Open sessions.
    pub(crate) sessions: usize,
}

/// The rules for every kind of firewall.
pub(crate) fn tabs(boot: &Boot, settings: &Settings) -> Vec<FirewallTab> {
    let openings = openings(boot, settings);
    Firewall::ALL
        .into_iter()
        .map(|firewall| {
            let rules = openings.rules(firewall);
            FirewallTab {
                id: firewall.as_str(),
                label: firewall.label(),
                text: rules.text,
                pitfall: rules.pitfall,
            }
        })
        .collect()
}

/// The ports that the service itself listens on.
pub(crate) fn listener_ports(boot: &Boot) -> Vec<u16> {
    let ftp = boot.ftp_listen.iter().chain(&boot.ftps_listen);
    let other = [Some(boot.web_listen), boot.metrics_listen];
    ftp.copied()
        .chain(other.into_iter().flatten())
        .map(|address| address.port())
        .collect()
}

/// The port customers sign in at.
pub(crate) fn control_port(boot: &Boot) -> u16 {
    boot.ftp_listen.first().map_or(21, SocketAddr::port)
}

/// Where clients connect, with the sessions that are open there.
pub(crate) fn listeners(app: &App) -> Vec<Listener> {
    let explicit = match app.settings.current().tls_policy {
        TlsPolicy::Required => "Explicit TLS, required",
        TlsPolicy::Optional => "Explicit TLS, optional",
        TlsPolicy::Off => "None",
    };
    let sessions = app.sessions.snapshot();
    let listener = |address: &SocketAddr, encryption| Listener {
        address: address.to_string(),
        encryption,
        sessions: sessions
            .iter()
            .filter(|session| session.local.port() == address.port())
            .count(),
    };
    let ftp = app.boot.ftp_listen.iter().map(|at| listener(at, explicit));
    let ftps = app.boot.ftps_listen.iter();
    ftp.chain(ftps.map(|at| listener(at, "Implicit TLS")))
        .collect()
}

fn openings(boot: &Boot, settings: &Settings) -> Openings {
    let port = |address: &SocketAddr, encryption| ControlPort {
        outside: published(address.port()),
        inside: address.port(),
        encryption,
    };
    let explicit = boot
        .ftp_listen
        .iter()
        .map(|at| port(at, ControlEncryption::Explicit));
    let implicit = boot
        .ftps_listen
        .iter()
        .map(|at| port(at, ControlEncryption::Implicit));
    let mut control: Vec<ControlPort> = explicit.chain(implicit).collect();
    // One address family after the other listens on the same port; a rule names it once.
    control.dedup_by_key(|port| port.inside);
    Openings {
        control,
        passive: settings.passive_ports,
        active: match (settings.active_mode, settings.active_source_port_20) {
            (false, _) => ActiveMode::Off,
            (true, false) => ActiveMode::AnyPort,
            (true, true) => ActiveMode::Port20,
        },
    }
}

/// The port that a container publishes for one of ours: the unprivileged defaults stand for the
/// ports that clients expect.
fn published(inside: u16) -> u16 {
    match inside {
        2_121 => 21,
        2_990 => 990,
        other => other,
    }
}
