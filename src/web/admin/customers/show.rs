//! `/admin/customers/{id}`: one customer: the pool, what it holds, and its accounts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use crate::app::App;
use crate::hosting::customers::CustomerDetails;
use crate::model::{Account, Customer, CustomerId, Right, Traffic};
use crate::web::account_form::LIMITS;
use crate::web::account_head::{account_url, state};
use crate::web::auth::Admin;
use crate::web::customer_head::CustomerHead;
use crate::web::error::PageError;
use crate::web::format::When;
use crate::web::layout::Layout;
use crate::web::meter::Meter;
use crate::web::state::Web;
use crate::web::traffic_words::{self, TrafficLine};
use crate::web::usage_tile::{Tile, bytes_tile, count_tile};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/customers/{id}", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/customers/show.html")]
struct ShowPage {
    layout: Layout,
    head: CustomerHead,
    may_add: bool,
    tiles: Vec<Tile>,
    traffic: Vec<TrafficLine>,
    accounts: Vec<AccountLine>,
    customer: Customer,
    created: When,
}

struct AccountLine {
    name: String,
    url: String,
    dot: &'static str,
    status: &'static str,
    storage: Meter,
    files: String,
    sessions: String,
    last: Option<When>,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
) -> Result<ShowPage, PageError> {
    let details = app.customers.details(id).await?;
    let history = app.customers.traffic_history(id).await?;
    let layout = admin.layout(details.customer.name.as_str());
    Ok(ShowPage {
        head: CustomerHead::new(&details, admin.may(Right::ManageCustomers), ""),
        may_add: admin.may(Right::ManageAccounts),
        tiles: tiles(&details, &layout),
        traffic: traffic_words::lines(&history, &layout),
        accounts: lines(&app, &details, &layout),
        created: layout.when(details.customer.created_at),
        customer: details.customer,
        layout,
    })
}

fn tiles(details: &CustomerDetails, layout: &Layout) -> Vec<Tile> {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let mut tiles = vec![
        bytes_tile("Storage together", details.usage.bytes, details.pool_bytes),
        count_tile("Files together", details.usage.files, details.pool_files),
        count_tile(
            "Accounts",
            number(details.accounts.len()),
            details.max_accounts,
        ),
        Tile {
            label: "Sessions now",
            meter: Meter::count(number(details.sessions), None),
            note: "No limit".to_owned(),
            source: "Of all accounts",
        },
    ];
    let labels = Traffic {
        up: "Uploaded this month",
        down: "Downloaded this month",
        both: "Traffic this month",
    };
    tiles.extend(traffic_words::tiles(
        labels,
        details.traffic,
        details.pool_traffic,
        layout,
    ));
    tiles
}

fn lines(app: &App, details: &CustomerDetails, layout: &Layout) -> Vec<AccountLine> {
    let sessions = app.sessions.count_by_account();
    let line = |account: &Account| {
        let usage = app.ledger.usage(account.id);
        let limit = account.limits.bytes.or(details.plan.account.bytes);
        let (dot, status) = state(account.standing(layout.now.at()), details.customer.status);
        AccountLine {
            name: account.username.to_string(),
            url: account_url(account),
            dot,
            status,
            storage: Meter::storage(usage.bytes, limit),
            files: LIMITS.files.measure.amount(usage.files),
            sessions: sessions.get(&account.id).copied().unwrap_or(0).to_string(),
            last: account.last_login_at.map(|at| layout.when(at)),
        }
    };
    details.accounts.iter().map(line).collect()
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::sample_records::{HOSTILE, customer_details, traffic};

    let details = customer_details();
    let layout = Layout::sample("Customer", "/admin/customers/1");
    let account = AccountLine {
        name: HOSTILE.to_owned(),
        url: "/admin/accounts/kestrel-print".to_owned(),
        dot: "ok",
        status: "Active",
        storage: Meter::storage(38 << 30, Some(50 << 30)),
        files: "12,480 files".to_owned(),
        sessions: "2".to_owned(),
        last: None,
    };
    let page = ShowPage {
        head: CustomerHead::new(&details, true, ""),
        may_add: true,
        tiles: tiles(&details, &layout),
        traffic: traffic_words::lines(&[traffic()], &layout),
        accounts: vec![account],
        created: layout.now,
        customer: details.customer,
        layout,
    };
    vec![("customer", page.to_string())]
}
