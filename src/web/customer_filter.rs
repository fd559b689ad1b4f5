//! Which customers a list shows, as its URL says.

use serde::Deserialize;

use crate::model::page::{CustomerQuery, CustomerSort, Direction as Order, Window};
use crate::model::{CustomerStatus, PlanId};
use crate::web::table::{Address, Column, Direction, Sort};

/// The query as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CustomerParams {
    q: String,
    status: String,
    plan: String,
    sort: String,
    dir: String,
    page: String,
}

/// The query, understood.
#[derive(Clone, Debug)]
pub(crate) struct CustomerFilter {
    /// What is searched for.
    pub(crate) text: String,
    /// Only customers in this state.
    pub(crate) status: Option<CustomerStatus>,
    /// Only customers on this plan.
    pub(crate) plan: Option<PlanId>,
    /// The order.
    pub(crate) sort: Sort,
    /// The page, from 1.
    pub(crate) page: u64,
    /// What was not understood, as `name=value`.
    pub(crate) ignored: Vec<String>,
}

/// The columns of the list.
pub(crate) const COLUMNS: [Column; 6] = [
    column("name", "Customer", Direction::Ascending, ""),
    column("status", "Status", Direction::Ascending, "hide-sm"),
    column("plan", "Plan", Direction::Ascending, "hide-md"),
    column(
        "storage",
        "Storage of all accounts",
        Direction::Descending,
        "hide-sm",
    ),
    column("", "Traffic this month", Direction::Descending, "hide-md"),
    column("accounts", "Accounts", Direction::Descending, "r"),
];

const fn column(
    key: &'static str,
    label: &'static str,
    natural: Direction,
    class: &'static str,
) -> Column {
    Column {
        key,
        label,
        natural,
        class,
    }
}

impl CustomerFilter {
    /// Rows on a page.
    pub(crate) const SIZE: u64 = 50;
    const PATH: &'static str = "/admin/customers";

    /// Reads the query; what makes no sense is ignored and told.
    pub(crate) fn read(params: &CustomerParams) -> Self {
        let mut ignored = Vec::new();
        let status = match params.status.as_str() {
            "" => None,
            "active" => Some(CustomerStatus::Active),
            "suspended" => Some(CustomerStatus::Suspended),
            other => {
                ignored.push(format!("status={other}"));
                None
            }
        };
        let plan = params.plan.parse().ok();
        if plan.is_none() && !params.plan.is_empty() {
            ignored.push(format!("plan={}", params.plan));
        }
        Self {
            text: params.q.trim().to_owned(),
            status,
            plan,
            sort: Sort::read(&COLUMNS, &params.sort, &params.dir),
            page: params.page.parse().unwrap_or(1).max(1),
            ignored,
        }
    }

    /// The question to the service.
    pub(crate) fn query(&self) -> CustomerQuery {
        CustomerQuery {
            text: self.text.clone(),
            status: self.status,
            plan_id: self.plan,
            sort: match self.sort.key {
                "status" => CustomerSort::Status,
                "plan" => CustomerSort::Plan,
                "storage" => CustomerSort::Usage,
                "accounts" => CustomerSort::Accounts,
                _ => CustomerSort::Name,
            },
            direction: match self.sort.direction {
                Direction::Ascending => Order::Ascending,
                Direction::Descending => Order::Descending,
            },
            window: Window {
                offset: (self.page - 1).saturating_mul(Self::SIZE),
                limit: Self::SIZE,
            },
        }
    }

    /// The list with this filter and another state, in its usual order, first page.
    pub(crate) fn address_of(&self, status: Option<CustomerStatus>) -> Address {
        let plan = self.plan.map(|id| id.to_string()).unwrap_or_default();
        Address::new(Self::PATH)
            .with("q", &self.text)
            .with("status", status.map_or("", CustomerStatus::as_str))
            .with("plan", plan)
    }

    /// The same in the order that is in force.
    pub(crate) fn sorted_address(&self) -> Address {
        let here = self.address_of(self.status);
        if self.sort == Sort::read(&COLUMNS, "", "") {
            return here;
        }
        let direction = self.sort.direction.as_str();
        here.with("sort", self.sort.key).with("dir", direction)
    }

    /// The same at another page.
    pub(crate) fn at_page(&self, page: u64) -> Address {
        let number = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        self.sorted_address().with("page", number)
    }

    /// What is said when nothing matches.
    pub(crate) fn no_match(&self) -> String {
        let kind = match self.status {
            Some(CustomerStatus::Active) => "active customers",
            Some(CustomerStatus::Suspended) => "suspended customers",
            None => "customers",
        };
        if self.text.is_empty() {
            format!("No {kind} here")
        } else {
            format!("No {kind} match “{}”", self.text)
        }
    }

    /// Whether nothing is filtered at all.
    pub(crate) fn is_plain(&self) -> bool {
        self.text.is_empty() && self.status.is_none() && self.plan.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_views_have_equal_urls() {
        let filter = CustomerFilter::read(&CustomerParams {
            q: " kestrel ".to_owned(),
            status: "active".to_owned(),
            sort: "accounts".to_owned(),
            page: "2".to_owned(),
            ..CustomerParams::default()
        });

        assert_eq!(
            filter.at_page(2).to_string(),
            "/admin/customers?q=kestrel&status=active&sort=accounts&dir=desc&page=2"
        );
        assert_eq!(filter.query().window.offset, 50);
    }

    #[test]
    fn what_makes_no_sense_is_ignored_and_told() {
        let filter = CustomerFilter::read(&CustomerParams {
            status: "asleep".to_owned(),
            ..CustomerParams::default()
        });

        assert_eq!(filter.ignored, ["status=asleep"]);
        assert!(filter.is_plain());
    }
}
