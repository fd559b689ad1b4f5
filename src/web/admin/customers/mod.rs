//! `/admin/customers`: who owns accounts and shares a pool among them.

mod create;
mod danger;
mod edit;
mod list;
mod show;

use axum::Router;

use crate::web::state::Web;

/// The pages about customers.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(show::routes())
        .merge(edit::routes())
        .merge(danger::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [
        create::samples(),
        danger::samples(),
        edit::samples(),
        list::samples(),
        show::samples(),
    ]
    .concat()
}
