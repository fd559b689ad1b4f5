//! The connection card of an account, from the settings in force.

use crate::app::App;
use crate::hosting::connection_card::{ConnectionCard, ListenerTls, ServiceAddress};
use crate::model::{Account, PublicAddress};
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
        port: app
            .boot
            .ftp_listen
            .first()
            .map_or(21, std::net::SocketAddr::port),
        listener,
        self_signed_fingerprint,
    };
    ConnectionCard::new(service, account.username.clone(), account.tls)
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
            let url = app.boot.web_url.as_deref().unwrap_or_default();
            let host = url.split_once("://").map(|(_, rest)| rest);
            let host = host.and_then(|rest| rest.split([':', '/']).next());
            host.filter(|host| !host.is_empty())
                .unwrap_or("localhost")
                .to_owned()
        }
    }
}
