//! `/admin/accounts/{account}/password`: a new password, shown once.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::created::{self, Occasion};
use crate::app::App;
use crate::hosting::accounts::{AccountDetails, AccountError};
use crate::hosting::passwords::PasswordError;
use crate::model::Right;
use crate::web::account_head::account_url;
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::new_password;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/{account}/password", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/password.html")]
struct PasswordPage {
    layout: Layout,
    name: String,
    url: String,
    effect: String,
    form: Form,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
) -> Result<PasswordPage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    Ok(page(&admin, &details, Form::new().with("pw", "gen")))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    let Some(password) = new_password::read(&mut form) else {
        return Ok(again(&admin, &details, form));
    };
    let id = details.account.id;
    match app
        .accounts
        .set_password(&admin.actor, id, password.clone())
        .await
    {
        Ok(ended) => {
            let details = app.accounts.details(id).await?;
            let occasion = Occasion::Reset { ended };
            Ok(created::page(&app, &admin, &details, &password, occasion).into_response())
        }
        Err(AccountError::Password(error)) if error != PasswordError::Busy => {
            form.refuse("password", error);
            Ok(again(&admin, &details, form))
        }
        Err(error) => Err(error.into()),
    }
}

fn again(admin: &Admin, details: &AccountDetails, mut form: Form) -> Response {
    form.forget("password");
    let page = page(admin, details, form);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

fn page(admin: &Admin, details: &AccountDetails, form: Form) -> PasswordPage {
    let layout = admin.layout(format!(
        "Reset the password of {}",
        details.account.username
    ));
    filled(layout, details, form)
}

fn filled(layout: Layout, details: &AccountDetails, form: Form) -> PasswordPage {
    let name = details.account.username.to_string();
    let sessions = match details.sessions {
        0 => "No session is open now.".to_owned(),
        1 => "1 open session closes.".to_owned(),
        open => format!("{open} open sessions close."),
    };
    PasswordPage {
        layout: layout.with_errors(!form.is_fine()),
        url: account_url(&details.account),
        effect: format!("The old password stops working at once. {sessions}"),
        name,
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::AccountStatus;
    use crate::web::sample_records::account_details;

    let layout = Layout::sample("Reset password", "/admin/accounts/kestrel-print/password");
    let details = account_details(AccountStatus::Active);
    let page = filled(layout, &details, Form::new().with("pw", "gen"));
    vec![("account-password", page.to_string())]
}
