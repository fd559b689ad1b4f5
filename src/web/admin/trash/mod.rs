//! `/admin/trash`: files of deleted accounts.

mod list;
mod purge;
mod restore;

use axum::Router;

use crate::web::state::Web;

/// The pages about the trash.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(purge::routes())
        .merge(restore::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [list::samples(), purge::samples(), restore::samples()].concat()
}
