//! `/admin/settings`: every live setting that has no page of its own, and who changed what.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::model::{Right, SettingRevision};
use crate::settings::{SettingRow, SettingsError};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::When;
use crate::web::layout::Layout;
use crate::web::setting_field::{self, Overtaken, SettingGroup, groups, overtaken, value_words};
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/settings", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    layout: Layout,
    may_change: bool,
    form: Form,
    groups: Vec<SettingGroup>,
    overtaken: Vec<Overtaken>,
    revisions: Vec<Revision>,
    older_url: String,
}

/// A change in the past.
struct Revision {
    when: When,
    actor: String,
    /// Name, before, after.
    changes: Vec<(String, String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cursor {
    before: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(cursor): Query<Cursor>,
) -> Result<SettingsPage, PageError> {
    let mut form = Form::new();
    setting_field::fill(&mut form, &app.settings.current());
    page(&app, &admin, form, cursor.before.parse().ok()).await
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let told = overtaken(&mut form, &app.settings.current());
    if !told.is_empty() {
        let mut page = page(&app, &admin, form, None).await?;
        page.overtaken = told;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let changes = setting_field::changes(&form);
    let now = app.clock.now();
    match app.settings.change(&admin.actor, &changes, now).await {
        Ok(_) => Ok(admin.see_other("/admin/settings", Notice::Saved)),
        Err(SettingsError::Invalid(problems)) => {
            for problem in problems {
                form.refuse(&problem.key, problem.problem);
            }
            let page = page(&app, &admin, form, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(SettingsError::Forbidden) => Err(PageError::Forbidden(Right::ChangeSettings)),
        Err(SettingsError::Stale) => Err(PageError::Stale),
        Err(error) => Err(PageError::unavailable(&error)),
    }
}

async fn page(
    app: &App,
    admin: &Admin,
    form: Form,
    before: Option<i64>,
) -> Result<SettingsPage, PageError> {
    let history = app.settings.history(before, REVISIONS).await;
    let history = history.map_err(|error| PageError::unavailable(&error))?;
    let layout = admin.layout("Settings").with_errors(!form.is_fine());
    let more = u64::try_from(history.len()).is_ok_and(|count| count == REVISIONS);
    let oldest = history.last().filter(|_| more);
    Ok(SettingsPage {
        may_change: admin.may(Right::ChangeSettings),
        groups: groups(&app.settings.current()),
        overtaken: Vec::new(),
        older_url: oldest
            .map(|oldest| format!("/admin/settings?before={}#history", oldest.seq))
            .unwrap_or_default(),
        revisions: history
            .iter()
            .map(|revision| line(revision, &layout))
            .collect(),
        layout,
        form,
    })
}

fn line(revision: &SettingRevision, layout: &Layout) -> Revision {
    let changes = revision.changes.iter().map(|(key, before, after)| {
        let label = SettingRow::find(key).map_or(key.as_str(), |row| row.label);
        (
            label.to_owned(),
            value_words(key, before),
            value_words(key, after),
        )
    });
    Revision {
        when: layout.when(revision.at),
        actor: revision.actor.clone(),
        changes: changes.collect(),
    }
}

/// Changes of the past on one page.
const REVISIONS: u64 = 20;

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::settings::Settings;
    use crate::web::sample_records::HOSTILE;

    let settings = Settings::default();
    let page = |may_change, has_errors| {
        let mut form = Form::new();
        setting_field::fill(&mut form, &settings);
        if has_errors {
            form.refuse("idle_timeout", "Enter a number of seconds from 30 to 86400");
        }
        let layout = Layout::sample("Settings", "/admin/settings");
        SettingsPage {
            may_change,
            groups: groups(&settings),
            overtaken: if has_errors {
                vec![Overtaken {
                    label: "Greeting",
                    now: HOSTILE.to_owned(),
                }]
            } else {
                Vec::new()
            },
            revisions: vec![Revision {
                when: layout.now,
                actor: "Jonas Weber".to_owned(),
                changes: vec![("Greeting".to_owned(), "none".to_owned(), HOSTILE.to_owned())],
            }],
            older_url: String::new(),
            layout,
            form,
        }
    };
    vec![
        ("settings", page(true, false).to_string()),
        ("settings-errors", page(true, true).to_string()),
        ("settings-auditor", page(false, false).to_string()),
    ]
}
