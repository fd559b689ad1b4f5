//! `/admin/customers`: every customer, filtered, sorted and paged by the URL.

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;
use crate::hosting::limits::pool_traffic;
use crate::model::page::{CustomerQuery, CustomerRow, Window};
use crate::model::{CustomerStatus, Limit, Moved, Plan, PlanId, Right, Traffic};
use crate::web::auth::Admin;
use crate::web::customer_filter::{COLUMNS, CustomerFilter, CustomerParams};
use crate::web::customer_head::state;
use crate::web::error::PageError;
use crate::web::format::{Bytes, Count};
use crate::web::layout::Layout;
use crate::web::meter::Meter;
use crate::web::state::Web;
use crate::web::table::{Head, Pager, Segment};
use crate::web::traffic_words::nearest;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/customers", get(show))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/customers/list.html")]
struct ListPage {
    layout: Layout,
    may_manage: bool,
    never_used: bool,
    text: String,
    status: &'static str,
    segments: Vec<Segment>,
    plans: Vec<(String, String)>,
    chosen_plan: String,
    ignored: String,
    no_match: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    url: String,
    name: String,
    contact: String,
    dot: &'static str,
    status: &'static str,
    plan: String,
    storage: Meter,
    brief: String,
    traffic: Option<Meter>,
    accounts: String,
    accounts_url: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(params): Query<CustomerParams>,
) -> Result<Response, PageError> {
    let filter = CustomerFilter::read(&params);
    let found = app.customers.page(&filter.query()).await?;
    let last = found.total.div_ceil(CustomerFilter::SIZE).max(1);
    if filter.page > last {
        return Ok(Redirect::to(&filter.at_page(last).to_string()).into_response());
    }
    let segments = segments(&app, &filter).await?;
    let plans: Vec<Plan> = app
        .plans
        .all()
        .await?
        .into_iter()
        .map(|row| row.plan)
        .collect();
    let by_id: HashMap<PlanId, &Plan> = plans.iter().map(|plan| (plan.id, plan)).collect();
    let page = ListPage {
        layout: admin.layout("Customers"),
        may_manage: admin.may(Right::ManageCustomers),
        never_used: found.total == 0 && filter.is_plain(),
        text: filter.text.clone(),
        status: filter.status.map_or("", CustomerStatus::as_str),
        segments,
        chosen_plan: filter.plan.map(|id| id.to_string()).unwrap_or_default(),
        ignored: filter.ignored.join(", "),
        no_match: filter.no_match(),
        heads: filter
            .sort
            .heads(&COLUMNS, &filter.address_of(filter.status)),
        rows: found
            .rows
            .into_iter()
            .map(|found| {
                let moved = app.customers.traffic(&found.customer).moved;
                row(found, moved, &by_id)
            })
            .collect(),
        pager: Pager::numbered(
            &filter.sorted_address(),
            filter.page,
            CustomerFilter::SIZE,
            found.total,
        ),
        plans: plans
            .iter()
            .map(|plan| (plan.id.to_string(), plan.name.clone()))
            .collect(),
    };
    Ok(page.into_response())
}

async fn segments(app: &App, filter: &CustomerFilter) -> Result<Vec<Segment>, PageError> {
    let kinds = [
        ("All", None),
        ("Active", Some(CustomerStatus::Active)),
        ("Suspended", Some(CustomerStatus::Suspended)),
    ];
    let mut segments = Vec::with_capacity(kinds.len());
    for (label, status) in kinds {
        let query = CustomerQuery {
            status,
            window: Window {
                offset: 0,
                limit: 1,
            },
            ..filter.query()
        };
        let total = app.customers.page(&query).await?.total;
        segments.push(Segment {
            label,
            count: Count(total).to_string(),
            url: filter.address_of(status).to_string(),
            current: filter.status == status,
        });
    }
    Ok(segments)
}

fn row(found: CustomerRow, moved: Moved, plans: &HashMap<PlanId, &Plan>) -> Row {
    let customer = found.customer;
    let plan = plans.get(&customer.plan_id);
    let inherited = plan.and_then(|plan| plan.pool_bytes);
    let limits: Traffic<Limit> = plan.map_or_else(Traffic::default, |plan| {
        pool_traffic(&customer, plan).map(|effective| effective.limit)
    });
    let limit = customer.pool_bytes.or(inherited);
    let storage = Meter::storage(found.usage.bytes, limit);
    let (dot, status) = state(customer.status);
    Row {
        url: format!("/admin/customers/{}", customer.id),
        dot,
        status,
        brief: match limit {
            Some(limit) => format!("{} of {}", storage.used, Bytes(limit)),
            None => storage.used.clone(),
        },
        storage,
        traffic: nearest(moved, limits),
        plan: found.plan_name,
        accounts: Count(found.accounts).to_string(),
        accounts_url: format!("/admin/accounts?customer={}", customer.id),
        name: customer.name,
        contact: customer.contact_email,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::Usage;
    use crate::web::sample_records::{customer, plan, traffic};

    let plan = plan();
    let by_id = HashMap::from([(plan.id, &plan)]);
    let found = CustomerRow {
        customer: customer(),
        plan_name: plan.name.clone(),
        accounts: 3,
        usage: Usage {
            bytes: 98 << 30,
            files: 40_112,
        },
    };
    let filter = CustomerFilter::read(&CustomerParams::default());
    let page = |rows: Vec<Row>, never_used| ListPage {
        layout: Layout::sample("Customers", "/admin/customers"),
        may_manage: true,
        never_used,
        text: String::new(),
        status: "",
        segments: vec![Segment {
            label: "All",
            count: "41".to_owned(),
            url: "/admin/customers".to_owned(),
            current: true,
        }],
        plans: vec![(plan.id.to_string(), plan.name.clone())],
        chosen_plan: String::new(),
        ignored: "status=asleep".to_owned(),
        no_match: filter.no_match(),
        heads: filter.sort.heads(&COLUMNS, &filter.address_of(None)),
        rows,
        pager: Pager::numbered(&filter.sorted_address(), 1, CustomerFilter::SIZE, 41),
    };
    vec![
        (
            "customers",
            page(vec![row(found, traffic().moved, &by_id)], false).to_string(),
        ),
        ("customers-empty", page(Vec::new(), true).to_string()),
    ]
}
