//! `/admin/accounts/{account}`: one account at a glance.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use crate::app::App;
use crate::hosting::accounts::{AccountDetails, AccountSettings};
use crate::hosting::connection_card::ConnectionCard;
use crate::model::page::JournalQuery;
use crate::model::{Account, Right, Traffic};
use crate::settings::Settings;
use crate::web::access_form::{self, RuleLine};
use crate::web::account_activity::{SessionLine, TransferLine, sessions_of, transfers};
use crate::web::account_form::rule_words;
use crate::web::account_head::AccountHead;
use crate::web::account_lookup::account;
use crate::web::auth::Admin;
use crate::web::card::card;
use crate::web::error::PageError;
use crate::web::format::When;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::traffic_words::{self, TrafficLine};
use crate::web::usage_tile::{Tile, bytes_tile, count_tile};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/{account}", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/show.html")]
struct ShowPage {
    layout: Layout,
    head: AccountHead,
    tiles: Vec<Tile>,
    traffic: Vec<TrafficLine>,
    sessions: Vec<SessionLine>,
    transfers: Vec<TransferLine>,
    card: ConnectionCard,
    account: Account,
    /// The name of its volume.
    volume: String,
    tls_words: &'static str,
    rules: Vec<RuleLine>,
    created: When,
    last_login: Option<When>,
    last_upload: Option<When>,
    password_changed: When,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<ShowPage, PageError> {
    let details = account(&app, &segment).await?;
    let query = JournalQuery {
        account_id: Some(details.account.id),
        limit: TRANSFERS,
        ..JournalQuery::default()
    };
    let journal = app
        .journal
        .page(&query)
        .await
        .map_err(|error| PageError::unavailable(&error))?;
    let history = app.accounts.traffic_history(details.account.id).await?;
    let layout = admin.layout(details.account.username.as_str());
    let when = |at| layout.when(at);
    let account = details.account.clone();
    Ok(ShowPage {
        head: AccountHead::new(&details, admin.may(Right::ManageAccounts), ""),
        tiles: tiles(&details, &layout),
        traffic: traffic_words::lines(&history, &layout),
        sessions: sessions_of(&app, account.id),
        transfers: transfers(&journal, &layout),
        card: card(&app, &account),
        volume: volume_name(&app, &account),
        tls_words: rule_words(account.tls),
        rules: rules(&details, &app.settings.current()),
        created: when(account.created_at),
        last_login: account.last_login_at.map(when),
        last_upload: account.last_upload_at.map(when),
        password_changed: when(account.password_changed_at),
        account,
        layout,
    })
}

fn volume_name(app: &App, account: &Account) -> String {
    let report = app.volumes.report(account.volume_id);
    report.map_or_else(|| "unknown".to_owned(), |report| report.volume.name)
}

fn rules(details: &AccountDetails, server: &Settings) -> Vec<RuleLine> {
    let own = AccountSettings::of(&details.account);
    access_form::lines(&own, &details.plan, server)
}

fn tiles(details: &AccountDetails, layout: &Layout) -> Vec<Tile> {
    let limits = &details.limits;
    let sessions = u64::try_from(details.sessions).unwrap_or(u64::MAX);
    let mut tiles = vec![
        bytes_tile("Storage", details.usage.bytes, limits.account.bytes),
        count_tile("Files", details.usage.files, limits.account.files),
        bytes_tile(
            "Pool of the customer",
            details.pool_usage.bytes,
            limits.pool_bytes,
        ),
        count_tile("Sessions now", sessions, limits.account.sessions),
    ];
    tiles.extend(traffic_words::tiles(
        OWN_TRAFFIC,
        details.traffic,
        limits.account.traffic,
        layout,
    ));
    tiles.extend(traffic_words::tiles(
        POOL_TRAFFIC,
        details.pool_traffic,
        limits.pool_traffic,
        layout,
    ));
    tiles
}

const OWN_TRAFFIC: Traffic<&str> = Traffic {
    up: "Uploaded this month",
    down: "Downloaded this month",
    both: "Traffic this month",
};
const POOL_TRAFFIC: Traffic<&str> = Traffic {
    up: "Uploaded by the customer",
    down: "Downloaded by the customer",
    both: "Traffic of the customer",
};

/// Transfers on the overview.
const TRANSFERS: u64 = 8;

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use std::time::Duration;

    use crate::model::{AccountStatus, TlsRule};
    use crate::web::format::Span;
    use crate::web::sample_records::{self, HOSTILE, account_details, expired_account_details};

    let layout = Layout::sample("kestrel-print", "/admin/accounts/kestrel-print");
    let session = SessionLine {
        id: "7f21".to_owned(),
        ip: "198.51.100.23".to_owned(),
        client: HOSTILE.to_owned(),
        doing: "STOR /incoming/2026-spring-catalogue.pdf".to_owned(),
        tls: "TLS 1.3".to_owned(),
        open_for: Span(Duration::from_mins(8)),
    };
    let transfer = TransferLine {
        icon: "up",
        state: "",
        verb: "Uploaded",
        path: HOSTILE.to_owned(),
        detail: "1.9 GiB in 2 min 41 s, 12 MiB/s".to_owned(),
        when: layout.now,
    };
    let page = |details: AccountDetails| ShowPage {
        layout: layout.clone(),
        head: AccountHead::new(&details, true, ""),
        tiles: tiles(&details, &layout),
        traffic: traffic_words::lines(&[sample_records::traffic()], &layout),
        sessions: vec![session.clone()],
        transfers: vec![transfer.clone()],
        card: sample_records::card(TlsRule::Inherit),
        volume: HOSTILE.to_owned(),
        tls_words: rule_words(details.account.tls),
        rules: rules(&details, &Settings::default()),
        created: layout.now,
        last_login: Some(layout.now),
        last_upload: None,
        password_changed: layout.now,
        account: details.account,
    };
    vec![
        (
            "account",
            page(account_details(AccountStatus::Active)).to_string(),
        ),
        (
            "account-suspended",
            page(account_details(AccountStatus::Suspended)).to_string(),
        ),
        (
            "account-expired",
            page(expired_account_details()).to_string(),
        ),
    ]
}
