//! `/healthz` (the process answers), `/readyz` (it can serve customers) and `/metrics`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::app::App;
use crate::hosting::health::{Health, Patient};
use crate::net::PortState;
use crate::telemetry::{Held, PassiveState};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// The three addresses.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

async fn ready(State(app): State<App>) -> Response {
    let health = Health::of(Patient {
        foundation: &app.foundation,
        volumes: &app.volumes,
        certificates: &app.certificates,
        network: &app.network,
    })
    .await;
    let ready = health.is_good();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Readiness {
            ready,
            problems: health.problems,
            warnings: health.warnings,
        }),
    )
        .into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    app.metrics.set_sessions(app.sessions.count());
    app.metrics.set_passwords(app.passwords.at_work());
    let reserved = app.ledger.reserved();
    app.metrics.set_held(Held {
        transfers: app.sessions.transfers(),
        port_waits: app.passive_ports.counters().waiting,
        reservations: reserved.uploads,
        reserved_bytes: reserved.bytes,
        files: app.volumes.in_flight(),
    });
    app.metrics.set_journal(app.journal.tally());
    let ports = app.network.ports();
    for state in [
        PassiveState::Free,
        PassiveState::Reserved,
        PassiveState::Connected,
        PassiveState::Failing,
    ] {
        let count = ports
            .iter()
            .filter(|port| class(&port.state) == state)
            .count();
        app.metrics.set_passive_ports(state, count);
    }
    ([(CONTENT_TYPE, OPEN_METRICS)], app.metrics.render()).into_response()
}

fn class(state: &PortState) -> PassiveState {
    match state {
        PortState::Free => PassiveState::Free,
        PortState::Reserved(_) => PassiveState::Reserved,
        PortState::Connected(_) | PortState::Draining => PassiveState::Connected,
        PortState::Failing(_) | PortState::Foreign => PassiveState::Failing,
    }
}
