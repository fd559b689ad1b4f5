//! `/admin/plans/{id}/delete`: delete a plan that nobody is on.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::plans::{PlanError, PlanImpact};
use crate::model::{Plan, PlanId, Right};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/plans/{id}/delete", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/plans/delete.html")]
struct DeletePage {
    layout: Layout,
    form: Form,
    name: String,
    url: String,
    /// Why it cannot be deleted; empty if it can.
    obstacle: String,
    customers_url: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<PlanId>,
) -> Result<DeletePage, PageError> {
    admin.require(Right::ManageCustomers)?;
    let plan = app.plans.get(id).await?;
    let impact = app.plans.impact(id).await?;
    Ok(page(&admin, &plan, impact, Form::new()))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<PlanId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    let plan = app.plans.get(id).await?;
    match app.plans.delete(&admin.actor, id).await {
        Ok(()) => Ok(admin.see_other("/admin/plans", Notice::PlanDeleted.of(plan.name))),
        Err(PlanError::InUse(_) | PlanError::IsDefault) => {
            let impact = app.plans.impact(id).await?;
            form.refuse_all(obstacle(&plan, impact));
            let page = page(&admin, &plan, impact, form);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn page(admin: &Admin, plan: &Plan, impact: PlanImpact, form: Form) -> DeletePage {
    let layout = admin.layout(format!("Delete plan {}", plan.name));
    filled(layout, plan, impact, form)
}

fn filled(layout: Layout, plan: &Plan, impact: PlanImpact, form: Form) -> DeletePage {
    DeletePage {
        layout: layout.with_errors(!form.is_fine()),
        name: plan.name.clone(),
        url: format!("/admin/plans/{}", plan.id),
        obstacle: obstacle(plan, impact),
        customers_url: format!("/admin/customers?plan={}", plan.id),
        form,
    }
}

/// Why a plan cannot be deleted; empty if it can.
fn obstacle(plan: &Plan, impact: PlanImpact) -> String {
    match (impact.customers, plan.is_default) {
        (0, false) => String::new(),
        (0, true) => "New customers get this plan. Make another plan the default first.".to_owned(),
        (1, _) => "1 customer is on it. Choose another plan for it first.".to_owned(),
        (customers, _) => format!(
            "{} are on it. Choose another plan for them first.",
            plural(customers, "customer", "customers")
        ),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let mut plan = crate::web::sample_records::plan();
    let page = |plan: &Plan, customers| {
        let layout = Layout::sample("Delete plan", "/admin/plans/1/delete");
        let impact = PlanImpact {
            customers,
            accounts: 0,
        };
        filled(layout, plan, impact, Form::new()).to_string()
    };
    let used = page(&plan, 41);
    plan.is_default = false;
    vec![("plan-delete-used", used), ("plan-delete", page(&plan, 0))]
}
