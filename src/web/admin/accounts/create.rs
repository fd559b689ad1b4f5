//! `/admin/accounts/new`: make an account. Only a user name and a customer are needed.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::created::{self, Occasion};
use crate::app::App;
use crate::hosting::accounts::{AccountError, AccountSettings, NewAccount};
use crate::hosting::passwords::PasswordError;
use crate::hosting::volumes::{VolumeError, VolumeReport};
use crate::model::page::PlanRow;
use crate::model::{Account, Customer, CustomerId, Plan, Right, Secret, Username, VolumeId};
use crate::settings::TlsPolicy;
use crate::web::account_form::{self, LimitLine};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::new_password;
use crate::web::plan_facts::{PlanPanel, panel};
use crate::web::state::Web;
use crate::web::table::encoded;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/new", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/create.html")]
struct CreatePage {
    layout: Layout,
    form: Form,
    taken_url: String,
    customers: Vec<(String, String)>,
    /// Where its files can be, the default first; empty if there is nothing to choose.
    volumes: Vec<(String, String)>,
    profiles: Vec<(&'static str, &'static str, &'static str)>,
    rules: Vec<(&'static str, &'static str, &'static str)>,
    limits: Vec<LimitLine>,
    plans: Vec<PlanPanel>,
    may_edit_plans: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Preset {
    customer: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(preset): Query<Preset>,
) -> Result<CreatePage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let choices = Choices::read(&app).await?;
    let mut form = Form::new().with("pw", "gen");
    if choices.customer(&preset.customer).is_some() {
        form.set("customer", &preset.customer);
    }
    let plan = choices.plan_of(form.value("customer")).cloned();
    account_form::fill(&mut form, &AccountSettings::default(), plan.as_ref());
    Ok(page(&app, &admin, &choices, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let Some((new, password)) = read(&mut form) else {
        return again(&app, &admin, form).await;
    };
    let username = new.username.clone();
    match app.accounts.create(&admin.actor, new).await {
        Ok(account) => {
            let occasion = Occasion::Created {
                another: form.is("then", "another"),
            };
            Ok(welcome(&app, &admin, &account, &password, occasion)
                .await?
                .into_response())
        }
        Err(error) => {
            refuse(&mut form, error, &username)?;
            again(&app, &admin, form).await
        }
    }
}

async fn welcome(
    app: &App,
    admin: &Admin,
    account: &Account,
    password: &Secret,
    occasion: Occasion,
) -> Result<created::CreatedPage, PageError> {
    let details = app.accounts.details(account.id).await?;
    Ok(created::page(app, admin, &details, password, occasion))
}

async fn again(app: &App, admin: &Admin, mut form: Form) -> Result<Response, PageError> {
    form.forget("password");
    let choices = Choices::read(app).await?;
    let page = page(app, admin, &choices, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn read(form: &mut Form) -> Option<(NewAccount, Secret)> {
    let username = form.read::<Username>("username");
    let customer = form.value("customer").parse::<CustomerId>();
    let customer_id = form.check("customer", customer.map_err(|_| "Choose a customer"));
    let password = new_password::read(form);
    let settings = account_form::read(form, &AccountSettings::default());
    let volume_id = match form.value("volume") {
        "" => Some(None),
        _ => form.read::<VolumeId>("volume").map(Some),
    };
    let password = password?;
    let new = NewAccount {
        username: username?,
        customer_id: customer_id?,
        password: password.clone(),
        volume_id: volume_id?,
        settings: settings?,
    };
    Some((new, password))
}

/// Puts what the service refused beside its field; what has no field becomes a page.
fn refuse(form: &mut Form, error: AccountError, username: &Username) -> Result<(), PageError> {
    match error {
        AccountError::Taken(_) => form.refuse("username", format!("{username} is taken")),
        AccountError::HomeTaken(home) => form.refuse_all(format!(
            "Files of an earlier account lie in {home}. Try again, and another folder is taken"
        )),
        AccountError::NoSuchCustomer => form.refuse("customer", "Choose a customer"),
        AccountError::TooManyAccounts { limit } => form.refuse(
            "customer",
            format!("This customer has {limit} accounts, as many as its plan allows"),
        ),
        AccountError::Volume(
            error @ (VolumeError::Closed(_) | VolumeError::Missing(_) | VolumeError::NotFound),
        ) => {
            form.refuse_all(format!("{error}. Choose another volume"));
        }
        AccountError::Password(error) if error != PasswordError::Busy => {
            form.refuse("password", error);
        }
        error => return Err(error.into()),
    }
    Ok(())
}

/// What the form offers.
struct Choices {
    customers: Vec<Customer>,
    plans: Vec<PlanRow>,
    volumes: Vec<(String, String)>,
}

impl Choices {
    async fn read(app: &App) -> Result<Self, PageError> {
        Ok(Self {
            customers: app.customers.choices().await?,
            plans: app.plans.all().await?,
            volumes: volume_choices(&app.volumes.reports()),
        })
    }

    fn customer(&self, id: &str) -> Option<&Customer> {
        let id: CustomerId = id.parse().ok()?;
        self.customers.iter().find(|customer| customer.id == id)
    }

    fn plan_of(&self, customer: &str) -> Option<&Plan> {
        let customer = self.customer(customer)?;
        let row = self
            .plans
            .iter()
            .find(|row| row.plan.id == customer.plan_id);
        row.map(|row| &row.plan)
    }

    fn options(&self) -> Vec<(String, String)> {
        let choose = (String::new(), "Choose a customer".to_owned());
        let named = self.customers.iter().map(|customer| {
            let id = customer.id.to_string();
            let words = match self.plan_of(&id) {
                Some(plan) => format!("{} ({})", customer.name, plan.name),
                None => customer.name.clone(),
            };
            (id, words)
        });
        [choose].into_iter().chain(named).collect()
    }
}

/// The volumes that take new accounts; the default one is chosen by saying nothing.
fn volume_choices(reports: &[VolumeReport]) -> Vec<(String, String)> {
    let open = reports.iter().filter(|report| !report.volume.is_closed);
    let (default, others): (Vec<_>, Vec<_>) = open.partition(|report| report.volume.is_default);
    if others.is_empty() {
        return Vec::new();
    }
    let default = default.into_iter().map(|report| {
        let words = format!("{} (default)", report.volume.name);
        (String::new(), words)
    });
    let others = others.into_iter().map(|report| {
        let volume = &report.volume;
        (volume.id.to_string(), volume.name.clone())
    });
    default.chain(others).collect()
}

fn page(app: &App, admin: &Admin, choices: &Choices, form: Form) -> CreatePage {
    let policy = app.settings.current().tls_policy;
    let mut page = filled(policy, admin.layout("New account"), choices, form);
    page.may_edit_plans = admin.may(Right::ManageCustomers);
    page
}

fn filled(policy: TlsPolicy, layout: Layout, choices: &Choices, form: Form) -> CreatePage {
    let plan = choices.plan_of(form.value("customer"));
    let is_taken = form.error_text("username").ends_with(" is taken");
    let is_its = |row: &&PlanRow| plan.is_none_or(|plan| plan.id == row.plan.id);
    let open: Vec<&Plan> = choices
        .plans
        .iter()
        .filter(is_its)
        .map(|row| &row.plan)
        .collect();
    CreatePage {
        layout: layout.with_errors(!form.is_fine()),
        taken_url: if is_taken {
            format!("/admin/accounts/{}", encoded(form.value("username").trim()))
        } else {
            String::new()
        },
        customers: choices.options(),
        volumes: choices.volumes.clone(),
        profiles: account_form::profiles(),
        rules: account_form::rules(policy),
        limits: account_form::lines_of_plans(&open),
        plans: choices.plans.iter().filter(is_its).map(panel).collect(),
        may_edit_plans: false,
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::sample_records::{customer, plan, plan_row};

    let mut wrong = Form::new()
        .with("username", "kestrel-print")
        .with("customer", customer().id)
        .with("pw", "own");
    account_form::fill(&mut wrong, &AccountSettings::default(), Some(&plan()));
    wrong.refuse("username", "kestrel-print is taken");
    wrong.refuse("password", PasswordError::TooShort);
    wrong.refuse("bytes", "Storage limit must be a number, for example 50");
    let page = |form: Form| {
        let choices = Choices {
            customers: vec![customer()],
            plans: vec![plan_row()],
            volumes: vec![(String::new(), "Files (default)".to_owned())],
        };
        let layout = Layout::sample("New account", "/admin/accounts/new");
        let page = filled(TlsPolicy::Required, layout, &choices, form);
        page.to_string()
    };
    vec![
        ("account-new", page(Form::new())),
        ("account-new-errors", page(wrong)),
    ]
}
