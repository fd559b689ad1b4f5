//! The pages of the administration, one file each.

use axum::Router;

use super::state::Web;

mod accounts;
mod audit;
mod customers;
mod disconnect;
mod jobs;
mod live;
mod network;
mod overview;
mod plans;
mod session;
mod settings;
pub(super) mod setup;
mod sign_in;
mod storage;
mod transfers;
mod trash;

/// Every page below `/admin`.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .merge(accounts::routes())
        .merge(audit::routes())
        .merge(customers::routes())
        .merge(disconnect::routes())
        .merge(jobs::routes())
        .merge(live::routes())
        .merge(network::routes())
        .merge(plans::routes())
        .merge(overview::routes())
        .merge(super::recount::routes())
        .merge(session::routes())
        .merge(settings::routes())
        .merge(sign_in::routes())
        .merge(storage::routes())
        .merge(transfers::routes())
        .merge(trash::routes())
}

/// Every page with made-up values.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    [
        accounts::samples(),
        audit::samples(),
        customers::samples(),
        disconnect::samples(),
        jobs::samples(),
        live::samples(),
        network::samples(),
        plans::samples(),
        overview::samples(),
        session::samples(),
        settings::samples(),
        setup::samples(),
        sign_in::samples(),
        storage::samples(),
        transfers::samples(),
        trash::samples(),
    ]
    .concat()
}
