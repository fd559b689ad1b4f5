//! `/admin/storage/{id}`: one volume.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::volumes::{Condition, VolumeError, VolumeReport, VolumeSettings};
use crate::model::{Right, Version, VolumeId, VolumeRow};
use crate::web::auth::{Admin, Submitted};
use crate::web::conflict::Conflict;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::limit_field::LimitField;
use crate::web::state::Web;
use crate::web::volume_form::{self, RESERVE, has_root};
use crate::web::volume_row::{VolumeLine, volume};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/storage/{id}", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/storage/edit.html")]
struct EditPage {
    layout: Layout,
    may_manage: bool,
    form: Form,
    version: Version,
    conflict: Option<Conflict>,
    line: VolumeLine,
    reserve: LimitField,
    has_root: bool,
    /// Whether the folder lacks nothing but its mark.
    is_unmarked: bool,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
) -> Result<EditPage, PageError> {
    let found = volume(&app, id).await?;
    let mut form = Form::new();
    volume_form::fill(&mut form, &found.1.volume);
    Ok(page(&admin, &found, form))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let seen = form.value("version").parse::<Version>();
    let typed = volume_form::read(&mut form, has_root(id));
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Ok(seen), Some(typed)) = (seen, typed) {
        let settings = VolumeSettings {
            name: typed.name,
            root: typed.root,
            reserve: typed.reserve,
            is_closed: !form.is("takes", "yes"),
            is_default: form.is("is_default", "yes"),
        };
        match app.volumes.change(&admin.actor, id, seen, settings).await {
            Ok(_) => return Ok(admin.see_other("/admin/storage", Notice::Saved)),
            Err(VolumeError::Stale) => status = StatusCode::CONFLICT,
            Err(error) => volume_form::refuse(&mut form, error)?,
        }
    }
    let mut page = page(&admin, &volume(&app, id).await?, form);
    if status == StatusCode::CONFLICT {
        let id = id.to_string();
        page.conflict = Some(Conflict::about(&app, &id, "this volume", &page.layout).await?);
    }
    Ok((status, page).into_response())
}

fn page(admin: &Admin, found: &(VolumeReport, VolumeRow), form: Form) -> EditPage {
    let layout = admin.layout(format!("Volume {}", found.0.volume.name));
    filled(layout, admin.may(Right::ChangeSettings), found, form)
}

fn filled(
    layout: Layout,
    may_manage: bool,
    (report, row): &(VolumeReport, VolumeRow),
    form: Form,
) -> EditPage {
    EditPage {
        line: VolumeLine::new(report, Some(row), layout.now),
        layout: layout.with_errors(!form.is_fine()),
        may_manage,
        version: row.volume.version,
        conflict: None,
        reserve: RESERVE,
        has_root: has_root(row.volume.id),
        is_unmarked: report.condition == Condition::Unmarked,
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::volume_row::tests::sample;

    let page = |may_manage, condition| {
        let found = sample(condition);
        let mut form = Form::new();
        volume_form::fill(&mut form, &found.1.volume);
        let layout = Layout::sample("Volume", "/admin/storage/1");
        filled(layout, may_manage, &found, form).to_string()
    };
    vec![
        ("storage-volume", page(true, Condition::Ready)),
        ("storage-volume-missing", page(true, Condition::Unmarked)),
        ("storage-volume-auditor", page(false, Condition::Ready)),
    ]
}
