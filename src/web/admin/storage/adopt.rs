//! `/admin/storage/{id}/adopt`: marks the folder of a volume again, after asking whether it is the right
//! one.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::quota::RecountSpec;
use crate::hosting::volumes::{VolumeError, VolumeReport};
use crate::model::{Right, VolumeId};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::volume_row::volume;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/storage/{id}/adopt", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/storage/adopt.html")]
struct AdoptPage {
    layout: Layout,
    form: Form,
    name: String,
    root: String,
    url: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
) -> Result<AdoptPage, PageError> {
    admin.require(Right::ChangeSettings)?;
    let (report, _) = volume(&app, id).await?;
    Ok(page(admin.layout("Mark the folder"), &report, Form::new()))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let refusal = match app.volumes.adopt(&admin.actor, id).await {
        Ok(found) => {
            // Nobody knows what happened to its files meanwhile.
            app.jobs
                .queue(&admin.actor, RecountSpec::All.job(""))
                .await?;
            let notice = Notice::VolumeAdopted.of(found.name);
            return Ok(admin.see_other("/admin/storage", notice));
        }
        Err(VolumeError::NotUnmarked) => {
            "The folder does not lack its mark any more. Nothing was changed".to_owned()
        }
        Err(VolumeError::Root(error)) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    form.refuse_all(refusal);
    let (report, _) = volume(&app, id).await?;
    let page = page(admin.layout("Mark the folder"), &report, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(layout: Layout, report: &VolumeReport, form: Form) -> AdoptPage {
    AdoptPage {
        layout: layout.with_errors(!form.is_fine()),
        form,
        name: report.volume.name.clone(),
        root: report.root.display().to_string(),
        url: format!("/admin/storage/{}", report.volume.id),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::hosting::volumes::Condition;
    use crate::web::volume_row::tests::sample;

    let (report, _) = sample(Condition::Unmarked);
    let layout = Layout::sample("Mark the folder", "/admin/storage/1/adopt");
    vec![(
        "storage-adopt",
        page(layout, &report, Form::new()).to_string(),
    )]
}
