//! `/admin/customers/{id}/danger`: suspend, resume and delete a customer.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::hosting::customers::{CustomerDetails, CustomerError};
use crate::model::{CustomerId, Right};
use crate::web::auth::{Admin, Submitted};
use crate::web::customer_head::CustomerHead;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/customers/{id}/danger", get(show))
        .route("/customers/{id}/suspend", post(suspend))
        .route("/customers/{id}/resume", post(resume))
        .route("/customers/{id}/delete", post(delete))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/customers/danger.html")]
struct DangerPage {
    layout: Layout,
    head: CustomerHead,
    form: Form,
    suspend_effect: String,
    has_accounts: bool,
    accounts: String,
    accounts_url: String,
    confirm_label: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
) -> Result<DangerPage, PageError> {
    let details = app.customers.details(id).await?;
    Ok(page(&admin, &details, Form::new()))
}

async fn suspend(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    app.customers.suspend(&admin.actor, id).await?;
    back(&app, &admin, id, Notice::CustomerSuspended).await
}

async fn resume(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    app.customers.resume(&admin.actor, id).await?;
    back(&app, &admin, id, Notice::CustomerResumed).await
}

async fn delete(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    let details = app.customers.details(id).await?;
    let name = details.customer.name.clone();
    if form.value("typed").trim() == name {
        match app.customers.delete(&admin.actor, id).await {
            Ok(()) => {
                let notice = Notice::CustomerDeleted.of(name);
                return Ok(admin.see_other("/admin/customers", notice));
            }
            Err(CustomerError::HasAccounts(count)) => form.refuse_all(format!(
                "{name} has {}. Delete them first",
                plural(
                    u64::try_from(count).unwrap_or(u64::MAX),
                    "account",
                    "accounts"
                )
            )),
            Err(error) => return Err(error.into()),
        }
    } else {
        form.refuse("typed", format!("Type {name} to confirm"));
    }
    let page = page(&admin, &details, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn back(
    app: &App,
    admin: &Admin,
    id: CustomerId,
    notice: Notice,
) -> Result<Response, PageError> {
    let details = app.customers.details(id).await?;
    let url = format!("/admin/customers/{id}");
    Ok(admin.see_other(&url, notice.of(details.customer.name)))
}

fn page(admin: &Admin, details: &CustomerDetails, form: Form) -> DangerPage {
    let layout = admin.layout(format!("Suspend or delete {}", details.customer.name));
    let head = CustomerHead::new(details, admin.may(Right::ManageCustomers), "/danger");
    filled(layout, head, details, form)
}

fn filled(layout: Layout, head: CustomerHead, details: &CustomerDetails, form: Form) -> DangerPage {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let accounts = plural(number(details.accounts.len()), "account", "accounts");
    let closes = match details.sessions {
        0 => "No session is open now.".to_owned(),
        open => format!("{} now.", closing(number(open))),
    };
    DangerPage {
        layout: layout.with_errors(!form.is_fine()),
        head,
        suspend_effect: format!(
            "Sign-in stops for {accounts}. {closes} Files and settings stay; you can resume at any time."
        ),
        has_accounts: !details.accounts.is_empty(),
        accounts,
        accounts_url: format!("/admin/accounts?customer={}", details.customer.id),
        confirm_label: format!("Type {} to confirm", details.customer.name),
        form,
    }
}

fn closing(open: u64) -> String {
    match open {
        1 => "1 open session closes".to_owned(),
        _ => format!("{} close", plural(open, "open session", "open sessions")),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let mut details = crate::web::sample_records::customer_details();
    let page = |details: &CustomerDetails| {
        let layout = Layout::sample("Suspend or delete", "/admin/customers/1/danger");
        let head = CustomerHead::new(details, true, "/danger");
        filled(layout, head, details, Form::new()).to_string()
    };
    let with_accounts = page(&details);
    details.accounts.clear();
    vec![
        ("customer-danger", with_accounts),
        ("customer-danger-empty", page(&details)),
    ]
}
