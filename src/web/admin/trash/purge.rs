//! `/admin/trash/{account}/purge`: asks before files are removed for good.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::hosting::trash::TrashError;
use crate::model::{AccountId, Right};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::trash_row::TrashRow;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/trash/{account}/purge", get(ask).post(purge))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/trash/purge.html")]
struct PurgePage {
    layout: Layout,
    row: TrashRow,
}

async fn ask(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<AccountId>,
) -> Result<PurgePage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let entry = app.trash.get(id).await?;
    let layout = admin.layout(format!("Delete files of {}", entry.username));
    Ok(PurgePage {
        row: TrashRow::new(&entry, layout.now),
        layout,
    })
}

async fn purge(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<AccountId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    match app.trash.purge(&admin.actor, id).await {
        Ok(job) => {
            let notice = Notice::PurgeBegun.of(job.subject);
            Ok(admin.see_other(&format!("/admin/jobs/{}", job.id), notice))
        }
        Err(TrashError::Purging | TrashError::Restoring) => {
            Ok(admin.see_other("/admin/trash", Notice::PurgeRuns))
        }
        Err(error) => Err(error.into()),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::TrashState;
    use crate::web::trash_row::tests::entry;

    let layout = Layout::sample("Delete files", "/admin/trash/1/purge");
    let page = PurgePage {
        row: TrashRow::new(&entry(TrashState::Trashed), layout.now),
        layout,
    };
    vec![("trash-purge", page.to_string())]
}
