//! `/admin/customers/new`: make a customer.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::model::page::PlanRow;
use crate::model::{Plan, Right};
use crate::web::account_form::LimitLine;
use crate::web::auth::{Admin, Submitted};
use crate::web::customer_form;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::plan_facts::{PlanPanel, panel};
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/customers/new", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/customers/create.html")]
struct CreatePage {
    layout: Layout,
    form: Form,
    plans: Vec<(String, String)>,
    reset_days: Vec<(String, String)>,
    limits: Vec<LimitLine>,
    panels: Vec<PlanPanel>,
}

async fn show(State(app): State<App>, admin: Admin) -> Result<CreatePage, PageError> {
    admin.require(Right::ManageCustomers)?;
    let plans = app.plans.all().await?;
    let usual = plans.iter().find(|row| row.plan.is_default);
    let mut form = Form::new();
    customer_form::fill_new(&mut form, usual.map(|row| &row.plan));
    Ok(page(&admin, &plans, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    if let Some(settings) = customer_form::read(&mut form) {
        match app.customers.create(&admin.actor, settings).await {
            Ok(customer) => {
                let url = format!("/admin/customers/{}", customer.id);
                return Ok(admin.see_other(&url, Notice::CustomerCreated.of(customer.name)));
            }
            Err(error) => customer_form::refuse(&mut form, error)?,
        }
    }
    let plans = app.plans.all().await?;
    let page = page(&admin, &plans, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(admin: &Admin, plans: &[PlanRow], form: Form) -> CreatePage {
    filled(admin.layout("New customer"), plans, form)
}

fn filled(layout: Layout, plans: &[PlanRow], form: Form) -> CreatePage {
    let open: Vec<&Plan> = plans.iter().map(|row| &row.plan).collect();
    CreatePage {
        layout: layout.with_errors(!form.is_fine()),
        plans: customer_form::plan_options(plans),
        reset_days: customer_form::reset_days(),
        limits: customer_form::lines_of_plans(&open),
        panels: plans.iter().map(panel).collect(),
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let plans = [crate::web::sample_records::plan_row()];
    let mut form = Form::new();
    customer_form::fill_new(&mut form, None);
    form.refuse("name", "Enter a name");
    let page = filled(
        Layout::sample("New customer", "/admin/customers/new"),
        &plans,
        form,
    );
    vec![("customer-new", page.to_string())]
}
