//! `/admin/accounts/{account}/edit`: limits and access of one account.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::accounts::{AccountDetails, AccountError, AccountSettings};
use crate::model::{Right, Version};
use crate::settings::Settings;
use crate::web::access_form::{self, AccessFields, RuleLine};
use crate::web::account_form::{self, LimitLine};
use crate::web::account_head::{AccountHead, account_url};
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::conflict::Conflict;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::limit_field::Measure;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/{account}/edit", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/edit.html")]
struct EditPage {
    layout: Layout,
    head: AccountHead,
    form: Form,
    version: Version,
    conflict: Option<Conflict>,
    limits: Vec<LimitLine>,
    pool: String,
    profiles: Vec<(&'static str, &'static str, &'static str)>,
    rules: Vec<(&'static str, &'static str, &'static str)>,
    access: AccessFields,
    rule_lines: Vec<RuleLine>,
    permissions_words: &'static str,
    tls_words: &'static str,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<EditPage, PageError> {
    let details = account(&app, &segment).await?;
    let mut form = Form::new();
    let settings = AccountSettings::of(&details.account);
    account_form::fill(&mut form, &settings, Some(&details.plan));
    Ok(page(&app, &admin, &details, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    let id = details.account.id;
    let seen = form.value("version").parse::<Version>();
    let known = AccountSettings::of(&details.account);
    let settings = account_form::read(&mut form, &known);
    let (Ok(seen), Some(settings)) = (seen, settings) else {
        let page = page(&app, &admin, &details, form);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    match app.accounts.change(&admin.actor, id, seen, settings).await {
        Ok(account) => Ok(admin.see_other(&account_url(&account), Notice::Saved)),
        Err(AccountError::Stale) => conflict(&app, &admin, &segment, form).await,
        Err(error) => Err(error.into()),
    }
}

/// The form with the person's values, on top of the values that somebody else saved first.
async fn conflict(
    app: &App,
    admin: &Admin,
    segment: &str,
    form: Form,
) -> Result<Response, PageError> {
    let details = account(app, segment).await?;
    let id = details.account.id.to_string();
    let mut page = page(app, admin, &details, form);
    page.conflict = Some(Conflict::about(app, &id, "this account", &page.layout).await?);
    Ok((StatusCode::CONFLICT, page).into_response())
}

fn page(app: &App, admin: &Admin, details: &AccountDetails, form: Form) -> EditPage {
    let settings = app.settings.current();
    let title = format!("Limits and access of {}", details.account.username);
    let may_manage = admin.may(Right::ManageAccounts);
    filled(admin.layout(title), &settings, details, may_manage, form)
}

fn filled(
    layout: Layout,
    settings: &Settings,
    details: &AccountDetails,
    may_manage: bool,
    form: Form,
) -> EditPage {
    let account = &details.account;
    EditPage {
        head: AccountHead::new(details, may_manage, "/edit"),
        layout: layout.with_errors(!form.is_fine()),
        version: account.version,
        conflict: None,
        limits: account_form::lines_of_account(details),
        pool: Measure::Bytes.words(details.limits.pool_bytes.limit),
        profiles: account_form::profiles(),
        rules: account_form::rules(settings.tls_policy),
        access: AccessFields::new(settings, Some(&details.plan)),
        rule_lines: access_form::lines(&AccountSettings::of(account), &details.plan, settings),
        permissions_words: account.permissions.label(),
        tls_words: account_form::rule_words(account.tls),
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::AccountStatus;
    use crate::web::sample_records::{HOSTILE, account_details};

    let details = account_details(AccountStatus::Active);
    let page = |may_manage| {
        let layout = Layout::sample("Limits and access", "/admin/accounts/kestrel-print/edit");
        let mut form = Form::new();
        let settings = AccountSettings::of(&details.account);
        account_form::fill(&mut form, &settings, Some(&details.plan));
        filled(layout, &Settings::default(), &details, may_manage, form)
    };
    let mut conflict = page(true);
    conflict.conflict = Some(Conflict {
        fact: "Jonas Weber changed this account 2 min ago.".to_owned(),
        change: format!("notes: none to {HOSTILE}."),
    });
    vec![
        ("account-edit", page(true).to_string()),
        ("account-edit-conflict", conflict.to_string()),
        ("account-edit-auditor", page(false).to_string()),
    ]
}
