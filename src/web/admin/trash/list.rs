//! `/admin/trash`: what deleted accounts have left, and how long it stays.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::model::{Right, TrashEntry};
use crate::web::auth::Admin;
use crate::web::error::PageError;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::table::{Address, Pager};
use crate::web::trash_row::TrashRow;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/trash", get(show))
}

const PATH: &str = "/admin/trash";
/// Rows of one page.
const ROWS: u64 = 50;

#[derive(Template, WebTemplate)]
#[template(path = "admin/trash/list.html")]
struct TrashPage {
    layout: Layout,
    rows: Vec<TrashRow>,
    pager: Pager,
    may_manage: bool,
}

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    before: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(filter): Query<Filter>,
) -> Result<TrashPage, PageError> {
    // One row more than shown tells whether there is an older page.
    let entries = app.trash.page(filter.before.parse().ok(), ROWS + 1).await?;
    let mut page = TrashPage::new(admin.layout("Trash"), &filter, entries);
    page.may_manage = admin.may(Right::ManageAccounts);
    Ok(page)
}

impl TrashPage {
    fn new(layout: Layout, filter: &Filter, mut entries: Vec<TrashEntry>) -> Self {
        let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let has_more = entries.len() > shown;
        entries.truncate(shown);
        let here = Address::new(PATH);
        let last = entries.last().filter(|_| has_more);
        let older = last.map(|entry| here.clone().with("before", entry.account_id));
        let newest = (!filter.before.is_empty()).then(|| here.clone());
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let words = plural(count, "deleted account", "deleted accounts");
        let mut pager = Pager::cursors(words, newest, older);
        pager.back_label = "Newest";
        Self {
            rows: entries
                .iter()
                .map(|entry| TrashRow::new(entry, layout.now))
                .collect(),
            pager,
            may_manage: true,
            layout,
        }
    }
}

/// Files in every state, and nothing at all.
#[cfg(test)]
pub(super) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::TrashState;
    use crate::web::trash_row::tests::entry;

    let page = |entries| {
        let layout = Layout::sample("Trash", PATH);
        TrashPage::new(layout, &Filter::default(), entries).to_string()
    };
    vec![
        ("trash", page(TrashState::ALL.map(entry).into())),
        ("trash-empty", page(Vec::new())),
    ]
}
