//! `/setup/done`: what is ready, and what is still to do.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::app::App;
use crate::model::{Account, Right, Secret, VolumeId};
use crate::web::auth::Admin;
use crate::web::card::card;
use crate::web::error::PageError;
use crate::web::format::Bytes;
use crate::web::layout::SignedOutLayout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/done", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/setup/done.html")]
pub(super) struct DonePage {
    layout: SignedOutLayout,
    step: u8,
    checks: Vec<Check>,
    first: Option<FirstAccount>,
}

/// One line of the list.
#[derive(Clone, Debug)]
struct Check {
    state: &'static str,
    title: String,
    text: String,
}

/// The account of the step before.
#[derive(Clone, Debug)]
struct FirstAccount {
    host: String,
    port: String,
    username: String,
    password: String,
    curl: String,
}

const TITLE: &str = "Set-up, step 4 of 4";

async fn show(State(app): State<App>, admin: Admin) -> Result<DonePage, PageError> {
    admin.require(Right::ChangeSettings)?;
    Ok(page(&app, &admin, None).await)
}

/// The page, with the account and password that were just made, if any.
pub(super) async fn page(app: &App, admin: &Admin, made: Option<(&Account, &Secret)>) -> DonePage {
    DonePage {
        layout: admin.wizard(TITLE),
        step: 4,
        checks: checks(app).await,
        first: made.map(|(account, password)| first_account(app, account, password)),
    }
}

/// Room in the data folder, in words.
fn free(app: &App) -> String {
    let first = app.volumes.report(VolumeId::FIRST);
    let space = first.and_then(|report| report.space);
    space.map_or_else(String::new, |space| {
        format!("{} free", Bytes(space.available_bytes))
    })
}

async fn checks(app: &App) -> Vec<Check> {
    let check = |good: bool, title: &str, text: String| Check {
        state: if good { "ok" } else { "warn" },
        title: title.to_owned(),
        text,
    };
    let ports = app.settings.current().passive_ports;
    let open = app.passive_ports.counters().ports;
    let certificate = app.certificates.facts();
    let storage = match app.volumes.probe(VolumeId::FIRST).await {
        Ok(()) => check(true, "The data folder can be written", free(app)),
        Err(error) => check(
            false,
            "The data folder cannot be used",
            format!("{error}. Uploads are refused."),
        ),
    };
    vec![
        storage,
        check(
            open == ports.count(),
            "Passive ports",
            format!(
                "{open} of {} ports are open here ({ports}). Whether a firewall passes them shows with the first customer.",
                ports.count()
            ),
        ),
        if certificate.is_self_signed {
            check(
                false,
                "The certificate is self-signed",
                "Programs ask customers whether they trust it. Put your own certificate into the data folder when you have one.".to_owned(),
            )
        } else {
            check(true, "Certificate", certificate.names.join(", "))
        },
    ]
}

fn first_account(app: &App, account: &Account, password: &Secret) -> FirstAccount {
    let card = card(app, account);
    let (host, port) = (card.host().to_owned(), card.port());
    FirstAccount {
        curl: format!(
            "curl --ssl-reqd --insecure --user {} --upload-file README.md ftp://{host}:{port}/",
            account.username
        ),
        host,
        port: port.to_string(),
        username: account.username.to_string(),
        password: password.expose().to_owned(),
    }
}

/// With an account and without.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    let check = |state, title: &str, text: &str| Check {
        state,
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let page = |first| DonePage {
        layout: SignedOutLayout::sample(TITLE),
        step: 4,
        checks: vec![
            check("ok", "The data folder can be written", "5.19 TiB free"),
            check(
                "ok",
                "Passive ports",
                "20 of 20 ports are open here (30000-30019).",
            ),
            check(
                "warn",
                "The certificate is self-signed",
                "Programs ask customers whether they trust it.",
            ),
        ],
        first,
    };
    let first = FirstAccount {
        host: "ftp.northlight.example".to_owned(),
        port: "2121".to_owned(),
        username: "ftp-smoke-test".to_owned(),
        password: "amber-quartz-Tram7-lichen".to_owned(),
        curl: "curl --ssl-reqd --user ftp-smoke-test --upload-file README.md ftp://ftp.northlight.example:2121/"
            .to_owned(),
    };
    vec![
        ("setup-4", page(Some(first)).to_string()),
        ("setup-4-skipped", page(None).to_string()),
    ]
}
