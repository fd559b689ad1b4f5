//! `/admin/plans/{id}`: one plan, and whom a change concerns.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::plans::{PlanError, PlanImpact};
use crate::model::{Plan, PlanId, Right, Version};
use crate::settings::Settings;
use crate::web::access_form::{Choice, plan_checksums};
use crate::web::auth::{Admin, Submitted};
use crate::web::conflict::Conflict;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::limit_field::LimitField;
use crate::web::plan_facts::facts;
use crate::web::plan_form::{self, ACCOUNT_LIMITS, POOL_LIMITS, journal_choices, journal_words};
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/plans/{id}", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/plans/edit.html")]
struct EditPage {
    layout: Layout,
    may_manage: bool,
    name: String,
    url: String,
    form: Form,
    version: Version,
    conflict: Option<Conflict>,
    impact: String,
    customers_url: String,
    facts: Vec<(&'static str, String)>,
    account_limits: [LimitField; 12],
    pool_limits: [LimitField; 6],
    journal_choices: [(&'static str, String, &'static str); 3],
    checksums: Vec<Choice>,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<PlanId>,
) -> Result<EditPage, PageError> {
    let plan = app.plans.get(id).await?;
    let impact = app.plans.impact(id).await?;
    let mut form = Form::new();
    plan_form::fill(&mut form, &plan);
    Ok(page(&app, &admin, (&plan, impact), form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<PlanId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    let seen = form.value("version").parse::<Version>();
    let settings = plan_form::read(&mut form);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Ok(seen), Some(settings)) = (seen, settings) {
        match app.plans.change(&admin.actor, id, seen, settings).await {
            Ok(_) => return Ok(admin.see_other("/admin/plans", Notice::Saved)),
            Err(PlanError::Stale) => status = StatusCode::CONFLICT,
            Err(error) => plan_form::refuse(&mut form, error)?,
        }
    }
    let plan = app.plans.get(id).await?;
    let impact = app.plans.impact(id).await?;
    let mut page = page(&app, &admin, (&plan, impact), form);
    if status == StatusCode::CONFLICT {
        let id = id.to_string();
        page.conflict = Some(Conflict::about(&app, &id, "this plan", &page.layout).await?);
    }
    Ok((status, page).into_response())
}

fn page(app: &App, admin: &Admin, plan: (&Plan, PlanImpact), form: Form) -> EditPage {
    let layout = admin.layout(format!("Plan {}", plan.0.name));
    let may_manage = admin.may(Right::ManageCustomers);
    filled(layout, may_manage, plan, form, &app.settings.current())
}

fn filled(
    layout: Layout,
    may_manage: bool,
    (plan, impact): (&Plan, PlanImpact),
    form: Form,
    settings: &Settings,
) -> EditPage {
    EditPage {
        layout: layout.with_errors(!form.is_fine()),
        may_manage,
        name: plan.name.clone(),
        url: format!("/admin/plans/{}", plan.id),
        version: plan.version,
        conflict: None,
        impact: impact_words(impact),
        customers_url: format!("/admin/customers?plan={}", plan.id),
        facts: facts(plan),
        account_limits: ACCOUNT_LIMITS.into_array(),
        pool_limits: POOL_LIMITS,
        journal_choices: journal_choices(&journal_words(settings)),
        checksums: plan_checksums(settings),
        form,
    }
}

/// Whom saving concerns, as a sentence.
fn impact_words(impact: PlanImpact) -> String {
    if impact.customers == 0 {
        return "Nobody is on this plan yet. Saving changes nothing for anybody.".to_owned();
    }
    format!(
        "Saving changes {} with {}. Values that a customer or an account set itself stay.",
        plural(impact.customers, "customer", "customers"),
        plural(impact.accounts, "account", "accounts"),
    )
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let plan = crate::web::sample_records::plan();
    let page = |may_manage| {
        let layout = Layout::sample("Plan", "/admin/plans/1");
        let mut form = Form::new();
        plan_form::fill(&mut form, &plan);
        let impact = PlanImpact {
            customers: 41,
            accounts: 96,
        };
        let settings = Settings::default();
        filled(layout, may_manage, (&plan, impact), form, &settings).to_string()
    };
    vec![("plan", page(true)), ("plan-auditor", page(false))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_impact_is_said_in_numbers() {
        let impact = PlanImpact {
            customers: 1,
            accounts: 41,
        };

        assert_eq!(
            impact_words(impact),
            "Saving changes 1 customer with 41 accounts. Values that a customer or an account set itself stay."
        );
        assert!(impact_words(PlanImpact::default()).starts_with("Nobody"));
    }
}
