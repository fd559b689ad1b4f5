//! `/admin/storage/{id}/remove`: remove a volume on which nobody has anything.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::volumes::{VolumeError, VolumeReport};
use crate::model::{Right, VolumeId, VolumeRow};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::volume_row::volume;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/storage/{id}/remove", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/storage/remove.html")]
struct RemovePage {
    layout: Layout,
    form: Form,
    name: String,
    root: String,
    url: String,
    /// Why it cannot be removed; empty if it can.
    obstacle: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
) -> Result<RemovePage, PageError> {
    admin.require(Right::ChangeSettings)?;
    let found = volume(&app, id).await?;
    Ok(page(&admin, &found, Form::new()))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<VolumeId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    match app.volumes.remove(&admin.actor, id).await {
        Ok(removed) => {
            let notice = Notice::VolumeRemoved.of(removed.name);
            Ok(admin.see_other("/admin/storage", notice))
        }
        Err(VolumeError::InUse { .. } | VolumeError::IsDefault | VolumeError::IsFirst) => {
            let found = volume(&app, id).await?;
            form.refuse_all(obstacle(&found.1));
            let page = page(&admin, &found, form);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn page(admin: &Admin, found: &(VolumeReport, VolumeRow), form: Form) -> RemovePage {
    let layout = admin.layout(format!("Remove volume {}", found.0.volume.name));
    filled(layout, found, form)
}

fn filled(layout: Layout, (report, row): &(VolumeReport, VolumeRow), form: Form) -> RemovePage {
    RemovePage {
        layout: layout.with_errors(!form.is_fine()),
        form,
        name: report.volume.name.clone(),
        root: report.root.display().to_string(),
        url: format!("/admin/storage/{}", report.volume.id),
        obstacle: obstacle(row),
    }
}

/// Why a volume cannot be removed; empty if it can.
fn obstacle(row: &VolumeRow) -> String {
    let accounts = plural(row.accounts, "account lives", "accounts live");
    let deleted = plural(
        row.deleted_accounts,
        "deleted account has left files",
        "deleted accounts have left files",
    );
    if row.volume.id == VolumeId::FIRST {
        return "It belongs to the data directory and stays. It can be closed for new accounts."
            .to_owned();
    }
    match (row.accounts, row.deleted_accounts) {
        (0, 0) if row.volume.is_default => {
            "New accounts go there. Make another volume the default first.".to_owned()
        }
        (0, 0) => String::new(),
        (0, _) => format!("{deleted} there. Delete them from the trash first."),
        (_, 0) => format!("{accounts} there. Delete them first; an account stays on its volume."),
        (..) => format!("{accounts} there, and {deleted}. Delete both first."),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::hosting::volumes::Condition;
    use crate::web::volume_row::tests::sample;

    let page = |found: &(VolumeReport, VolumeRow)| {
        let layout = Layout::sample("Remove volume", "/admin/storage/1/remove");
        filled(layout, found, Form::new()).to_string()
    };
    let mut found = sample(Condition::Ready);
    let used = page(&found);
    (found.1.accounts, found.1.deleted_accounts) = (0, 0);
    vec![
        ("storage-remove-used", used),
        ("storage-remove", page(&found)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::volumes::Condition;
    use crate::web::volume_row::tests::sample;

    #[test]
    fn whoever_is_in_the_way_is_counted() {
        let (_, mut row) = sample(Condition::Ready);
        let told = |row: &VolumeRow| obstacle(row);

        assert!(told(&row).starts_with("1,204 accounts live there, and 2 deleted accounts"));
        row.deleted_accounts = 0;
        assert!(told(&row).starts_with("1,204 accounts live there. Delete"));
        (row.accounts, row.deleted_accounts) = (0, 1);
        assert!(told(&row).starts_with("1 deleted account has left files there."));
        row.deleted_accounts = 0;
        assert_eq!(told(&row), "");
        row.volume.is_default = true;
        assert!(told(&row).starts_with("New accounts go there."));
    }
}
