//! The pages of the administration, one file each.

use axum::Router;

use super::state::Web;

mod disconnect;
mod live;
mod session;
mod sign_in;

/// Every page below `/admin`.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .merge(disconnect::routes())
        .merge(live::routes())
        .merge(session::routes())
        .merge(sign_in::routes())
}

/// Every page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    [
        disconnect::samples(),
        live::samples(),
        session::samples(),
        sign_in::samples(),
    ]
    .concat()
}
