//! The browser door: pages for administrators, rendered on the server, complete without script.
//!
//! The kit is here, the pages are in [`admin`]. A page takes an [`auth::Admin`], asks the services of
//! [`crate::app::App`], fills one struct and lets its twin template print it.
//!
//! A new page: `admin/<page>.rs` with `routes()`, its page struct and `samples()`; the twin
//! `templates/admin/<page>.html`; one line in `admin/mod.rs`; one in `samples.rs`; an entry in
//! `layout::NAV` if it has a link of its own. A form is taken with [`auth::Submitted`], shown again
//! with status 422 if something is wrong, and answered with [`auth::Admin::see_other`] if not.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use own_path::without_slash;
use state::Web;

mod access_form;
mod account_activity;
mod account_filter;
mod account_form;
mod account_head;
mod account_lookup;
mod admin;
mod assets;
mod attention;
mod audit_row;
mod auth;
mod card;
mod chart;
mod conflict;
mod cookie;
mod csrf;
mod csv;
mod customer_filter;
mod customer_form;
mod customer_head;
mod error;
mod facts;
mod firewall_tabs;
mod flash;
mod form;
mod format;
mod headers;
mod icon;
mod import_row;
mod job_row;
mod journal_filter;
mod layout;
mod limit_field;
mod live;
mod meter;
mod network_advice;
mod network_form;
mod new_password;
mod now_tiles;
mod own_path;
mod plan_facts;
mod plan_form;
mod port_lines;
mod port_map;
mod recent;
mod recount;
mod refusal;
mod rule_rows;
#[cfg(test)]
mod sample_records;
#[cfg(test)]
mod samples;
mod session_row;
mod setting_field;
mod state;
mod stream;
mod strip;
mod table;
mod theme;
mod told;
mod traffic_buckets;
mod traffic_words;
mod transfer_row;
mod trash_row;
mod upload;
mod usage_tile;
mod visitor;
mod volume_form;
mod volume_row;

/// Most bytes of a form.
const BODY_LIMIT_BYTES: usize = 256 * 1_024;
/// Longest time until an answer begins.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Every page, with everything that stands before it. The outermost layer is the last one.
pub fn router(app: App) -> Router {
    let web = Web::new(app);
    let pages = Router::new()
        .route("/", get(|| async { Redirect::to("/admin") }))
        .nest("/admin", admin::routes().merge(theme::routes()))
        .nest("/setup", admin::setup::routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(CatchPanicLayer::custom(refusal::PanicPage))
        .layer(from_fn_with_state(web.clone(), csrf::same_origin))
        .layer(from_fn_with_state(web.clone(), refusal::pages))
        .layer(from_fn_with_state(web.clone(), visitor::recognise));
    // Assets are for everybody: they ask nobody's name.
    pages
        .merge(assets::routes())
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(web.clone(), headers::secure))
        .with_state(web)
}

/// What is not there; an address with a slash too many leads to the page that was meant.
async fn nowhere(method: Method, OriginalUri(address): OriginalUri) -> Response {
    let reads = matches!(method, Method::GET | Method::HEAD);
    match without_slash(&address).filter(|_| reads) {
        Some(page) => Redirect::permanent(&page).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
