//! `/admin/plans`: the limits that customers and accounts inherit.

mod create;
mod delete;
mod edit;
mod list;

use axum::Router;

use crate::web::state::Web;

/// The pages about plans.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(edit::routes())
        .merge(delete::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [
        create::samples(),
        delete::samples(),
        edit::samples(),
        list::samples(),
    ]
    .concat()
}
