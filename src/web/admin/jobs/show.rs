//! `/admin/jobs/{job}`: one job, how far it is, and the button that stops it.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;
use crate::hosting::jobs::JobError;
use crate::model::{Job, JobId};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::format::When;
use crate::web::job_row::JobRow;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::stream::{self, Frame, Scene};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/jobs/{job}", get(show))
        .route("/jobs/{job}/events", get(events))
        .route("/jobs/{job}/again", post(again))
        .route("/jobs/{job}/cancel", post(cancel))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/jobs/show.html")]
struct ShowPage {
    layout: Layout,
    job: JobRow,
    may_cancel: bool,
    may_repeat: bool,
}

#[derive(Template)]
#[template(path = "admin/jobs/_job.html")]
struct JobPart {
    job: JobRow,
}

#[derive(Template)]
#[template(path = "admin/jobs/_state.html")]
struct StatePart {
    job: JobRow,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<JobId>,
) -> Result<ShowPage, PageError> {
    let job = app.jobs.get(id).await?;
    let may_manage = admin.may(job.kind.right());
    Ok(page(admin.layout(job.kind.label()), &job, may_manage))
}

fn page(layout: Layout, job: &Job, may_manage: bool) -> ShowPage {
    ShowPage {
        job: JobRow::new(job, layout.now),
        may_cancel: may_manage && !job.state.is_over() && !job.is_cancelled,
        may_repeat: may_manage && job.state.is_unfinished(),
        layout,
    }
}

async fn cancel(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<JobId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    let notice = match app.jobs.cancel(&admin.actor, id).await {
        Ok(()) => Notice::JobCancelled,
        Err(JobError::Over) => Notice::JobOver,
        Err(error) => return Err(error.into()),
    };
    Ok(admin.see_other(&format!("/admin/jobs/{id}"), notice))
}

async fn again(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<JobId>,
    Submitted(_): Submitted,
) -> Result<Response, PageError> {
    match app.jobs.again(&admin.actor, id).await {
        Ok(job) => Ok(admin.see_other(&format!("/admin/jobs/{}", job.id), Notice::JobAgain)),
        Err(JobError::NotAgain) => {
            Ok(admin.see_other(&format!("/admin/jobs/{id}"), Notice::JobNotAgain))
        }
        Err(error) => Err(error.into()),
    }
}

async fn events(State(web): State<Web>, admin: Admin, Path(id): Path<JobId>) -> Response {
    let scene = JobScene {
        web: web.clone(),
        id,
        shown: None,
    };
    stream::answer(&web, &admin, scene)
}

struct JobScene {
    web: Web,
    id: JobId,
    /// What the viewer has; shown on while the database does not answer.
    shown: Option<Job>,
}

impl Scene for JobScene {
    async fn frame(&mut self) -> Frame {
        let app = self.web.app();
        let is_over = self.shown.as_ref().is_some_and(|job| job.state.is_over());
        if !is_over && let Ok(job) = app.jobs.get(self.id).await {
            self.shown = Some(job);
        }
        let Some(job) = &self.shown else {
            return Frame::default();
        };
        let now = app.clock.now();
        let job = JobRow::new(job, When::new(now, now));
        let state = StatePart { job: job.clone() }.render();
        let part = JobPart { job }.render();
        Frame {
            parts: vec![
                ("job-state".to_owned(), state.unwrap_or_default()),
                ("job".to_owned(), part.unwrap_or_default()),
            ],
            ..Frame::default()
        }
    }
}

/// A job that runs, as an admin and as an auditor see it, one that is done, and one that failed.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::JobState;
    use crate::web::job_row::tests::job;

    let page = |state, may_manage| {
        let layout = Layout::sample("Delete files", "/admin/jobs/1");
        page(layout, &job(state), may_manage).to_string()
    };
    vec![
        ("job", page(JobState::Running, true)),
        ("job-auditor", page(JobState::Running, false)),
        ("job-queued", page(JobState::Queued, true)),
        ("job-done", page(JobState::Done, true)),
        ("job-failed", page(JobState::Failed, true)),
        ("job-cancelled", {
            let layout = Layout::sample("Recount storage", "/admin/jobs/1");
            let kind = crate::model::JobKind::Recount;
            let cancelled = job(JobState::Cancelled);
            super::show::page(layout, &Job { kind, ..cancelled }, true).to_string()
        }),
    ]
}
