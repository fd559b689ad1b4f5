//! `/setup/address`: the name that customers type, and the ports that must be open.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::network::{NetworkChange, NetworkError};
use crate::model::{PortRange, PublicAddress, Right};
use crate::settings::SettingsError;
use crate::web::auth::{Admin, Submitted};
use crate::web::card::control_port;
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::layout::SignedOutLayout;
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/address", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/setup/address.html")]
struct AddressPage {
    layout: SignedOutLayout,
    form: Form,
    step: u8,
    control: String,
    ports: usize,
}

const TITLE: &str = "Set-up, step 2 of 4";

async fn show(
    State(app): State<App>,
    admin: Admin,
    headers: HeaderMap,
) -> Result<AddressPage, PageError> {
    admin.require(Right::ChangeSettings)?;
    let settings = app.settings.current();
    let host = if settings.host_name.is_empty() {
        guessed_host(&headers)
    } else {
        settings.host_name.clone()
    };
    let form = Form::new()
        .with("host_name", host)
        .with("public_address", &settings.public_address)
        .with("first_port", settings.passive_ports.first())
        .with("last_port", settings.passive_ports.last());
    Ok(page(&app, &admin, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let host = form.value("host_name").trim().to_owned();
    let public = form.read::<PublicAddress>("public_address");
    let range = read_range(&mut form);
    let (Some(public), Some(range)) = (public, range) else {
        return Ok(again(&app, &admin, form));
    };
    if let Err(error) = save(&app, &admin, host, (public, range)).await {
        refuse(&mut form, error)?;
        return Ok(again(&app, &admin, form));
    }
    Ok(Redirect::to("/setup/account").into_response())
}

async fn save(
    app: &App,
    admin: &Admin,
    host: String,
    (public_address, passive_ports): (PublicAddress, PortRange),
) -> Result<(), NetworkError> {
    let now = app.clock.now();
    let current = app.settings.current();
    let change = NetworkChange {
        passive_ports,
        public_address,
        address_rules: current.address_rules.clone(),
        active_mode: current.active_mode,
        active_source_port_20: current.active_source_port_20,
    };
    app.network.change(&admin.actor, change).await?;
    let rows = [("host_name".to_owned(), host)];
    app.settings.change(&admin.actor, &rows, now).await?;
    Ok(())
}

fn read_range(form: &mut Form) -> Option<PortRange> {
    let port = |text: &str| text.trim().parse::<u16>().ok();
    let Some(first) = port(form.value("first_port")) else {
        form.refuse(
            "first_port",
            "First port must be a number from 1024 to 65535",
        );
        return None;
    };
    let Some(last) = port(form.value("last_port")) else {
        form.refuse("last_port", "Last port must be a number from 1024 to 65535");
        return None;
    };
    let field = if first > last {
        "last_port"
    } else {
        "first_port"
    };
    form.check(field, PortRange::new(first, last))
}

/// Puts an error beside its field; what belongs to no field is a page of its own.
fn refuse(form: &mut Form, error: NetworkError) -> Result<(), PageError> {
    match error {
        NetworkError::Bind(bind) => form.refuse("first_port", bind),
        NetworkError::Settings(SettingsError::Invalid(problems)) => {
            for problem in problems {
                let field = match problem.key.as_str() {
                    "passive_ports" => "first_port",
                    key => key,
                };
                form.refuse(field, problem.problem);
            }
        }
        other => return Err(other.into()),
    }
    Ok(())
}

/// The name in the browser's address line, if it is one that customers could type too.
fn guessed_host(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let name = host
        .and_then(|host| host.split(':').next())
        .unwrap_or_default();
    let is_name = name.contains('.') && name.chars().any(|c| c.is_ascii_alphabetic());
    if is_name {
        name.to_owned()
    } else {
        String::new()
    }
}

fn page(app: &App, admin: &Admin, form: Form) -> AddressPage {
    AddressPage {
        layout: admin.wizard(TITLE).with_errors(!form.is_fine()),
        form,
        step: 2,
        control: control_port(app).to_string(),
        ports: app.settings.current().passive_ports.count(),
    }
}

fn again(app: &App, admin: &Admin, form: Form) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page(app, admin, form)).into_response()
}

/// The step as it is found, and with a range that cannot be.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    let filled = || {
        Form::new()
            .with("host_name", "ftp.northlight.example")
            .with("public_address", "auto")
            .with("first_port", 30_000)
            .with("last_port", 30_019)
    };
    let mut wrong = filled().with("last_port", 29_000);
    assert!(read_range(&mut wrong).is_none());
    let page = |form: Form| {
        let layout = SignedOutLayout::sample(TITLE).with_errors(!form.is_fine());
        AddressPage {
            layout,
            form,
            step: 2,
            control: "2121".to_owned(),
            ports: 20,
        }
        .to_string()
    };
    vec![("setup-2", page(filled())), ("setup-2-errors", page(wrong))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_name_is_suggested() {
        for (host, suggested) in [
            ("ftp.example.net:8080", "ftp.example.net"),
            ("localhost:8080", ""),
            ("10.0.0.1:8080", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());

            assert_eq!(guessed_host(&headers), suggested);
        }
    }
}
