//! `/admin/audit`: who changed what.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::model::page::AuditQuery;
use crate::model::{AuditAction, AuditEvent};
use crate::web::audit_row::AuditRow;
use crate::web::auth::Admin;
use crate::web::csv::Csv;
use crate::web::error::PageError;
use crate::web::format::{When, day_end, day_input, day_start, plural};
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::table::{Address, Pager};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/audit", get(show))
        .route("/audit.csv", get(export))
}

const PATH: &str = "/admin/audit";
/// Entries of one page.
const ROWS: u64 = 50;
/// Entries fetched at once for a file.
const BATCH: u64 = 500;
/// Most entries of a file; a longer one is cut by dates.
const EXPORT_ROWS_MAX: usize = 20_000;

#[derive(Template, WebTemplate)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    layout: Layout,
    filter: Filter,
    days: Vec<Day>,
    pager: Pager,
    csv: String,
    kept_days: String,
}

/// The entries of one day.
#[derive(Clone, Debug)]
struct Day {
    heading: String,
    rows: Vec<AuditRow>,
}

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    who: String,
    what: String,
    object: String,
    from: String,
    to: String,
    before: String,
}

impl Filter {
    fn query(&self, limit: u64) -> AuditQuery {
        AuditQuery {
            text: self.q.trim().to_owned(),
            actor: self.who.trim().to_owned(),
            action: AuditAction::from_name(&self.what),
            object_id: self.object.clone(),
            from: day_start(&self.from),
            to: day_end(&self.to),
            before: self.before.parse().ok(),
            limit,
        }
    }

    fn address(&self, path: &str) -> Address {
        Address::new(path)
            .with("q", self.q.trim())
            .with("who", self.who.trim())
            .with("what", &self.what)
            .with("object", &self.object)
            .with("from", &self.from)
            .with("to", &self.to)
    }

    /// The actions to choose from: name, words, whether it is chosen.
    fn actions(&self) -> Vec<(&'static str, &'static str, bool)> {
        let any = [("", "Any action", self.what.is_empty())];
        let all = AuditAction::ALL.iter();
        let known = all.map(|it| (it.as_str(), it.label(), self.what == it.as_str()));
        any.into_iter().chain(known).collect()
    }

    fn is_active(&self) -> bool {
        [
            &self.q,
            &self.who,
            &self.what,
            &self.object,
            &self.from,
            &self.to,
        ]
        .iter()
        .any(|field| !field.trim().is_empty())
    }
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(filter): Query<Filter>,
) -> Result<AuditPage, PageError> {
    // One entry more than shown tells whether there is an older page.
    let mut events = page(&app, &filter.query(ROWS + 1)).await?;
    let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let has_more = events.len() > shown;
    events.truncate(shown);
    let kept_days = plural(
        u64::from(app.settings.current().audit_days.0),
        "day",
        "days",
    );
    Ok(AuditPage::new(
        admin.layout("Audit log"),
        filter,
        &events,
        has_more,
        kept_days,
    ))
}

impl AuditPage {
    fn new(
        layout: Layout,
        filter: Filter,
        events: &[AuditEvent],
        has_more: bool,
        kept_days: String,
    ) -> Self {
        let here = filter.address(PATH);
        let last = events.last().filter(|_| has_more).map(|event| event.seq);
        let older = last.map(|seq| here.clone().with("before", seq));
        let newest = (!filter.before.is_empty()).then(|| here.clone());
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let mut pager = Pager::cursors(plural(count, "entry", "entries"), newest, older);
        pager.back_label = "Newest";
        Self {
            days: days(events, layout.now),
            csv: filter.address("/admin/audit.csv").to_string(),
            pager,
            filter,
            layout,
            kept_days,
        }
    }
}

/// Groups entries, latest first, by the day they happened.
fn days(events: &[AuditEvent], now: When) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for event in events {
        let row = AuditRow::new(event, now);
        let heading = row.at.heading();
        match days.last_mut() {
            Some(day) if day.heading == heading => day.rows.push(row),
            _ => days.push(Day {
                heading,
                rows: vec![row],
            }),
        }
    }
    days
}

async fn page(app: &App, query: &AuditQuery) -> Result<Vec<AuditEvent>, PageError> {
    app.audit
        .page(query)
        .await
        .map_err(|error| PageError::unavailable(&error))
}

async fn export(
    State(app): State<App>,
    _admin: Admin,
    Query(filter): Query<Filter>,
) -> Result<Response, PageError> {
    let name = format!("audit-{}", day_input(app.clock.now()));
    let mut csv = Csv::new(
        name,
        &["time", "who", "address", "action", "object", "changes"],
    );
    let mut query = filter.query(BATCH);
    let mut written = 0;
    while written < EXPORT_ROWS_MAX {
        let events = page(&app, &query).await?;
        let Some(last) = events.last() else { break };
        query.before = Some(last.seq);
        written += events.len();
        for event in &events {
            let at = When::new(event.at, event.at).iso();
            let changes = changes(event);
            let (actor, ip, object) = (&event.actor, &event.ip, &event.object);
            csv.row([
                at.as_str(),
                actor,
                ip,
                event.action.as_str(),
                object,
                &changes,
            ]);
        }
    }
    Ok(csv.into_response())
}

fn changes(event: &AuditEvent) -> String {
    let change =
        |(field, before, after): &(String, String, String)| format!("{field}: {before} -> {after}");
    event
        .changes
        .iter()
        .map(change)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Two days of entries, a filter that finds nothing, and an empty log.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::web::audit_row::tests::event;

    let mut yesterday = event(AuditAction::AccountSuspended, "<img src=x>");
    yesterday.at = yesterday.at.minus(std::time::Duration::from_hours(24));
    let events = vec![
        event(AuditAction::AccountChanged, "brightline-studio"),
        event(AuditAction::SettingsChanged, "passive ports"),
        yesterday,
    ];
    let page = |filter: Filter, events: &[AuditEvent]| {
        let layout = Layout::sample("Audit log", PATH);
        AuditPage::new(
            layout,
            filter,
            events,
            !events.is_empty(),
            "400 days".to_owned(),
        )
        .to_string()
    };
    let narrow = Filter {
        q: "heron".to_owned(),
        ..Filter::default()
    };
    vec![
        ("audit", page(Filter::default(), &events)),
        ("audit-no-match", page(narrow, &[])),
        ("audit-empty", page(Filter::default(), &[])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::audit_row::tests::event;

    #[test]
    fn entries_are_grouped_by_day() {
        let mut old = event(AuditAction::AccountChanged, "b");
        old.at = old.at.minus(std::time::Duration::from_hours(48));
        let new = event(AuditAction::AccountChanged, "a");
        let now = When::new(new.at, new.at);

        let days = days(&[new.clone(), new, old], now);

        assert_eq!(
            days.iter().map(|day| day.rows.len()).collect::<Vec<_>>(),
            [2, 1]
        );
        assert!(days[0].heading.starts_with("Today"), "{}", days[0].heading);
    }
}
