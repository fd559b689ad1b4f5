//! `/setup/account`: a first customer with an account to try the service with.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::done;
use crate::app::App;
use crate::hosting::accounts::{AccountError, AccountSettings, NewAccount};
use crate::hosting::customers::CustomerSettings;
use crate::hosting::passwords::Passwords;
use crate::model::{
    Account, AccountLimits, ByteSize, CustomerId, Override, PoolTraffic, Right, Secret, Username,
};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::layout::SignedOutLayout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/account", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/setup/account.html")]
struct AccountPage {
    layout: SignedOutLayout,
    form: Form,
    step: u8,
}

const TITLE: &str = "Set-up, step 3 of 4";

async fn show(admin: Admin) -> Result<AccountPage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let form = Form::new()
        .with("customer", "First customer")
        .with("username", "ftp-smoke-test")
        .with("bytes", "5 GiB");
    Ok(AccountPage {
        layout: admin.wizard(TITLE),
        form,
        step: 3,
    })
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let customer = form.text("customer", "Enter a name for the customer");
    let username = form.read::<Username>("username");
    let bytes = form.read::<ByteSize>("bytes");
    let (Some(customer), Some(username), Some(bytes)) = (customer, username, bytes) else {
        return Ok(again(&admin, form));
    };
    let password = Passwords::generate();
    let customer_id = customer_named(&app, &admin, &customer).await?;
    let new = NewAccount {
        username,
        customer_id,
        password: password.clone(),
        volume_id: None,
        settings: AccountSettings {
            limits: AccountLimits {
                bytes: Override::Own(Some(bytes.0)),
                ..AccountLimits::default()
            },
            ..AccountSettings::default()
        },
    };
    match app.accounts.create(&admin.actor, new).await {
        Ok(account) => Ok(finish(&app, &admin, &account, &password).await),
        Err(error @ AccountError::Taken(_)) => {
            form.refuse("username", format!("{error}. Choose another name"));
            Ok(again(&admin, form))
        }
        Err(error @ AccountError::TooManyAccounts { .. }) => {
            form.refuse(
                "customer",
                format!("This customer has as many accounts as it may: {error}"),
            );
            Ok(again(&admin, form))
        }
        Err(other) => Err(other.into()),
    }
}

/// The customer with this name, made on the default plan if there is none.
async fn customer_named(app: &App, admin: &Admin, name: &str) -> Result<CustomerId, PageError> {
    if let Some(customer) = app.customers.by_name(name).await? {
        return Ok(customer.id);
    }
    let plans = app.plans.all().await?;
    let plan = plans
        .iter()
        .find(|row| row.plan.is_default)
        .or_else(|| plans.first());
    let plan = plan.ok_or_else(|| PageError::not_found("There is no plan."))?;
    let settings = CustomerSettings {
        name: name.to_owned(),
        contact_email: String::new(),
        plan_id: plan.plan.id,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: String::new(),
    };
    Ok(app.customers.create(&admin.actor, settings).await?.id)
}

/// The last step is the answer itself, because the password is shown once and stored nowhere.
async fn finish(app: &App, admin: &Admin, account: &Account, password: &Secret) -> Response {
    done::page(app, admin, Some((account, password)))
        .await
        .into_response()
}

fn again(admin: &Admin, form: Form) -> Response {
    let layout = admin.wizard(TITLE).with_errors(true);
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        AccountPage {
            layout,
            form,
            step: 3,
        },
    )
        .into_response()
}

/// The step at first.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    let form = Form::new()
        .with("customer", "First customer")
        .with("username", "ftp-smoke-test");
    let page = AccountPage {
        layout: SignedOutLayout::sample(TITLE),
        form,
        step: 3,
    };
    vec![("setup-3", page.to_string())]
}
