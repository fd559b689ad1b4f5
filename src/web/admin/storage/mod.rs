//! `/admin/storage`: volumes, the folders that hold the files of accounts.

mod adopt;
mod create;
mod edit;
mod list;
mod remove;

use axum::Router;

use crate::web::state::Web;

/// The pages about volumes.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(edit::routes())
        .merge(adopt::routes())
        .merge(remove::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [
        adopt::samples(),
        create::samples(),
        edit::samples(),
        list::samples(),
        remove::samples(),
    ]
    .concat()
}
