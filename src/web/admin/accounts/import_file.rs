//! `/admin/accounts/import/{import}`: a file with many accounts, the job that looks through it or takes
//! it over, and what became of each account.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::hosting::imports::{ImportError, Kept, Mode};
use crate::model::{ImportId, ImportRow, ImportRowQuery, JobKind, JobState, Right};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::format::plural;
use crate::web::import_row::ImportLine;
use crate::web::job_row::JobRow;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::table::{Address, Pager, Segment};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/import/{import}", get(show).post(go_on))
}

/// Rows of one page.
const ROWS: u64 = 100;

/// The address of the page about a file.
pub(super) fn address(id: ImportId) -> String {
    format!("/admin/accounts/import/{id}")
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/import_file.html")]
struct FilePage {
    layout: Layout,
    title: String,
    url: String,
    job: Option<JobRow>,
    is_active: bool,
    sum: String,
    new_customers: Vec<String>,
    segments: Vec<Segment>,
    rows: Vec<ImportLine>,
    pager: Pager,
    next: Option<Next>,
}

/// What can be done next: value and words of the button, and a note beside it.
struct Next {
    mode: Mode,
    then: &'static str,
    words: String,
    note: &'static str,
}

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    outcome: String,
    after: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<ImportId>,
    Query(filter): Query<Filter>,
) -> Result<FilePage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let kept = app.imports().kept(id).await?;
    let query = ImportRowQuery {
        outcome: filter.outcome.clone(),
        after: filter.after.parse().unwrap_or_default(),
        // One row more than shown tells whether there is a further page.
        limit: ROWS + 1,
        ..ImportRowQuery::default()
    };
    let rows = app.imports().rows(id, &query).await?;
    Ok(page(admin.layout("Import accounts"), &kept, &filter, rows))
}

async fn go_on(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<ImportId>,
    Submitted(form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let imports = app.imports();
    let here = address(id);
    let next = next(&imports.kept(id).await?);
    // What is shown as the next step may have been done by somebody else.
    let Some(next) = next.filter(|next| form.is("then", next.then)) else {
        return Ok(admin.see_other(&here, Notice::ImportMovedOn));
    };
    let notice = match imports.queue(&admin.actor, id, next.mode).await {
        Ok(_) => match next.mode {
            Mode::Perform => Notice::ImportBegun,
            Mode::Rehearse => Notice::ImportChecked,
        },
        Err(ImportError::Active) => Notice::ImportMovedOn,
        Err(error) => return Err(error.into()),
    };
    Ok(admin.see_other(&here, notice))
}

fn next(kept: &Kept) -> Option<Next> {
    let tally = &kept.tally;
    let accounts = |count| plural(count, "account", "accounts");
    if tally.left == 0 {
        return None;
    }
    let job = kept.job.as_ref();
    match job.map(|job| (job.kind, job.state)) {
        Some((_, JobState::Queued | JobState::Running)) => None,
        Some((JobKind::Import, _)) => Some(Next {
            mode: Mode::Perform,
            then: "import",
            words: format!("Import the rest, {}", accounts(tally.left)),
            note: "What was imported before stays.",
        }),
        Some((_, JobState::Done)) => {
            let to_do = tally.counts.created + tally.counts.changed;
            let words = format!("Import {}", accounts(to_do));
            (to_do > 0).then_some(Next {
                mode: Mode::Perform,
                then: "import",
                words,
                note: "Nothing is changed yet.",
            })
        }
        _ => Some(Next {
            mode: Mode::Rehearse,
            then: "check",
            words: "Check again".to_owned(),
            note: "Nothing is changed yet.",
        }),
    }
}

fn page(layout: Layout, kept: &Kept, filter: &Filter, mut rows: Vec<ImportRow>) -> FilePage {
    let here = Address::new(address(kept.file.id)).with("outcome", &filter.outcome);
    let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let last = rows.last().filter(|_| has_more).map(|row| row.number);
    let further = last.map(|number| here.clone().with("after", number));
    let first = (!filter.after.is_empty()).then(|| here.clone());
    let mut pager = Pager::cursors(
        plural(kept.tally.total, "account", "accounts"),
        first,
        further,
    );
    (pager.back_label, pager.on_label) = ("First", "Next");
    let now = layout.now;
    FilePage {
        title: kept.file.title.clone(),
        url: address(kept.file.id),
        job: kept.job.as_ref().map(|job| JobRow::new(job, now)),
        is_active: kept.job.as_ref().is_some_and(|job| !job.state.is_over()),
        sum: kept.tally.counts.sum(),
        new_customers: kept.file.new_customers.clone(),
        segments: segments(kept, filter),
        rows: rows.iter().map(ImportLine::of).collect(),
        next: next(kept),
        pager,
        layout,
    }
}

fn segments(kept: &Kept, filter: &Filter) -> Vec<Segment> {
    let counts = kept.tally.counts;
    let here = address(kept.file.id);
    [
        ("All", "", kept.tally.total),
        ("Created", "created", counts.created),
        ("Changed", "changed", counts.changed),
        ("Different", "differs", counts.differing),
        ("Unchanged", "unchanged", counts.unchanged),
        ("Refused", "refused", counts.refused),
    ]
    .into_iter()
    .filter(|(_, outcome, count)| outcome.is_empty() || *count > 0 || filter.outcome == *outcome)
    .map(|(label, outcome, count)| Segment {
        label,
        count: count.to_string(),
        url: Address::new(&here).with("outcome", outcome).to_string(),
        current: filter.outcome == outcome,
    })
    .collect()
}

/// A file that is being looked through, one that was, one that was taken over in part, and one whose
/// filter finds nothing.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::clock::Timestamp;
    use crate::hosting::imports::{Counts, Tally};
    use crate::model::{ImportFile, Job};
    use crate::web::import_row::sample_rows;
    use crate::web::job_row::tests::job;
    use crate::web::sample_records::HOSTILE;

    let kept = |kind, state, left| Kept {
        file: ImportFile {
            id: ImportId::from_parts(1, [1; 10]),
            title: format!("SFTPGo JSON dump: {HOSTILE}"),
            customer: None,
            changes_existing: true,
            new_customers: vec!["Quay West".to_owned(), HOSTILE.to_owned()],
            created_at: Timestamp::from_seconds(1_773_322_100),
        },
        tally: Tally {
            counts: Counts {
                created: 950,
                changed: 12,
                differing: 1,
                unchanged: 30,
                refused: 7,
            },
            left,
            total: 1_000,
        },
        job: Some(Job { kind, ..job(state) }),
    };
    let page = |kept: &Kept, rows| {
        let filter = Filter {
            outcome: String::new(),
            after: "100".to_owned(),
        };
        let layout = Layout::sample("Import accounts", "/admin/accounts/import/1");
        page(layout, kept, &filter, rows).to_string()
    };
    let many = (0..20).flat_map(|_| sample_rows()).collect();
    vec![
        (
            "account-import-checking",
            page(&kept(JobKind::CheckImport, JobState::Running, 993), many),
        ),
        (
            "account-import-checked",
            page(
                &kept(JobKind::CheckImport, JobState::Done, 993),
                sample_rows(),
            ),
        ),
        (
            "account-import-cancelled",
            page(
                &kept(JobKind::Import, JobState::Cancelled, 500),
                sample_rows(),
            ),
        ),
        (
            "account-import-no-match",
            page(&kept(JobKind::Import, JobState::Done, 0), Vec::new()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::hosting::imports::{Counts, Tally};
    use crate::model::{ImportFile, Job};
    use crate::web::job_row::tests::job;

    fn kept(kind: JobKind, state: JobState, (created, left): (u64, u64)) -> Kept {
        Kept {
            file: ImportFile {
                id: ImportId::from_parts(1, [1; 10]),
                title: String::new(),
                customer: None,
                changes_existing: false,
                new_customers: Vec::new(),
                created_at: Timestamp::default(),
            },
            tally: Tally {
                counts: Counts {
                    created,
                    ..Counts::default()
                },
                left,
                total: 10,
            },
            job: Some(Job { kind, ..job(state) }),
        }
    }

    #[test]
    fn what_can_be_done_next_follows_from_what_was_done_last() {
        use JobKind::{CheckImport, Import};
        for (kind, state, counts, words) in [
            (CheckImport, JobState::Queued, (3, 10), None),
            (CheckImport, JobState::Running, (3, 10), None),
            (
                CheckImport,
                JobState::Done,
                (3, 10),
                Some("Import 3 accounts"),
            ),
            (CheckImport, JobState::Done, (0, 10), None),
            (CheckImport, JobState::Done, (3, 0), None),
            (CheckImport, JobState::Failed, (3, 10), Some("Check again")),
            (
                CheckImport,
                JobState::Cancelled,
                (3, 10),
                Some("Check again"),
            ),
            (Import, JobState::Running, (3, 7), None),
            (
                Import,
                JobState::Cancelled,
                (3, 1),
                Some("Import the rest, 1 account"),
            ),
            (
                Import,
                JobState::Failed,
                (3, 7),
                Some("Import the rest, 7 accounts"),
            ),
            (Import, JobState::Done, (3, 0), None),
        ] {
            let next = next(&kept(kind, state, counts));

            let found = next.as_ref().map(|next| next.words.as_str());
            assert_eq!(found, words, "{kind:?} {state:?} {counts:?}");
        }
    }
}
