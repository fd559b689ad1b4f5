//! `/setup`: makes the owner, once.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::hosting::admins::{AdminError, NewAdmin};
use crate::hosting::setup::SetupError;
use crate::model::{Role, Secret};
use crate::web::auth::{Guest, Submitted};
use crate::web::error::{PageError, wait_words};
use crate::web::form::Form;
use crate::web::layout::SignedOutLayout;
use crate::web::state::Web;
use crate::web::visitor::remember;

pub(super) fn routes() -> Router<Web> {
    // The address printed at the start names the step and carries the code.
    Router::new()
        .route("/", get(show).post(submit))
        .route("/1", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/setup/owner.html")]
struct OwnerPage {
    layout: SignedOutLayout,
    form: Form,
    step: u8,
}

impl OwnerPage {
    fn new(layout: SignedOutLayout, form: Form) -> Self {
        Self {
            layout: layout.with_errors(!form.is_fine()),
            form,
            step: 1,
        }
    }
}

const TITLE: &str = "Set-up, step 1 of 4";

#[derive(Debug, Default, Deserialize)]
struct Arrival {
    #[serde(default)]
    code: String,
}

async fn show(
    State(app): State<App>,
    guest: Guest,
    Query(arrival): Query<Arrival>,
) -> Result<Response, PageError> {
    if app.setup.is_open().await? {
        let form = Form::new().with("code", arrival.code);
        return Ok(OwnerPage::new(guest.layout(TITLE), form).into_response());
    }
    // The owner who reloads goes on; everybody else hears that there is nothing here.
    match guest.visitor.session() {
        Some(_) => Ok(Redirect::to("/setup/address").into_response()),
        None => Err(SetupError::Over.into()),
    }
}

async fn submit(
    State(app): State<App>,
    guest: Guest,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    let code = form.text("code", "Enter the set-up code");
    let name = form.text("name", "Enter your name");
    let email = form.text("email", "Enter your e-mail address");
    let password = form.value("password").to_owned();
    form.forget("password");
    if password.is_empty() {
        form.refuse("password", "Enter a password");
    }
    let (Some(code), Some(name), Some(email), true) = (code, name, email, form.is_fine()) else {
        return Ok(again(&guest, form, StatusCode::UNPROCESSABLE_ENTITY));
    };
    let owner = NewAdmin {
        name,
        email,
        password: Secret::new(password),
        role: Role::Owner,
    };
    match app
        .setup
        .create_owner(&code, owner, guest.visitor.browser())
        .await
    {
        Ok(signed_in) => {
            let mut response = Redirect::to("/setup/address").into_response();
            remember(
                &signed_in.token,
                response.headers_mut(),
                guest.visitor.is_secure(),
            );
            Ok(response)
        }
        Err(error) => {
            let status = match error {
                SetupError::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let field = field_of(&error).ok_or(error)?;
            form.refuse(field.0, field.1);
            Ok(again(&guest, form, status))
        }
    }
}

/// The field that an error belongs to, and its words; `None` if it is nobody's fault.
fn field_of(error: &SetupError) -> Option<(&'static str, String)> {
    let field = match error {
        SetupError::TooManyTries { wait_seconds } => {
            let text = format!("Too many wrong codes. Wait {}", wait_words(*wait_seconds));
            return Some(("code", text));
        }
        SetupError::WrongCode => "code",
        SetupError::Over => return None,
        SetupError::Admin(admin) => match admin {
            AdminError::BadName => "name",
            AdminError::BadEmail | AdminError::Taken(_) => "email",
            AdminError::Password(_) => "password",
            AdminError::Incorrect
            | AdminError::TooManyTries { .. }
            | AdminError::NotFound
            | AdminError::Forbidden(_)
            | AdminError::Store(_) => return None,
        },
    };
    Some((field, error.to_string()))
}

fn again(guest: &Guest, form: Form, status: StatusCode) -> Response {
    let page = OwnerPage::new(guest.layout(TITLE), form);
    (status, page).into_response()
}

/// The step at first, and with errors.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    let mut wrong = Form::new()
        .with("name", "Mara Lindqvist")
        .with("email", "mara");
    wrong.refuse("code", SetupError::WrongCode);
    wrong.refuse("email", AdminError::BadEmail);
    let page = |form| OwnerPage::new(SignedOutLayout::sample(TITLE), form).to_string();
    vec![
        ("setup-1", page(Form::new())),
        ("setup-1-errors", page(wrong)),
    ]
}
