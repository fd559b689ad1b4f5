//! `/admin/transfers`: what was moved, and how it ended.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::hosting::journal_export::{ExportFormat, JournalExport};
use crate::model::page::JournalQuery;
use crate::model::{CustomerId, JournalEntry};
use crate::web::account_lookup;
use crate::web::auth::Admin;
use crate::web::csv;
use crate::web::error::PageError;
use crate::web::format::{day_input, plural};
use crate::web::journal_filter::{JournalFilter, Owner};
use crate::web::layout::Layout;
use crate::web::plan_form::journal_words;
use crate::web::state::Web;
use crate::web::table::{Pager, Segment};
use crate::web::transfer_row::TransferRow;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/transfers", get(show))
        .route("/transfers.csv", get(export))
}

const PATH: &str = "/admin/transfers";
/// Rows of one page.
const ROWS: u64 = 50;

#[derive(Template, WebTemplate)]
#[template(path = "admin/transfers.html")]
struct TransfersPage {
    layout: Layout,
    filter: JournalFilter,
    segments: Vec<Segment>,
    rows: Vec<TransferRow>,
    pager: Pager,
    csv: String,
    /// What of the filter was not understood.
    ignored: String,
    kept_days: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(filter): Query<JournalFilter>,
) -> Result<TransfersPage, PageError> {
    let owner = owner_of(&app, &filter).await?;
    // One row more than shown tells whether there is an older page.
    let mut entries = page(&app, &filter.query(owner, ROWS + 1)).await?;
    let has_more = entries.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    entries.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let layout = admin.layout("Transfers");
    let kept_days = journal_words(&app.settings.current());
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
        let here = filter.at(PATH);
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
            csv: filter.at("/admin/transfers.csv").to_string(),
            ignored: filter.ignored(),
            pager,
            filter,
            layout,
            kept_days,
        }
    }
}

/// Whom the URL names. An account or a customer that is gone still has its rows, found by its id.
async fn owner_of(app: &App, filter: &JournalFilter) -> Result<Owner, PageError> {
    let (account, customer) = (filter.account.trim(), filter.customer.trim());
    let account = match account.parse() {
        _ if account.is_empty() => None,
        Ok(id) => Some(id),
        Err(_) => Some(account_lookup::account(app, account).await?.account.id),
    };
    let customer = match customer.parse() {
        _ if customer.is_empty() => None,
        Ok(id) => Some(id),
        Err(_) => Some(customer_named(app, customer).await?),
    };
    Ok(Owner { account, customer })
}

async fn customer_named(app: &App, name: &str) -> Result<CustomerId, PageError> {
    let found = app.customers.by_name(name).await?;
    let missing = || PageError::not_found(format!("No customer is called {name}."));
    Ok(found.ok_or_else(missing)?.id)
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
    let owner = owner_of(&app, &filter).await?;
    let name = format!("transfers-{}", day_input(app.clock.now()));
    let query = filter.query(owner, ROWS);
    let export = JournalExport::new(app.journal.clone(), query, ExportFormat::Csv);
    Ok(csv::streamed(&name, export))
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
    let odd = JournalFilter {
        path: "/incoming/<b>".to_owned(),
        address: "somewhere".to_owned(),
        kind: "mkdir".to_owned(),
        ..JournalFilter::default()
    };
    vec![
        ("transfers", page(JournalFilter::default(), &entries)),
        ("transfers-detailed", page(odd, &entries)),
        ("transfers-no-match", page(narrow, &[])),
        ("transfers-empty", page(JournalFilter::default(), &[])),
    ]
}
