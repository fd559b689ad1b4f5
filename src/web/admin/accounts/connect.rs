//! `/admin/accounts/{account}/connect`: what the customer types in, and files for their programs.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;
use crate::hosting::connection_card::ConnectionCard;
use crate::model::Right;
use crate::web::account_head::AccountHead;
use crate::web::account_lookup::account;
use crate::web::auth::Admin;
use crate::web::card::card;
use crate::web::error::PageError;
use crate::web::layout::Layout;
use crate::web::port_map::in_words;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/accounts/{account}/connect", get(show))
        .route("/accounts/{account}/filezilla.xml", get(filezilla))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/connect.html")]
struct ConnectPage {
    layout: Layout,
    head: AccountHead,
    card: ConnectionCard,
    plain_text: String,
    passive: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<ConnectPage, PageError> {
    let details = account(&app, &segment).await?;
    let card = card(&app, &details.account);
    Ok(ConnectPage {
        layout: admin.layout(format!(
            "Connection details of {}",
            details.account.username
        )),
        head: AccountHead::new(&details, admin.may(Right::ManageAccounts), "/connect"),
        plain_text: card.plain_text(None),
        passive: in_words(&[app.settings.current().passive_ports]),
        card,
    })
}

async fn filezilla(
    State(app): State<App>,
    _admin: Admin,
    Path(segment): Path<String>,
) -> Result<impl IntoResponse, PageError> {
    let details = account(&app, &segment).await?;
    let card = card(&app, &details.account);
    // A user name holds nothing that means something in a header.
    let name = format!("attachment; filename=\"{}.filezilla.xml\"", card.user());
    Ok((
        [
            (CONTENT_TYPE, "application/xml; charset=utf-8".to_owned()),
            (CONTENT_DISPOSITION, name),
        ],
        card.filezilla(),
    ))
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::{AccountStatus, TlsRule};
    use crate::web::sample_records::{account_details, card};

    let page = |rule| {
        let card = card(rule);
        ConnectPage {
            layout: Layout::sample(
                "Connection details",
                "/admin/accounts/kestrel-print/connect",
            ),
            head: AccountHead::new(&account_details(AccountStatus::Active), true, "/connect"),
            plain_text: card.plain_text(None),
            passive: "30000 to 30019".to_owned(),
            card,
        }
    };
    vec![
        ("account-connect", page(TlsRule::Inherit).to_string()),
        ("account-connect-plain", page(TlsRule::Optional).to_string()),
    ]
}
