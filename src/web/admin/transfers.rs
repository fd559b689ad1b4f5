//! `/admin/transfers`: what was moved, and how it ended.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::model::page::JournalQuery;
use crate::model::{AccountId, JournalEntry};
use crate::web::account_lookup;
use crate::web::auth::Admin;
use crate::web::csv::Csv;
use crate::web::error::PageError;
use crate::web::format::{When, day_input, plural};
use crate::web::journal_filter::JournalFilter;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::table::{Pager, Segment};
use crate::web::transfer_row::{TransferRow, result_words};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/transfers", get(show))
        .route("/transfers.csv", get(export))
}

const PATH: &str = "/admin/transfers";
/// Rows of one page.
const ROWS: u64 = 50;
/// Rows fetched at once for a file.
const BATCH: u64 = 500;
/// Most rows of a file; a longer one is cut by dates.
const EXPORT_ROWS_MAX: usize = 20_000;

#[derive(Template, WebTemplate)]
#[template(path = "admin/transfers.html")]
struct TransfersPage {
    layout: Layout,
    filter: JournalFilter,
    segments: Vec<Segment>,
    rows: Vec<TransferRow>,
    pager: Pager,
    csv: String,
    kept_days: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(filter): Query<JournalFilter>,
) -> Result<TransfersPage, PageError> {
    let account = account_of(&app, &filter).await?;
    // One row more than shown tells whether there is an older page.
    let mut entries = page(&app, &filter.query(account, ROWS + 1)).await?;
    let has_more = entries.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    entries.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let layout = admin.layout("Transfers");
    let kept_days = plural(
        u64::from(app.settings.current().journal_days.0),
        "day",
        "days",
    );
    Ok(TransfersPage::new(
        layout, filter, &entries, has_more, kept_days,
    ))
}

impl TransfersPage {
    fn new(
        layout: Layout,
        filter: JournalFilter,
        entries: &[JournalEntry],
        has_more: bool,
        kept_days: String,
    ) -> Self {
        let here = filter.address(PATH);
        let last = entries.last().filter(|_| has_more).map(|entry| entry.id);
        let older = last.map(|id| here.clone().with("before", id));
        let newest = (!filter.before.is_empty()).then(|| here.clone());
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let shown = plural(count, "transfer", "transfers");
        let mut pager = Pager::cursors(shown, newest, older);
        pager.back_label = "Newest";
        Self {
            segments: filter.segments(PATH),
            rows: entries
                .iter()
                .map(|entry| TransferRow::new(entry, layout.now))
                .collect(),
            csv: filter.address("/admin/transfers.csv").to_string(),
            pager,
            filter,
            layout,
            kept_days,
        }
    }
}

/// The account that the URL names. One that is gone still has its rows, found by name.
async fn account_of(app: &App, filter: &JournalFilter) -> Result<Option<AccountId>, PageError> {
    if filter.account.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = filter.account.parse() {
        return Ok(Some(id));
    }
    let details = account_lookup::account(app, &filter.account).await?;
    Ok(Some(details.account.id))
}

async fn page(app: &App, query: &JournalQuery) -> Result<Vec<JournalEntry>, PageError> {
    app.journal
        .page(query)
        .await
        .map_err(|error| PageError::unavailable(&error))
}

async fn export(
    State(app): State<App>,
    _admin: Admin,
    Query(filter): Query<JournalFilter>,
) -> Result<Response, PageError> {
    let account = account_of(&app, &filter).await?;
    let name = format!("transfers-{}", day_input(app.clock.now()));
    let heads = [
        "ended",
        "account",
        "operation",
        "path",
        "new path",
        "bytes",
        "started",
        "result",
        "reason",
        "reply",
        "address",
        "encrypted",
    ];
    let mut csv = Csv::new(name, &heads);
    let mut query = filter.query(account, BATCH);
    let mut written = 0;
    while written < EXPORT_ROWS_MAX {
        let entries = page(&app, &query).await?;
        let Some(last) = entries.last() else { break };
        query.before = Some(last.id);
        written += entries.len();
        for entry in &entries {
            write_row(&mut csv, entry);
        }
    }
    Ok(csv.into_response())
}

fn write_row(csv: &mut Csv, entry: &JournalEntry) {
    let iso = |at| When::new(at, at).iso();
    let (ended, started) = (iso(entry.ended_at), iso(entry.started_at));
    let (bytes, reply) = (entry.bytes.to_string(), entry.reply_code.to_string());
    let ip = entry.ip.to_canonical().to_string();
    csv.row([
        ended.as_str(),
        &entry.username,
        entry.operation.as_str(),
        &entry.path,
        &entry.target,
        &bytes,
        &started,
        result_words(entry),
        &entry.reason,
        &reply,
        &ip,
        if entry.tls { "yes" } else { "no" },
    ]);
}

/// A page of every kind of result, one with a filter that finds nothing, and one before the first
/// transfer.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::TransferResult::{Aborted, Complete, Failed, Refused};
    use crate::web::transfer_row::tests::upload;

    let entries = vec![
        upload("/incoming/2026-spring-catalogue.pdf", Complete, ""),
        upload("/site-14/<img src=x>", Refused, "quota"),
        upload("/stems/mix_final.wav", Aborted, "client-gone"),
        upload("/gate1/143158.mp4", Failed, "disk-error"),
    ];
    let page = |filter: JournalFilter, entries: &[JournalEntry]| {
        let layout = Layout::sample("Transfers", PATH);
        TransfersPage::new(
            layout,
            filter,
            entries,
            !entries.is_empty(),
            "90 days".to_owned(),
        )
        .to_string()
    };
    let narrow = JournalFilter {
        q: "heron".to_owned(),
        ..JournalFilter::default()
    };
    vec![
        ("transfers", page(JournalFilter::default(), &entries)),
        ("transfers-no-match", page(narrow, &[])),
        ("transfers-empty", page(JournalFilter::default(), &[])),
    ]
}
