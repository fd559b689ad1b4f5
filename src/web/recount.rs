//! The buttons that have storage counted again: of an account, of a customer, of everybody.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;

use crate::app::App;
use crate::hosting::quota::RecountSpec;
use crate::model::CustomerId;
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::state::Web;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/accounts/{account}/recount", post(of_account))
        .route("/customers/{id}/recount", post(of_customer))
        .route("/jobs/recount", post(of_everybody))
}

async fn of_account(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    let account = account(&app, &segment).await?.account;
    let spec = RecountSpec::Account(account.id);
    queue(&app, &admin, (&spec, account.username.as_str())).await
}

async fn of_customer(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<CustomerId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    let customer = app.customers.details(id).await?.customer;
    queue(&app, &admin, (&RecountSpec::Customer(id), &customer.name)).await
}

async fn of_everybody(
    State(app): State<App>,
    admin: Admin,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    queue(&app, &admin, (&RecountSpec::All, "")).await
}

async fn queue(
    app: &App,
    admin: &Admin,
    (spec, subject): (&RecountSpec, &str),
) -> Result<Response, PageError> {
    let job = app.jobs.queue(&admin.actor, spec.job(subject)).await?;
    let notice = Notice::RecountBegun.of(job.subject);
    Ok(admin.see_other(&format!("/admin/jobs/{}", job.id), notice))
}
