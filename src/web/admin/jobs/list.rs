//! `/admin/jobs`: what runs, what waits and what came of the others.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::model::{Job, JobKind, JobQuery, JobState};
use crate::web::auth::Admin;
use crate::web::error::PageError;
use crate::web::format::plural;
use crate::web::job_row::JobRow;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::table::{Address, Pager, Segment};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/jobs", get(show))
}

const PATH: &str = "/admin/jobs";
/// Rows of one page.
const ROWS: u64 = 50;

#[derive(Template, WebTemplate)]
#[template(path = "admin/jobs/list.html")]
struct ListPage {
    layout: Layout,
    segments: Vec<Segment>,
    is_filtered: bool,
    may_manage: bool,
    rows: Vec<JobRow>,
    pager: Pager,
}

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    state: String,
    about: String,
    before: String,
}

impl Filter {
    fn address(&self) -> Address {
        Address::new(PATH)
            .with("state", &self.state)
            .with("about", &self.about)
    }

    fn segments(&self) -> Vec<Segment> {
        let segment = |label, state: &str| Segment {
            label,
            count: String::new(),
            url: self.address().with("state", state).to_string(),
            current: self.state == state,
        };
        let all = JobState::ALL.iter();
        let any = segment("All", "");
        let each = all.map(|state| segment(state.label(), state.as_str()));
        std::iter::once(any).chain(each).collect()
    }
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(filter): Query<Filter>,
) -> Result<ListPage, PageError> {
    let query = JobQuery {
        state: JobState::from_name(&filter.state),
        subject_id: filter.about.clone(),
        before: filter.before.parse().ok(),
        // One row more than shown tells whether there is an older page.
        limit: ROWS + 1,
        ..JobQuery::default()
    };
    let jobs = app.jobs.page(&query).await?;
    let mut page = ListPage::new(admin.layout("Jobs"), &filter, jobs);
    page.may_manage = admin.may(JobKind::Recount.right());
    Ok(page)
}

impl ListPage {
    fn new(layout: Layout, filter: &Filter, mut jobs: Vec<Job>) -> Self {
        let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let has_more = jobs.len() > shown;
        jobs.truncate(shown);
        let here = filter.address();
        let last = jobs.last().filter(|_| has_more).map(|job| job.id);
        let older = last.map(|id| here.clone().with("before", id));
        let newest = (!filter.before.is_empty()).then(|| here.clone());
        let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        let mut pager = Pager::cursors(plural(count, "job", "jobs"), newest, older);
        pager.back_label = "Newest";
        Self {
            segments: filter.segments(),
            is_filtered: !filter.state.is_empty() || !filter.about.is_empty(),
            may_manage: true,
            rows: jobs
                .iter()
                .map(|job| JobRow::new(job, layout.now))
                .collect(),
            pager,
            layout,
        }
    }
}

/// Jobs in every state, a filter that finds nothing, and no jobs at all.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::job_row::tests::job;

    let page = |state: &str, jobs| {
        let filter = Filter {
            state: state.to_owned(),
            ..Filter::default()
        };
        ListPage::new(Layout::sample("Jobs", PATH), &filter, jobs).to_string()
    };
    let all = JobState::ALL.iter().map(|state| job(*state)).collect();
    vec![
        ("jobs", page("", all)),
        ("jobs-no-match", page("failed", Vec::new())),
        ("jobs-empty", page("", Vec::new())),
    ]
}
