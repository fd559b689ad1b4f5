//! `/admin/storage/new`: add a folder as a volume.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::volumes::NewVolume;
use crate::model::Right;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::limit_field::LimitField;
use crate::web::state::Web;
use crate::web::volume_form::{self, RESERVE};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/storage/new", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/storage/create.html")]
struct CreatePage {
    layout: Layout,
    form: Form,
    reserve: LimitField,
}

async fn show(admin: Admin) -> Result<CreatePage, PageError> {
    admin.require(Right::ChangeSettings)?;
    Ok(page(admin.layout("Add volume"), Form::new()))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    if let Some(typed) = volume_form::read(&mut form, true) {
        let new = NewVolume {
            name: typed.name,
            root: typed.root,
            reserve: typed.reserve,
            is_default: form.is("is_default", "yes"),
        };
        match app.volumes.add(&admin.actor, new).await {
            Ok(volume) => {
                let notice = Notice::VolumeAdded.of(volume.name);
                return Ok(admin.see_other("/admin/storage", notice));
            }
            Err(error) => volume_form::refuse(&mut form, error)?,
        }
    }
    let page = page(admin.layout("Add volume"), form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(layout: Layout, form: Form) -> CreatePage {
    CreatePage {
        layout: layout.with_errors(!form.is_fine()),
        form,
        reserve: RESERVE,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::hosting::volumes::RootError;

    let sample = |form: Form| {
        let layout = Layout::sample("Add volume", "/admin/storage/new");
        page(layout, form).to_string()
    };
    let mut wrong = Form::new().with("name", "Second").with("root", "/etc");
    wrong.refuse("root", RootError::System("/etc".to_owned()));
    vec![
        ("storage-new", sample(Form::new())),
        ("storage-new-errors", sample(wrong)),
    ]
}
