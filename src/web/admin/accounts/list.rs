//! `/admin/accounts`: every account, filtered, sorted and paged by the URL.

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;
use crate::clock::Timestamp;
use crate::model::Right;
use crate::model::page::{AccountQuery, AccountRow, Window};
use crate::model::{AccountId, AccountStanding, Expiry, Limit, PlanId, TlsRule, Username};
use crate::web::account_filter::{AccountFilter, AccountParams, COLUMNS};
use crate::web::account_head::{account_url, state};
use crate::web::auth::Admin;
use crate::web::csv::Csv;
use crate::web::error::PageError;
use crate::web::format::{Bytes, Count, When, day_input};
use crate::web::layout::Layout;
use crate::web::meter::Meter;
use crate::web::state::Web;
use crate::web::table::{Head, Pager, Segment};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/accounts", get(show))
        .route("/accounts.csv", get(export))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/list.html")]
struct ListPage {
    layout: Layout,
    may_manage: bool,
    never_used: bool,
    text: String,
    kept: Vec<(&'static str, String)>,
    segments: Vec<Segment>,
    customers: Vec<(String, String)>,
    chosen_customer: String,
    /// Filters without a control of their own: words and the way to the list without them.
    chips: Vec<(String, String)>,
    ignored: String,
    no_match: String,
    widen_url: String,
    csv_url: String,
    caption: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    pager: Pager,
}

/// One account as the table shows it.
struct Row {
    id: String,
    name: String,
    url: String,
    customer: String,
    dot: &'static str,
    status: &'static str,
    /// When it comes or came to its end; empty if it has none.
    expires: String,
    allows_plain: bool,
    plan: String,
    storage: Meter,
    brief: String,
    files: String,
    sessions: String,
    last: Option<When>,
    last_ip: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(params): Query<AccountParams>,
) -> Result<Response, PageError> {
    let filter = AccountFilter::read(&params);
    let found = app.accounts.page(&filter.query()).await?;
    if let Some(url) = exact_match(&filter, &found.rows) {
        return Ok(Redirect::to(&url).into_response());
    }
    if filter.page > filter.last_page(found.total) {
        let last = filter.at_page(filter.last_page(found.total));
        return Ok(Redirect::to(&last.to_string()).into_response());
    }
    let layout = admin.layout("Accounts");
    let counts = Counts::read(&app, &filter).await?;
    let rows = rows(&app, found.rows, &layout).await?;
    let page = ListPage {
        may_manage: admin.may(Right::ManageAccounts),
        never_used: counts.all == 0 && filter.is_plain(),
        text: filter.text.clone(),
        kept: filter.kept(),
        segments: counts.segments(&filter),
        customers: customers(&app).await?,
        chosen_customer: filter.customer.map(|id| id.to_string()).unwrap_or_default(),
        chips: chips(&app, &filter).await?,
        ignored: filter.ignored.join(", "),
        no_match: filter.no_match(),
        widen_url: filter.widened(),
        csv_url: filter.csv_url(),
        caption: format!("Accounts, sorted by {}", filter.sort_words()),
        heads: filter.sort.heads(&COLUMNS, &filter.address()),
        pager: Pager::numbered(
            &filter.sorted_address(),
            filter.page,
            filter.size,
            found.total,
        ),
        rows,
        layout,
    };
    Ok(page.into_response())
}

async fn export(
    State(app): State<App>,
    _admin: Admin,
    Query(params): Query<AccountParams>,
) -> Result<Csv, PageError> {
    let filter = AccountFilter::read(&params);
    let now = app.clock.now();
    let day = day_input(now);
    let mut csv = Csv::new(format!("accounts-{day}"), &HEADINGS);
    let mut window = Window {
        offset: 0,
        limit: EXPORT_CHUNK,
    };
    loop {
        let query = AccountQuery {
            window,
            ..filter.query()
        };
        let page = app.accounts.page(&query).await?;
        for row in &page.rows {
            csv_row(&mut csv, row, now);
        }
        window.offset += EXPORT_CHUNK;
        if window.offset >= page.total.min(EXPORT_MAX) {
            return Ok(csv);
        }
    }
}

/// How many accounts there are of each kind, with everything else of the filter.
struct Counts {
    all: u64,
    active: u64,
    expired: u64,
    suspended: u64,
    over: u64,
}

impl Counts {
    async fn read(app: &App, filter: &AccountFilter) -> Result<Self, PageError> {
        let base = AccountQuery {
            standing: None,
            over_percent: None,
            window: Window {
                offset: 0,
                limit: 1,
            },
            ..filter.query()
        };
        let count =
            async |query: AccountQuery| app.accounts.page(&query).await.map(|page| page.total);
        let that_stand = |standing| AccountQuery {
            standing: Some(standing),
            ..base.clone()
        };
        Ok(Self {
            all: count(base.clone()).await?,
            active: count(that_stand(AccountStanding::Active)).await?,
            expired: count(that_stand(AccountStanding::Expired)).await?,
            suspended: count(that_stand(AccountStanding::Suspended)).await?,
            over: count(AccountQuery {
                over_percent: Some(AccountFilter::OVER),
                ..base
            })
            .await?,
        })
    }

    fn segments(&self, filter: &AccountFilter) -> Vec<Segment> {
        let counts = [
            self.all,
            self.active,
            self.expired,
            self.suspended,
            self.over,
        ];
        filter
            .segments()
            .into_iter()
            .zip(counts)
            .map(|((label, url, current), count)| Segment {
                label,
                count: Count(count).to_string(),
                url,
                current,
            })
            .collect()
    }
}

async fn chips(app: &App, filter: &AccountFilter) -> Result<Vec<(String, String)>, PageError> {
    let Some(id) = filter.plan else {
        return Ok(Vec::new());
    };
    let plan = app.plans.get(id).await?;
    let mut without = filter.clone();
    without.plan = None;
    Ok(vec![(
        format!("Plan: {}", plan.name),
        without.sorted_address().to_string(),
    )])
}

async fn customers(app: &App) -> Result<Vec<(String, String)>, PageError> {
    let all = app.customers.choices().await?;
    Ok(all
        .into_iter()
        .map(|customer| (customer.id.to_string(), customer.name))
        .collect())
}

async fn rows(app: &App, found: Vec<AccountRow>, layout: &Layout) -> Result<Vec<Row>, PageError> {
    let plans = app.plans.all().await?;
    let limits: HashMap<PlanId, Limit> = plans
        .into_iter()
        .map(|row| (row.plan.id, row.plan.account.bytes))
        .collect();
    let sessions = app.sessions.count_by_account();
    Ok(found
        .into_iter()
        .map(|found| {
            let inherited = limits.get(&found.plan_id).copied().flatten();
            row(&found, inherited, &sessions, layout)
        })
        .collect())
}

fn row(
    found: &AccountRow,
    inherited: Limit,
    sessions: &HashMap<AccountId, usize>,
    layout: &Layout,
) -> Row {
    let account = &found.account;
    let (dot, status) = state(account.standing(layout.now.at()), found.customer_status);
    let limit = account.limits.bytes.or(inherited);
    let storage = Meter::storage(found.usage.bytes, limit);
    let brief = match limit {
        Some(limit) => format!("{} of {}", storage.used, Bytes(limit)),
        None => storage.used.clone(),
    };
    Row {
        id: account.id.to_string(),
        name: account.username.to_string(),
        url: account_url(account),
        customer: found.customer_name.clone(),
        dot,
        status,
        expires: account
            .login
            .expires_at
            .map(|end| Expiry(end).to_string())
            .unwrap_or_default(),
        allows_plain: account.tls == TlsRule::Optional,
        plan: found.plan_name.clone(),
        brief,
        storage,
        files: Count(found.usage.files).to_string(),
        sessions: sessions.get(&account.id).copied().unwrap_or(0).to_string(),
        last: account.last_login_at.map(|at| layout.when(at)),
        last_ip: account.last_login_ip.clone(),
    }
}

/// The only account that a search finds, if it was searched by its full name: the global search
/// field leads straight to it.
fn exact_match(filter: &AccountFilter, found: &[AccountRow]) -> Option<String> {
    let name: Username = filter.text.parse().ok()?;
    let [row] = found else { return None };
    (filter.is_search_only() && row.account.username == name).then(|| account_url(&row.account))
}

fn csv_row(csv: &mut Csv, row: &AccountRow, now: Timestamp) {
    let account = &row.account;
    let last = account.last_login_at.map(|at| When::new(at, at).iso());
    csv.row([
        account.username.as_str(),
        &row.customer_name,
        account.standing(now).as_str(),
        &row.plan_name,
        &row.usage.bytes.to_string(),
        &row.usage.files.to_string(),
        &last.unwrap_or_default(),
        &account.last_login_ip,
    ]);
}

const HEADINGS: [&str; 8] = [
    "account",
    "customer",
    "status",
    "plan",
    "bytes",
    "files",
    "last_sign_in",
    "last_address",
];
/// Accounts read at once for an export.
const EXPORT_CHUNK: u64 = 500;
/// Accounts in an export at most.
const EXPORT_MAX: u64 = 100_000;

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::{CustomerStatus, Usage};
    use crate::web::sample_records::{account, customer, plan};

    let layout = Layout::sample("Accounts", "/admin/accounts");
    let filter = AccountFilter::read(&AccountParams::default());
    let found = AccountRow {
        account: account(),
        customer_name: customer().name,
        customer_status: CustomerStatus::Active,
        plan_id: plan().id,
        plan_name: plan().name,
        usage: Usage {
            bytes: 50_000_000_000,
            files: 12_480,
        },
    };
    let row = || row(&found, plan().account.bytes, &HashMap::new(), &layout);
    let counts = Counts {
        all: 248,
        active: 226,
        expired: 3,
        suspended: 19,
        over: 4,
    };
    let page = |rows: Vec<Row>, never_used| ListPage {
        layout: layout.clone(),
        may_manage: true,
        never_used,
        text: String::new(),
        kept: filter.kept(),
        segments: counts.segments(&filter),
        customers: vec![(customer().id.to_string(), customer().name)],
        chosen_customer: String::new(),
        chips: vec![("Plan: Business".to_owned(), "/admin/accounts".to_owned())],
        ignored: String::new(),
        no_match: filter.no_match(),
        widen_url: filter.widened(),
        csv_url: filter.csv_url(),
        caption: "Accounts, sorted by name".to_owned(),
        heads: filter.sort.heads(&COLUMNS, &filter.address()),
        pager: Pager::numbered(&filter.sorted_address(), 1, filter.size, 248),
        rows,
    };
    vec![
        ("accounts", page(vec![row()], false).to_string()),
        ("accounts-empty", page(Vec::new(), true).to_string()),
        ("accounts-no-match", page(Vec::new(), false).to_string()),
    ]
}
