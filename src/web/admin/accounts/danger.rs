//! `/admin/accounts/{account}/danger`: suspend, resume, and the way to deleting.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;
use crate::hosting::accounts::AccountDetails;
use crate::model::Right;
use crate::web::account_form::LIMITS;
use crate::web::account_head::{AccountHead, account_url};
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/accounts/{account}/danger", get(show))
        .route("/accounts/{account}/suspend", post(suspend))
        .route("/accounts/{account}/resume", post(resume))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/danger.html")]
struct DangerPage {
    layout: Layout,
    head: AccountHead,
    form: Form,
    suspend_effect: String,
    files: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<DangerPage, PageError> {
    let details = account(&app, &segment).await?;
    let layout = admin.layout(format!("Suspend or delete {}", details.account.username));
    let may_manage = admin.may(Right::ManageAccounts);
    Ok(filled(layout, &details, may_manage))
}

async fn suspend(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(form): Submitted,
) -> Result<Response, PageError> {
    let account = account(&app, &segment).await?.account;
    let reason: String = form
        .value("reason")
        .trim()
        .chars()
        .take(REASON_LIMIT)
        .collect();
    app.accounts
        .suspend(&admin.actor, account.id, &reason)
        .await?;
    let notice = Notice::AccountSuspended.of(account.username.as_str());
    Ok(admin.see_other(&account_url(&account), notice))
}

async fn resume(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    let account = account(&app, &segment).await?.account;
    app.accounts.resume(&admin.actor, account.id).await?;
    let notice = Notice::AccountResumed.of(account.username.as_str());
    Ok(admin.see_other(&account_url(&account), notice))
}

fn filled(layout: Layout, details: &AccountDetails, may_manage: bool) -> DangerPage {
    let closes = match details.sessions {
        0 => String::new(),
        1 => " and the open session closes".to_owned(),
        open => format!(" and the {open} open sessions close"),
    };
    DangerPage {
        layout,
        head: AccountHead::new(details, may_manage, "/danger"),
        form: Form::new(),
        suspend_effect: format!(
            "Sign-in stops{closes}. Files and settings stay. You can resume the account at any time."
        ),
        files: LIMITS.files.measure.amount(details.usage.files),
    }
}

/// Longest reason, in characters.
const REASON_LIMIT: usize = 500;

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::AccountStatus;
    use crate::web::sample_records::account_details;

    let page = |status, may_manage| {
        let layout = Layout::sample("Suspend or delete", "/admin/accounts/kestrel-print/danger");
        filled(layout, &account_details(status), may_manage).to_string()
    };
    vec![
        ("account-danger", page(AccountStatus::Active, true)),
        (
            "account-danger-suspended",
            page(AccountStatus::Suspended, true),
        ),
        ("account-danger-auditor", page(AccountStatus::Active, false)),
    ]
}
