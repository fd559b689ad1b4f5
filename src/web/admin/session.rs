//! `/admin/live/{session}`: one session at a glance.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use crate::clock::Timestamp;
use crate::model::{Right, SessionId};
use crate::web::auth::Admin;
use crate::web::error::PageError;
use crate::web::format::{Bytes, Span, When};
use crate::web::layout::Layout;
use crate::web::live::Moving;
use crate::web::session_row::{SessionRow, key};
use crate::web::state::Web;
use crate::web::stream::{self, Frame, Scene};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/live/{session}", get(show))
        .route("/live/{session}/events", get(events))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/session.html")]
struct SessionPage {
    layout: Layout,
    session: SessionFacts,
    may_disconnect: bool,
}

#[derive(Template)]
#[template(path = "admin/_session.html")]
struct SessionPart {
    session: SessionFacts,
}

#[derive(Template)]
#[template(path = "admin/_session_ended.html")]
struct EndedPart;

/// What the page says of a session.
#[derive(Clone, Debug)]
struct SessionFacts {
    row: SessionRow,
    opened: When,
    open_for: String,
    peer: String,
    local: String,
    cipher: String,
    command: String,
    cwd: String,
    received: String,
    sent: String,
}

impl SessionFacts {
    fn new(moving: &Moving, now: Timestamp) -> Self {
        let view = &moving.view;
        Self {
            row: SessionRow::new(moving, now),
            opened: When::new(view.opened_at, now),
            open_for: Span(now.since(view.opened_at)).to_string(),
            peer: view.peer.to_string(),
            local: view.local.to_string(),
            cipher: view.tls.clone().unwrap_or_default(),
            command: view.command.clone(),
            cwd: view.cwd.clone(),
            received: Bytes(view.received_bytes).to_string(),
            sent: Bytes(view.sent_bytes).to_string(),
        }
    }
}

async fn show(
    State(web): State<Web>,
    admin: Admin,
    Path(id): Path<SessionId>,
) -> Result<SessionPage, PageError> {
    let session = facts(&web, id).ok_or_else(|| {
        PageError::not_found("This session has ended. What it moved is listed under Transfers.")
    })?;
    Ok(SessionPage {
        layout: admin.layout(format!("Session {}", key(id))),
        session,
        may_disconnect: admin.may(Right::Disconnect),
    })
}

async fn events(State(web): State<Web>, admin: Admin, Path(id): Path<SessionId>) -> Response {
    stream::answer(
        &web,
        &admin,
        SessionScene {
            web: web.clone(),
            id,
        },
    )
}

fn facts(web: &Web, id: SessionId) -> Option<SessionFacts> {
    let sample = web.live().sample();
    if let Some(moving) = sample.find(id) {
        return Some(SessionFacts::new(moving, sample.at));
    }
    // Younger than the last sample.
    let view = web.app().sessions.find(id)?;
    Some(SessionFacts::new(
        &Moving { view, rate: 0 },
        web.app().clock.now(),
    ))
}

struct SessionScene {
    web: Web,
    id: SessionId,
}

impl Scene for SessionScene {
    async fn frame(&mut self) -> Frame {
        let html = match facts(&self.web, self.id) {
            Some(session) => SessionPart { session }.render(),
            None => EndedPart.render(),
        };
        Frame {
            parts: vec![("session".to_owned(), html.unwrap_or_default())],
            ..Frame::default()
        }
    }
}

/// A session that uploads, as an operator and as an auditor see it, and an idle one.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::session_row::tests::sample_moving;

    let now = Timestamp::from_seconds(1_773_322_328);
    let page = |at: usize, may_disconnect| SessionPage {
        layout: Layout::sample("Session s-010101", "/admin/live/x"),
        session: SessionFacts::new(&sample_moving()[at], now),
        may_disconnect,
    };
    vec![
        ("session", page(0, true).to_string()),
        ("session-auditor", page(2, false).to_string()),
        ("session-idle", page(3, true).to_string()),
    ]
}
