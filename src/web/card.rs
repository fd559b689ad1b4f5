//! The connection card of an account, from the settings in force.

use std::net::{IpAddr, SocketAddr};

use crate::app::App;
use crate::hosting::connection_card::{ConnectionCard, ListenerTls, ServiceAddress};
use crate::model::{Account, PublicAddress};
use crate::net::own_address;
use crate::settings::TlsPolicy;

/// What the owner of `account` needs to connect.
pub(crate) fn card(app: &App, account: &Account) -> ConnectionCard {
    let settings = app.settings.current();
    let listener = match settings.tls_policy {
        TlsPolicy::Required => ListenerTls::Required,
        TlsPolicy::Optional => ListenerTls::Optional,
        TlsPolicy::Off => ListenerTls::Off,
    };
    let certificate = app.certificates.facts();
    let self_signed_fingerprint = if certificate.is_self_signed {
        certificate.fingerprint_sha256.clone()
    } else {
        String::new()
    };
    let service = ServiceAddress {
        service_name: settings.service_name.clone(),
        host: host(app, &settings.host_name, &settings.public_address),
        port: control_port(app),
        listener,
        self_signed_fingerprint,
    };
    ConnectionCard::new(service, account.username.clone(), account.tls)
}

/// The port customers are given: the one that is mapped to ours, or ours.
pub(crate) fn control_port(app: &App) -> u16 {
    let mapped = app.settings.current().host_port;
    let own = || app.boot.ftp_listen.first().map_or(21, SocketAddr::port);
    u16::try_from(mapped)
        .ok()
        .filter(|port| *port > 0)
        .unwrap_or_else(own)
}

/// The name customers are given; until one is set, the best that is known.
fn host(app: &App, name: &str, public: &PublicAddress) -> String {
    if !name.is_empty() {
        return name.to_owned();
    }
    match public {
        PublicAddress::Fixed(address) => address.to_string(),
        PublicAddress::Name(name) => name.clone(),
        PublicAddress::Automatic => {
            let listens = app.boot.ftp_listen.first().map(SocketAddr::ip);
            let listens = listens.filter(|address| !address.is_unspecified());
            let known = listens.or_else(|| own_address().map(IpAddr::V4));
            known.map_or_else(|| "localhost".to_owned(), |address| address.to_string())
        }
    }
}
