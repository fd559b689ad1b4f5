//! `/admin/trash/{account}/restore`: asks before a deleted account is made again, and under which name.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::accounts::AccountError;
use crate::hosting::trash::TrashError;
use crate::model::{AccountId, Right, TrashEntry, Username};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::trash_row::TrashRow;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/trash/{account}/restore", get(ask).post(restore))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/trash/restore.html")]
struct RestorePage {
    layout: Layout,
    row: TrashRow,
    form: Form,
}

async fn ask(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<AccountId>,
) -> Result<RestorePage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let entry = app.trash.get(id).await?;
    let form = Form::new().with("username", &entry.username);
    Ok(page(admin.layout(title(&entry)), &entry, form))
}

async fn restore(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<AccountId>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let entry = app.trash.get(id).await?;
    if let Some(name) = form.read::<Username>("username") {
        match app.trash.restore(&admin.actor, id, Some(name)).await {
            Ok(job) => {
                let notice = Notice::RestoreBegun.of(job.subject);
                return Ok(admin.see_other(&format!("/admin/jobs/{}", job.id), notice));
            }
            Err(TrashError::Purging | TrashError::Restoring) => {
                return Ok(admin.see_other("/admin/trash", Notice::RestoreRuns));
            }
            Err(error) => refuse(&mut form, error)?,
        }
    }
    let page = page(admin.layout(title(&entry)), &entry, form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Puts what is in the way beside its field or on top; what nobody can mend becomes a page.
fn refuse(form: &mut Form, error: TrashError) -> Result<(), PageError> {
    let Some(words) = error.obstacle() else {
        return Err(error.into());
    };
    if matches!(error, TrashError::Account(AccountError::Taken(_))) {
        form.refuse("username", words);
    } else {
        form.refuse_all(words);
    }
    Ok(())
}

fn title(entry: &TrashEntry) -> String {
    format!("Restore {}", entry.username)
}

fn page(layout: Layout, entry: &TrashEntry, form: Form) -> RestorePage {
    let layout = layout.with_errors(!form.is_fine());
    RestorePage {
        row: TrashRow::new(entry, layout.now),
        layout,
        form,
    }
}

/// The page for files in the trash, and for some that are partly gone under a name that is taken.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::TrashState;
    use crate::web::trash_row::tests::entry;

    let sample = |state, form| {
        let layout = Layout::sample("Restore kestrel-print", "/admin/trash/1/restore");
        page(layout, &entry(state), form).to_string()
    };
    let mut taken = Form::new().with("username", "kestrel-print");
    taken.refuse("username", "Another account is called kestrel-print");
    taken.refuse_all("It holds 41 GB, but only 1 GB of its customer's storage is free");
    let form = Form::new().with("username", "kestrel-print");
    vec![
        ("trash-restore", sample(TrashState::Trashed, form)),
        ("trash-restore-refused", sample(TrashState::Kept, taken)),
    ]
}
