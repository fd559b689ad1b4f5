//! `/admin/sign-in` and `/admin/sign-out`: the way in and out.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::app::App;
use crate::hosting::admins::AdminError;
use crate::model::Secret;
use crate::web::auth::{Admin, Guest, Submitted};
use crate::web::error::{PageError, wait_words};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::SignedOutLayout;
use crate::web::own_path::own_path;
use crate::web::state::Web;
use crate::web::visitor::{forget, leave, remember};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/sign-in", get(show).post(submit))
        .route("/sign-out", post(sign_out))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/sign_in.html")]
struct SignInPage {
    layout: SignedOutLayout,
    form: Form,
    /// What is wrong, as the heading of the summary; empty at first.
    refused: String,
    /// The sign-in ended by itself.
    ended: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Arrival {
    #[serde(default)]
    next: String,
    #[serde(default)]
    ended: String,
}

async fn show(
    State(app): State<App>,
    guest: Guest,
    Query(arrival): Query<Arrival>,
) -> Result<Response, PageError> {
    if guest.visitor.session().is_some() {
        return Ok(Redirect::to(own_path(&arrival.next)).into_response());
    }
    if app.setup.is_open().await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let page = SignInPage {
        layout: guest.layout("Sign in"),
        form: Form::new().with("next", own_path(&arrival.next)),
        refused: String::new(),
        ended: !arrival.ended.is_empty(),
    };
    Ok(page.into_response())
}

async fn submit(
    State(app): State<App>,
    guest: Guest,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    let email = form.value("email").trim().to_owned();
    let password = Secret::new(form.value("password").to_owned());
    form.forget("password");
    match app
        .admins
        .sign_in(&email, &password, guest.visitor.browser())
        .await
    {
        Ok(signed_in) => {
            let mut response = Redirect::to(own_path(form.value("next"))).into_response();
            remember(
                &signed_in.token,
                response.headers_mut(),
                guest.visitor.is_secure(),
            );
            Ok(response)
        }
        Err(error @ AdminError::Incorrect) => Ok(refused(
            &guest,
            form,
            error.to_string(),
            StatusCode::UNPROCESSABLE_ENTITY,
        )),
        Err(AdminError::TooManyTries { wait_seconds }) => {
            let text = format!("Too many tries. Wait {}", wait_words(wait_seconds));
            Ok(refused(&guest, form, text, StatusCode::TOO_MANY_REQUESTS))
        }
        Err(other) => Err(other.into()),
    }
}

async fn sign_out(
    State(app): State<App>,
    admin: Admin,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    app.admins
        .sign_out(admin.session(), admin.visitor().browser())
        .await?;
    let secure = admin.visitor().is_secure();
    let mut response = Redirect::to("/admin/sign-in").into_response();
    let headers = response.headers_mut();
    forget(headers, secure);
    leave(&Notice::SignedOut.into(), headers, secure);
    Ok(response)
}

fn refused(guest: &Guest, form: Form, text: String, status: StatusCode) -> Response {
    let layout = guest.layout("Sign in").with_errors(true);
    (
        status,
        SignInPage {
            layout,
            form,
            refused: text,
            ended: false,
        },
    )
        .into_response()
}

/// The page at first, and after a wrong password.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let page = |refused: &str| SignInPage {
        layout: SignedOutLayout::sample("Sign in").with_errors(!refused.is_empty()),
        form: Form::new().with("email", "mara@northlight.example"),
        refused: refused.to_owned(),
        ended: refused.is_empty(),
    };
    vec![
        ("sign-in", page("").to_string()),
        (
            "sign-in-error",
            page("E-mail or password is wrong").to_string(),
        ),
    ]
}
