//! `/admin/accounts/{account}/delete`: what a deletion does, in numbers, and the name to type.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::accounts::{AccountDetails, Files};
use crate::model::Right;
use crate::web::account_form::LIMITS;
use crate::web::account_head::account_url;
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::{Bytes, plural};
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/{account}/delete", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/delete.html")]
struct DeletePage {
    layout: Layout,
    name: String,
    url: String,
    home: String,
    effects: Vec<String>,
    delete_files: String,
    trash_files: String,
    confirm_label: String,
    form: Form,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<DeletePage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    let form = Form::new().with("files", Files::Trash.as_str());
    Ok(page((&app, &admin), &details, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    let account = &details.account;
    if !form
        .value("typed")
        .trim()
        .eq_ignore_ascii_case(account.username.as_str())
    {
        form.refuse("typed", format!("Type {} to confirm", account.username));
        let page = page((&app, &admin), &details, form);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let Some(files) = Files::from_name(form.value("files")) else {
        form.refuse("files", "Choose what happens to the files");
        let page = page((&app, &admin), &details, form);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let days = app.accounts.trash_days(&details.plan);
    let accounts = &app.accounts;
    accounts
        .delete(&admin.actor, account.id, (files, days))
        .await?;
    let notice = Notice::AccountDeleted.of(account.username.as_str());
    Ok(admin.see_other("/admin/accounts", notice))
}

fn page((app, admin): (&App, &Admin), details: &AccountDetails, form: Form) -> DeletePage {
    let layout = admin.layout(format!("Delete {}", details.account.username));
    filled(
        layout,
        details,
        (form, app.accounts.trash_days(&details.plan)),
    )
}

fn filled(layout: Layout, details: &AccountDetails, (form, days): (Form, u32)) -> DeletePage {
    let account = &details.account;
    let name = account.username.to_string();
    let usage = details.usage;
    let files = LIMITS.files.measure.amount(usage.files);
    let sessions = u64::try_from(details.sessions).unwrap_or(u64::MAX);
    DeletePage {
        layout: layout.with_errors(!form.is_fine()),
        url: account_url(account),
        home: account.home.clone(),
        effects: vec![
            match sessions {
                0 => "end sign-in over FTP; no session is open now".to_owned(),
                _ => format!(
                    "close {} and end sign-in over FTP",
                    plural(sessions, "open session", "open sessions")
                ),
            },
            "remove its settings, limits and password".to_owned(),
            format!("free {} if you also delete the files", Bytes(usage.bytes)),
        ],
        delete_files: format!("Delete {files} now, {}", Bytes(usage.bytes)),
        trash_files: format!(
            "Put them into the trash for {}",
            plural(u64::from(days), "day", "days")
        ),
        confirm_label: format!("Type {name} to confirm"),
        name,
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::AccountStatus;
    use crate::web::sample_records::account_details;

    let layout = Layout::sample("Delete", "/admin/accounts/kestrel-print/delete");
    let mut form = Form::new().with("files", "purge");
    form.refuse("typed", "Type kestrel-print to confirm");
    let page = filled(layout, &account_details(AccountStatus::Active), (form, 7));
    vec![("account-delete", page.to_string())]
}
