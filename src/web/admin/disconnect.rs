//! `/admin/live/disconnect`: end sessions, one or many, after a look at what stops.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::app::App;
use crate::hosting::sessions::{Order, SessionView};
use crate::model::{AuditAction, Right, SessionId};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::live::Moving;
use crate::web::session_row::{SessionRow, key};
use crate::web::state::Web;

/// What the client hears with its 421.
const FAREWELL: &str = "Closed by the operator.";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/live/disconnect", get(ask).post(submit))
        .route("/live/{session}/abort", post(abort))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/disconnect.html")]
struct DisconnectPage {
    layout: Layout,
    title: String,
    effect: String,
    button: String,
    all: bool,
    rows: Vec<SessionRow>,
}

#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    all: String,
    #[serde(default)]
    id: String,
}

/// The page behind the links: asks before anything ends.
async fn ask(
    State(app): State<App>,
    admin: Admin,
    Query(choice): Query<Choice>,
) -> Result<Response, PageError> {
    admin.require(Right::Disconnect)?;
    let mut form = Form::new();
    if choice.all.is_empty() {
        form.set("only", &choice.id);
    } else {
        form.set("all", "yes");
    }
    let chosen = chosen(&app, &form);
    if chosen.is_empty() {
        return Ok(admin.see_other("/admin/live", Notice::GoneAlready));
    }
    Ok(confirmation(&app, &admin, &chosen, form.has("all")).into_response())
}

/// Ends idle sessions at once; asks once if a transfer would stop.
async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::Disconnect)?;
    let chosen = chosen(&app, &form);
    if chosen.is_empty() {
        return Ok(admin.see_other("/admin/live", Notice::GoneAlready));
    }
    let stops_transfers = chosen.iter().any(|view| view.transfer.is_some());
    let is_asked = stops_transfers || form.has("all");
    if is_asked && !form.is("confirmed", "yes") {
        return Ok(confirmation(&app, &admin, &chosen, form.has("all")).into_response());
    }
    let mut ended = 0;
    for view in &chosen {
        if app
            .sessions
            .order(view.id, Order::Disconnect(FAREWELL.to_owned()))
        {
            ended += 1;
            note(&app, &admin, AuditAction::SessionDisconnected, view).await?;
        }
    }
    let notice = match (ended, chosen.as_slice()) {
        (0, _) => Notice::GoneAlready.into(),
        (1, [view]) => Notice::Disconnected.of(name(view)),
        _ => Notice::DisconnectedMany.of(plural(ended, "session", "sessions")),
    };
    Ok(admin.see_other("/admin/live", notice))
}

/// Stops the running transfer; the session goes on.
async fn abort(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<SessionId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::Disconnect)?;
    let back = format!("/admin/live/{id}");
    let running = app.sessions.find(id).filter(|view| view.transfer.is_some());
    let Some(view) = running else {
        return Ok(admin.see_other("/admin/live", Notice::NothingToAbort));
    };
    if !app.sessions.order(id, Order::AbortTransfer) {
        return Ok(admin.see_other("/admin/live", Notice::GoneAlready));
    }
    note(&app, &admin, AuditAction::TransferAborted, &view).await?;
    Ok(admin.see_other(&back, Notice::TransferAborted.of(name(&view))))
}

/// The sessions that a form means: all, the one whose button was pressed, or the ticked ones.
fn chosen(app: &App, form: &Form) -> Vec<SessionView> {
    if form.has("all") {
        return app.sessions.snapshot();
    }
    let names: Vec<&str> = if form.has("only") {
        form.values("only").collect()
    } else {
        form.values("id").collect()
    };
    names
        .into_iter()
        .filter_map(|text| text.parse::<SessionId>().ok())
        .filter_map(|id| app.sessions.find(id))
        .collect()
}

fn confirmation(app: &App, admin: &Admin, chosen: &[SessionView], all: bool) -> DisconnectPage {
    let now = app.clock.now();
    let rows: Vec<SessionRow> = chosen
        .iter()
        .map(|view| {
            SessionRow::new(
                &Moving {
                    view: view.clone(),
                    rate: 0,
                },
                now,
            )
        })
        .collect();
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let sessions = plural(count, "session", "sessions");
    let title = match rows.as_slice() {
        [row] => format!("Disconnect {}?", row.name),
        _ if all => format!("Disconnect all {sessions}?"),
        _ => format!("Disconnect {sessions}?"),
    };
    DisconnectPage {
        layout: admin.layout(title.clone()),
        title,
        effect: effect(&rows),
        button: format!("Disconnect {sessions}"),
        all,
        rows,
    }
}

fn effect(rows: &[SessionRow]) -> String {
    let moving = rows.iter().filter(|row| row.is_transferring()).count();
    let stops = match moving {
        0 => "No transfer is running.".to_owned(),
        1 => "1 transfer stops in the middle. What arrived so far follows the rule for interrupted uploads."
            .to_owned(),
        many => format!(
            "{many} transfers stop in the middle. What arrived so far follows the rule for interrupted uploads."
        ),
    };
    format!("{stops} Customers may sign in again at once.")
}

async fn note(
    app: &App,
    admin: &Admin,
    action: AuditAction,
    view: &SessionView,
) -> Result<(), PageError> {
    let object = format!(
        "{}, {} from {}",
        name(view),
        key(view.id),
        view.peer.ip().to_canonical()
    );
    let account = view.account.as_ref().map(|account| account.id.to_string());
    app.audit
        .note(&admin.actor, action, &object, account.unwrap_or_default())
        .await
        .map_err(|error| PageError::unavailable(&error))
}

fn name(view: &SessionView) -> String {
    let account = view.account.as_ref();
    account.map_or_else(
        || "the session".to_owned(),
        |account| account.username.to_string(),
    )
}

/// One session with a running transfer, and several.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::session_row::tests::sample_rows;

    let page = |rows: Vec<SessionRow>| DisconnectPage {
        layout: Layout::sample("Disconnect 3 sessions?", "/admin/live/disconnect"),
        title: "Disconnect 3 sessions?".to_owned(),
        effect: effect(&rows),
        button: "Disconnect 3 sessions".to_owned(),
        all: false,
        rows,
    };
    vec![("disconnect", page(sample_rows()).to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::session_row::tests::sample_rows;

    #[test]
    fn the_effect_is_told_in_numbers() {
        let rows = sample_rows();

        assert!(effect(&rows).starts_with("3 transfers stop in the middle."));
        assert!(effect(&rows[3..]).starts_with("No transfer is running."));
    }
}
