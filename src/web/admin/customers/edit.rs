//! `/admin/customers/{id}/edit`: name, plan and pool of one customer.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::customers::{CustomerDetails, CustomerError};
use crate::model::page::PlanRow;
use crate::model::{CustomerId, Right, Version};
use crate::web::account_form::LimitLine;
use crate::web::auth::{Admin, Submitted};
use crate::web::conflict::Conflict;
use crate::web::customer_form;
use crate::web::customer_head::CustomerHead;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/customers/{id}/edit", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/customers/edit.html")]
struct EditPage {
    layout: Layout,
    head: CustomerHead,
    form: Form,
    version: Version,
    conflict: Option<Conflict>,
    plans: Vec<(String, String)>,
    reset_days: Vec<(String, String)>,
    limits: Vec<LimitLine>,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
) -> Result<EditPage, PageError> {
    let details = app.customers.details(id).await?;
    let plans = app.plans.all().await?;
    let mut form = Form::new();
    customer_form::fill(&mut form, &details.customer, &details.plan);
    Ok(page(&admin, &details, &plans, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    let seen = form.value("version").parse::<Version>();
    let settings = customer_form::read(&mut form);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Ok(seen), Some(settings)) = (seen, settings) {
        match app.customers.change(&admin.actor, id, seen, settings).await {
            Ok(_) => {
                return Ok(admin.see_other(&format!("/admin/customers/{id}"), Notice::Saved));
            }
            Err(CustomerError::Stale) => status = StatusCode::CONFLICT,
            Err(error) => customer_form::refuse(&mut form, error)?,
        }
    }
    let details = app.customers.details(id).await?;
    let plans = app.plans.all().await?;
    let mut page = page(&admin, &details, &plans, form);
    if status == StatusCode::CONFLICT {
        let id = id.to_string();
        page.conflict = Some(Conflict::about(&app, &id, "this customer", &page.layout).await?);
    }
    Ok((status, page).into_response())
}

fn page(admin: &Admin, details: &CustomerDetails, plans: &[PlanRow], form: Form) -> EditPage {
    let layout = admin.layout(format!("Edit {}", details.customer.name));
    let head = CustomerHead::new(details, admin.may(Right::ManageCustomers), "/edit");
    filled(layout, head, details, plans, form)
}

fn filled(
    layout: Layout,
    head: CustomerHead,
    details: &CustomerDetails,
    plans: &[PlanRow],
    form: Form,
) -> EditPage {
    EditPage {
        layout: layout.with_errors(!form.is_fine()),
        head,
        version: details.customer.version,
        conflict: None,
        plans: customer_form::plan_options(plans),
        reset_days: customer_form::reset_days(),
        limits: customer_form::lines_of_customer(details),
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::sample_records::{customer_details, plan_row};

    let details = customer_details();
    let page = |may_manage| {
        let layout = Layout::sample("Edit customer", "/admin/customers/1/edit");
        let head = CustomerHead::new(&details, may_manage, "/edit");
        let mut form = Form::new();
        customer_form::fill(&mut form, &details.customer, &details.plan);
        filled(layout, head, &details, &[plan_row()], form).to_string()
    };
    vec![
        ("customer-edit", page(true)),
        ("customer-edit-auditor", page(false)),
    ]
}
