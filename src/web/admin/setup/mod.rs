//! `/setup`: the first run. The owner first, with the code from the server's log; then the address
//! that customers use, a first account if one is wanted, and a look at what is ready.

mod account;
mod address;
mod done;
mod owner;

use axum::Router;

use crate::web::state::Web;

/// The steps of the first run.
pub(in crate::web) fn routes() -> Router<Web> {
    Router::new()
        .merge(owner::routes())
        .merge(address::routes())
        .merge(account::routes())
        .merge(done::routes())
}

/// Every step with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    [
        owner::samples(),
        address::samples(),
        account::samples(),
        done::samples(),
    ]
    .concat()
}
