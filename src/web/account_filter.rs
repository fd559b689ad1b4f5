//! Which accounts a list shows, as its URL says. One type reads the query, writes it back in its
//! canonical order and asks the service, so that list, links and export cannot differ.

use serde::Deserialize;

use crate::model::page::{AccountQuery, AccountSort, Direction as Order, Window};
use crate::model::{AccountStanding, CustomerId, PlanId};
use crate::web::table::{Address, Column, Direction, Sort};

/// The query as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountParams {
    q: String,
    status: String,
    usage: String,
    customer: String,
    plan: String,
    size: String,
    sort: String,
    dir: String,
    page: String,
}

/// The query, understood.
#[derive(Clone, Debug)]
pub(crate) struct AccountFilter {
    /// What is searched for.
    pub(crate) text: String,
    /// Only this customer.
    pub(crate) customer: Option<CustomerId>,
    /// Only this plan.
    pub(crate) plan: Option<PlanId>,
    /// Rows on a page.
    pub(crate) size: u64,
    /// The order.
    pub(crate) sort: Sort,
    /// The page, from 1.
    pub(crate) page: u64,
    /// What was not understood, as `name=value`.
    pub(crate) ignored: Vec<String>,
    standing: Option<AccountStanding>,
    over: bool,
}

/// The columns of the list.
pub(crate) const COLUMNS: [Column; 7] = [
    column("account", "Account", Direction::Ascending, ""),
    column("status", "Status", Direction::Ascending, "hide-sm"),
    column("", "Plan", Direction::Ascending, "hide-md"),
    column("storage", "Storage", Direction::Descending, "hide-sm"),
    column("", "Files", Direction::Descending, "hide-md r"),
    column("", "Sessions", Direction::Descending, "hide-sm r"),
    column(
        "last-sign-in",
        "Last sign-in",
        Direction::Descending,
        "hide-md",
    ),
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

impl AccountFilter {
    /// Percent of a limit from which an account counts as nearly full.
    pub(crate) const OVER: u8 = 90;
    const SIZE: u64 = 50;
    const SIZES: [u64; 3] = [25, 50, 100];
    const PATH: &'static str = "/admin/accounts";

    /// Reads the query; what makes no sense is ignored and told.
    pub(crate) fn read(params: &AccountParams) -> Self {
        let mut ignored = Vec::new();
        let mut ignore = |name: &str, value: &str| ignored.push(format!("{name}={value}"));
        let standing = match params.status.as_str() {
            "" => None,
            "active" => Some(AccountStanding::Active),
            "expired" => Some(AccountStanding::Expired),
            "suspended" => Some(AccountStanding::Suspended),
            other => {
                ignore("status", other);
                None
            }
        };
        let over = match params.usage.as_str() {
            "" => false,
            "90" => true,
            other => {
                ignore("usage", other);
                false
            }
        };
        let customer = params.customer.parse().ok();
        if customer.is_none() && !params.customer.is_empty() {
            ignore("customer", &params.customer);
        }
        let plan = params.plan.parse().ok();
        if plan.is_none() && !params.plan.is_empty() {
            ignore("plan", &params.plan);
        }
        let size = params
            .size
            .parse()
            .ok()
            .filter(|size| Self::SIZES.contains(size));
        Self {
            text: params.q.trim().to_owned(),
            customer,
            plan,
            size: size.unwrap_or(Self::SIZE),
            sort: Sort::read(&COLUMNS, &params.sort, &params.dir),
            page: params.page.parse().unwrap_or(1).max(1),
            ignored,
            standing,
            over,
        }
    }

    /// The question to the service.
    pub(crate) fn query(&self) -> AccountQuery {
        AccountQuery {
            text: self.text.clone(),
            standing: self.standing,
            customer_id: self.customer,
            plan_id: self.plan,
            over_percent: self.over.then_some(Self::OVER),
            sort: match self.sort.key {
                "status" => AccountSort::Status,
                "storage" => AccountSort::Usage,
                "last-sign-in" => AccountSort::LastLogin,
                _ => AccountSort::Username,
            },
            direction: match self.sort.direction {
                Direction::Ascending => Order::Ascending,
                Direction::Descending => Order::Descending,
            },
            window: Window {
                offset: (self.page - 1).saturating_mul(self.size),
                limit: self.size,
            },
        }
    }

    /// The list with this filter, in its usual order, first page.
    pub(crate) fn address(&self) -> Address {
        self.address_of(self.standing, self.over)
    }

    /// The same in the order that is in force.
    pub(crate) fn sorted_address(&self) -> Address {
        let usual = Sort::read(&COLUMNS, "", "");
        if self.sort == usual {
            return self.address();
        }
        let direction = self.sort.direction.as_str();
        self.address()
            .with("sort", self.sort.key)
            .with("dir", direction)
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

    /// The same list as a file.
    pub(crate) fn csv_url(&self) -> String {
        self.sorted_address()
            .to_string()
            .replacen(Self::PATH, "/admin/accounts.csv", 1)
    }

    /// The segments: words, link, and whether it is in force.
    pub(crate) fn segments(&self) -> [(&'static str, String, bool); 5] {
        let segment = |label, standing, over| {
            let current = self.standing == standing && self.over == over;
            (label, self.address_of(standing, over).to_string(), current)
        };
        [
            segment("All", None, false),
            segment("Active", Some(AccountStanding::Active), false),
            segment("Expired", Some(AccountStanding::Expired), false),
            segment("Suspended", Some(AccountStanding::Suspended), false),
            segment("Over 90\u{a0}%", None, true),
        ]
    }

    /// What the filter form must send along besides its visible fields.
    pub(crate) fn kept(&self) -> Vec<(&'static str, String)> {
        let visible = ["q", "customer"];
        self.sorted_address()
            .query()
            .iter()
            .filter(|(name, _)| !visible.contains(name))
            .cloned()
            .collect()
    }

    /// What is said when nothing matches.
    pub(crate) fn no_match(&self) -> String {
        let kind = match (self.standing, self.over) {
            (Some(AccountStanding::Active), _) => "active accounts",
            (Some(AccountStanding::Expired), _) => "expired accounts",
            (Some(AccountStanding::Suspended), _) => "suspended accounts",
            (None, true) => "accounts over 90\u{a0}%",
            (None, false) => "accounts",
        };
        if self.text.is_empty() {
            format!("No {kind} here")
        } else {
            format!("No {kind} match “{}”", self.text)
        }
    }

    /// The same search over all accounts; empty if the search is not narrowed.
    pub(crate) fn widened(&self) -> String {
        let narrowed = self.standing.is_some() || self.over || self.customer.is_some();
        if !narrowed || self.text.is_empty() {
            return String::new();
        }
        Address::new(Self::PATH).with("q", &self.text).to_string()
    }

    /// The order in words, for the table's caption.
    pub(crate) fn sort_words(&self) -> &'static str {
        match self.sort.key {
            "status" => "status",
            "storage" => "storage",
            "last-sign-in" => "last sign-in",
            _ => "name",
        }
    }

    /// Whether nothing is filtered at all.
    pub(crate) fn is_plain(&self) -> bool {
        self.text.is_empty() && self.has_only_text()
    }

    /// Whether there is a search and nothing else.
    pub(crate) fn is_search_only(&self) -> bool {
        !self.text.is_empty() && self.has_only_text() && self.ignored.is_empty()
    }

    /// The number of the last page if there are `total` rows.
    pub(crate) fn last_page(&self, total: u64) -> u64 {
        total.div_ceil(self.size).max(1)
    }

    fn has_only_text(&self) -> bool {
        let narrowed = self.customer.is_some() || self.plan.is_some() || self.over;
        self.standing.is_none() && !narrowed
    }

    fn address_of(&self, standing: Option<AccountStanding>, over: bool) -> Address {
        let text = |id: Option<String>| id.unwrap_or_default();
        let size = if self.size == Self::SIZE {
            String::new()
        } else {
            self.size.to_string()
        };
        Address::new(Self::PATH)
            .with("q", &self.text)
            .with("status", standing.map_or("", AccountStanding::as_str))
            .with("usage", if over { "90" } else { "" })
            .with("customer", text(self.customer.map(|id| id.to_string())))
            .with("plan", text(self.plan.map(|id| id.to_string())))
            .with("size", size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> AccountFilter {
        let map: serde_json::Map<String, serde_json::Value> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        AccountFilter::read(&serde_json::from_value(map.into()).unwrap())
    }

    #[test]
    fn defaults_are_left_out_of_the_url() {
        let plain = filter(&[
            ("sort", "account"),
            ("dir", "asc"),
            ("page", "1"),
            ("size", "50"),
        ]);

        assert_eq!(plain.at_page(plain.page).to_string(), "/admin/accounts");
        assert!(plain.is_plain());
    }

    #[test]
    fn equal_views_have_equal_urls() {
        let query = [
            ("page", "2"),
            ("status", "suspended"),
            ("dir", "desc"),
            ("sort", "storage"),
            ("q", "kestrel"),
        ];

        let address = filter(&query).at_page(2).to_string();

        assert_eq!(
            address,
            "/admin/accounts?q=kestrel&status=suspended&sort=storage&dir=desc&page=2"
        );
    }

    #[test]
    fn what_makes_no_sense_is_ignored_and_told() {
        let odd = filter(&[("plan", "gold"), ("status", "asleep"), ("size", "7")]);

        assert_eq!(odd.ignored, ["status=asleep", "plan=gold"]);
        assert_eq!(odd.query().plan_id, None);
        assert_eq!(odd.size, 50);
    }

    #[test]
    fn a_search_that_finds_nothing_can_be_widened() {
        let narrow = filter(&[("q", "heron"), ("status", "suspended")]);

        assert_eq!(narrow.no_match(), "No suspended accounts match “heron”");
        assert_eq!(narrow.widened(), "/admin/accounts?q=heron");
        assert_eq!(filter(&[("q", "heron")]).widened(), "");
    }

    #[test]
    fn the_second_page_begins_after_the_first() {
        let window = filter(&[("page", "3"), ("size", "25")]).query().window;

        assert_eq!((window.offset, window.limit), (50, 25));
    }
}
