//! `/admin/jobs`: work that takes longer than an answer may.

mod list;
mod show;

use axum::Router;

use crate::web::state::Web;

/// The pages about jobs.
pub(crate) fn routes() -> Router<Web> {
    Router::new().merge(list::routes()).merge(show::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [list::samples(), show::samples()].concat()
}
