//! `/admin/plans/new`: make a plan.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::model::Right;
use crate::settings::Settings;
use crate::web::access_form::{Choice, plan_checksums};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::limit_field::LimitField;
use crate::web::plan_form::{self, ACCOUNT_LIMITS, POOL_LIMITS, journal_choices, journal_words};
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/plans/new", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/plans/create.html")]
struct CreatePage {
    layout: Layout,
    form: Form,
    account_limits: [LimitField; 12],
    pool_limits: [LimitField; 6],
    journal_choices: [(&'static str, String, &'static str); 3],
    checksums: Vec<Choice>,
}

async fn show(State(app): State<App>, admin: Admin) -> Result<CreatePage, PageError> {
    admin.require(Right::ManageCustomers)?;
    let mut form = Form::new().with("journal", "settings");
    plan_form::fill_new(&mut form);
    Ok(page(&app, &admin, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageCustomers)?;
    if let Some(settings) = plan_form::read(&mut form) {
        match app.plans.create(&admin.actor, settings).await {
            Ok(plan) => {
                let notice = Notice::PlanCreated.of(plan.name);
                return Ok(admin.see_other("/admin/plans", notice));
            }
            Err(error) => plan_form::refuse(&mut form, error)?,
        }
    }
    let page = page(&app, &admin, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(app: &App, admin: &Admin, form: Form) -> CreatePage {
    filled(admin.layout("New plan"), form, &app.settings.current())
}

fn filled(layout: Layout, form: Form, settings: &Settings) -> CreatePage {
    CreatePage {
        layout: layout.with_errors(!form.is_fine()),
        account_limits: ACCOUNT_LIMITS.into_array(),
        pool_limits: POOL_LIMITS,
        journal_choices: journal_choices(&journal_words(settings)),
        checksums: plan_checksums(settings),
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let mut form = Form::new();
    form.refuse("pool_bytes", "Storage must be a number, for example 50");
    form.set("journal", "settings");
    let page = filled(
        Layout::sample("New plan", "/admin/plans/new"),
        form,
        &Settings::default(),
    );
    vec![("plan-new", page.to_string())]
}
