//! `POST /admin/me/theme`: light, dark, or as the system says.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use super::auth::{Admin, Submitted};
use super::error::PageError;
use super::own_path::own_path;
use super::state::Web;
use crate::app::App;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/me/theme", post(submit))
}

/// Remembers the theme and leads back to the page it was chosen on.
async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(form): Submitted,
) -> Result<Response, PageError> {
    let theme = match form.value("theme") {
        known @ ("light" | "dark") => known,
        _ => "auto",
    };
    app.admins
        .set_theme(admin.session().admin.id, theme)
        .await?;
    Ok(Redirect::to(own_path(form.value("back"))).into_response())
}
