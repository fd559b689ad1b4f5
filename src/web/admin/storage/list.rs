//! `/admin/storage`: every volume, and the room on its disk.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;
use crate::hosting::volumes::VolumeReport;
use crate::model::{Right, VolumeRow};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::volume_row::VolumeLine;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/storage", get(show))
        .route("/storage/look", post(look))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/storage/list.html")]
struct ListPage {
    layout: Layout,
    may_manage: bool,
    rows: Vec<VolumeLine>,
}

async fn show(State(app): State<App>, admin: Admin) -> Result<ListPage, PageError> {
    let booked = app.volumes.rows().await;
    let booked = booked.map_err(|error| PageError::unavailable(&error))?;
    let may_manage = admin.may(Right::ChangeSettings);
    let layout = admin.layout("Storage");
    Ok(page(layout, may_manage, (&app.volumes.reports(), &booked)))
}

/// Writes a small file to every volume, all at the same time.
async fn look(
    State(app): State<App>,
    admin: Admin,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let all = app.volumes.reports();
    let probes = all.iter().map(|report| app.volumes.probe(report.volume.id));
    let answers = futures_util::future::join_all(probes).await;
    let notice = match answers.iter().filter(|answer| answer.is_err()).count() {
        0 => Notice::VolumesWork.into(),
        failed => Notice::VolumesFail.of(failed.to_string()),
    };
    Ok(admin.see_other("/admin/storage", notice))
}

fn page(
    layout: Layout,
    may_manage: bool,
    (reports, booked): (&[VolumeReport], &[VolumeRow]),
) -> ListPage {
    let row = |report: &VolumeReport| {
        let row = booked.iter().find(|row| row.volume.id == report.volume.id);
        VolumeLine::new(report, row, layout.now)
    };
    ListPage {
        rows: reports.iter().map(row).collect(),
        may_manage,
        layout,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::hosting::volumes::Condition;
    use crate::web::volume_row::tests::sample;

    let (reports, booked): (Vec<_>, Vec<_>) = [
        Condition::Ready,
        Condition::Unmarked,
        Condition::Failing("Input/output error".to_owned()),
    ]
    .map(sample)
    .into_iter()
    .unzip();
    let layout = Layout::sample("Storage", "/admin/storage");
    let page = page(layout, true, (&reports, &booked));
    vec![("storage", page.to_string())]
}
