//! `/admin/plans`: every plan.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::app::App;
use crate::model::Right;
use crate::model::page::PlanRow;
use crate::web::account_form::LIMITS;
use crate::web::auth::Admin;
use crate::web::customer_form::{MAX_ACCOUNTS, POOL_BYTES};
use crate::web::error::PageError;
use crate::web::format::Count;
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/plans", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/plans/list.html")]
struct ListPage {
    layout: Layout,
    may_manage: bool,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    about: String,
    url: String,
    customers: String,
    customers_url: String,
    pool: String,
    accounts: String,
    storage: String,
    files: String,
    sessions: String,
}

async fn show(State(app): State<App>, admin: Admin) -> Result<ListPage, PageError> {
    let plans = app.plans.all().await?;
    Ok(ListPage {
        layout: admin.layout("Plans"),
        may_manage: admin.may(Right::ManageCustomers),
        rows: plans.into_iter().map(row).collect(),
    })
}

fn row(found: PlanRow) -> Row {
    let plan = found.plan;
    let number = |limit: Option<u64>, words: String| match limit {
        Some(count) => Count(count).to_string(),
        None => words,
    };
    Row {
        url: format!("/admin/plans/{}", plan.id),
        customers: Count(found.customers).to_string(),
        customers_url: format!("/admin/customers?plan={}", plan.id),
        pool: POOL_BYTES.measure.words(plan.pool_bytes),
        accounts: number(
            plan.max_accounts,
            MAX_ACCOUNTS.measure.words(plan.max_accounts),
        ),
        storage: LIMITS.bytes.measure.words(plan.account.bytes),
        files: number(
            plan.account.files,
            LIMITS.files.measure.words(plan.account.files),
        ),
        sessions: number(
            plan.account.sessions,
            LIMITS.sessions.measure.words(plan.account.sessions),
        ),
        about: match (plan.is_default, plan.description.as_str()) {
            (true, "") => "Default for new customers".to_owned(),
            (true, about) => format!("{about} Default for new customers."),
            (false, about) => about.to_owned(),
        },
        name: plan.name,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let page = |rows| ListPage {
        layout: Layout::sample("Plans", "/admin/plans"),
        may_manage: true,
        rows,
    };
    let some = vec![row(crate::web::sample_records::plan_row())];
    vec![
        ("plans", page(some).to_string()),
        ("plans-empty", page(Vec::new()).to_string()),
    ]
}
