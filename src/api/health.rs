//! `/healthz` (the process answers), `/readyz` (it can serve customers) and `/metrics`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::app::App;
use crate::net::PortState;
use crate::telemetry::PassiveState;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What stands between the service and its customers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Health {
    /// Whether nothing does.
    pub ready: bool,
    /// One sentence for each thing that does.
    pub problems: Vec<String>,
}

/// The three addresses.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

impl Health {
    /// Looks at the database, the data folder, the certificate and the passive ports.
    pub async fn of(app: &App) -> Self {
        let mut problems = Vec::new();
        if let Err(error) = app.foundation.ping().await {
            problems.push(format!("The database does not answer: {error}."));
        }
        if let Err(error) = app.volumes.probe().await {
            problems.push(format!("The data folder cannot be written: {error}."));
        }
        if app.certificates.facts().not_after <= app.clock.now() {
            problems.push("The TLS certificate has expired.".to_owned());
        }
        let is_usable =
            |state: &PortState| !matches!(state, PortState::Failing { .. } | PortState::Foreign);
        if !app
            .network
            .ports()
            .iter()
            .any(|port| is_usable(&port.state))
        {
            problems.push("No passive port is open.".to_owned());
        }
        Self {
            ready: problems.is_empty(),
            problems,
        }
    }
}

async fn ready(State(app): State<App>) -> Response {
    let health = Health::of(&app).await;
    let status = if health.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health)).into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    app.metrics.set_sessions(app.sessions.count());
    let ports = app.network.ports();
    let count =
        |wanted: fn(&PortState) -> bool| ports.iter().filter(|port| wanted(&port.state)).count();
    app.metrics
        .set_passive_ports(PassiveState::Free, count(|s| matches!(s, PortState::Free)));
    ([(CONTENT_TYPE, OPEN_METRICS)], app.metrics.render()).into_response()
}
