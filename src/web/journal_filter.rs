//! Which transfers a page shows: read from the URL, written back into it, turned into a query.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::format::{day_end, day_start};
use super::session_row::verb;
use super::table::{Address, Segment};
use crate::model::page::JournalQuery;
use crate::model::{AccountId, CustomerId, Operation, TransferResult};

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JournalFilter {
    /// Part of a path, a user name or an address.
    pub(crate) q: String,
    /// Name or id of one account.
    pub(crate) account: String,
    /// Name or id of one customer.
    pub(crate) customer: String,
    /// What a path begins with.
    pub(crate) path: String,
    /// An address or a network.
    pub(crate) address: String,
    /// `upload`, `download`, …; empty for all.
    pub(crate) kind: String,
    /// `complete`, `aborted`, …; empty for all.
    pub(crate) result: String,
    /// First day, `2026-03-12`.
    pub(crate) from: String,
    /// Last day, included.
    pub(crate) to: String,
    /// Only rows older than this one.
    pub(crate) before: String,
}

/// Whose transfers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Owner {
    /// Of one account.
    pub(crate) account: Option<AccountId>,
    /// Of the accounts of one customer.
    pub(crate) customer: Option<CustomerId>,
}

/// Kinds that have a link of their own.
const KINDS: [(&str, &str); 4] = [
    ("", "All"),
    ("upload", "Uploads"),
    ("download", "Downloads"),
    ("delete", "Deletions"),
];

/// Results in the order of the choice.
const RESULTS: [(&str, &str); 5] = [
    ("", "Any result"),
    ("complete", "Complete"),
    ("aborted", "Stopped"),
    ("failed", "Failed"),
    ("refused", "Refused"),
];

impl JournalFilter {
    /// The query for one page of `limit` rows.
    pub(crate) fn query(&self, owner: Owner, limit: u64) -> JournalQuery {
        JournalQuery {
            text: self.q.trim().to_owned(),
            account_id: owner.account,
            customer_id: owner.customer,
            operation: Operation::from_name(&self.kind),
            result: TransferResult::from_name(&self.result),
            path: self.prefix(),
            address: network(&self.address),
            from: day_start(&self.from),
            to: day_end(&self.to),
            before: self.before.parse().ok(),
            limit,
        }
    }

    /// What a path begins with; every path begins with a slash.
    fn prefix(&self) -> String {
        let typed = self.path.trim();
        if typed.is_empty() || typed.starts_with('/') {
            typed.to_owned()
        } else {
            format!("/{typed}")
        }
    }

    /// What is not understood, as `name=value`; empty if all of it is.
    pub(crate) fn ignored(&self) -> String {
        let day = |text: &String| day_start(text).is_some();
        let odd = [
            (
                "kind",
                &self.kind,
                Operation::from_name(&self.kind).is_some(),
            ),
            (
                "result",
                &self.result,
                TransferResult::from_name(&self.result).is_some(),
            ),
            ("address", &self.address, network(&self.address).is_some()),
            ("from", &self.from, day(&self.from)),
            ("to", &self.to, day(&self.to)),
        ];
        let odd = odd
            .into_iter()
            .filter(|(_, typed, is_read)| !typed.trim().is_empty() && !is_read);
        let odd: Vec<String> = odd
            .map(|(name, typed, _)| format!("{name}={typed}"))
            .collect();
        odd.join(", ")
    }

    /// The address of the page at `path` with this filter, from its beginning.
    pub(crate) fn at(&self, path: &str) -> Address {
        Address::new(path)
            .with("q", self.q.trim())
            .with("account", self.account.trim())
            .with("customer", self.customer.trim())
            .with("path", self.path.trim())
            .with("address", self.address.trim())
            .with("kind", &self.kind)
            .with("result", &self.result)
            .with("from", &self.from)
            .with("to", &self.to)
    }

    /// The links for the kinds.
    pub(crate) fn segments(&self, path: &str) -> Vec<Segment> {
        let segment = |(key, label): (&str, &'static str)| Segment {
            label,
            count: String::new(),
            url: self.at(path).with("kind", key).to_string(),
            current: self.kind == key,
        };
        KINDS.into_iter().map(segment).collect()
    }

    /// The results to choose from: name, words, whether it is chosen.
    pub(crate) fn results(&self) -> Vec<(&'static str, &'static str, bool)> {
        RESULTS
            .into_iter()
            .map(|(key, words)| (key, words, self.result == key))
            .collect()
    }

    /// The operations to choose from: name, words, whether it is chosen.
    pub(crate) fn kinds(&self) -> Vec<(&'static str, &'static str, bool)> {
        let any = [("", "Any operation", self.kind.is_empty())];
        let all = Operation::ALL.iter();
        let known = all.map(|it| (it.as_str(), verb(*it), self.kind == it.as_str()));
        any.into_iter().chain(known).collect()
    }

    /// Whether a filter is in force that is folded away on the page.
    pub(crate) fn is_detailed(&self) -> bool {
        let has_segment = KINDS.iter().any(|(key, _)| *key == self.kind);
        let folded = [&self.account, &self.customer, &self.path, &self.address];
        !has_segment || folded.iter().any(|field| !field.trim().is_empty())
    }

    /// Whether anything is left out.
    pub(crate) fn is_active(&self) -> bool {
        [
            &self.q,
            &self.account,
            &self.customer,
            &self.path,
            &self.address,
            &self.kind,
            &self.result,
            &self.from,
            &self.to,
        ]
        .iter()
        .any(|field| !field.trim().is_empty())
    }
}

/// An address or a network.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_left_out_of_the_query() {
        let filter = JournalFilter {
            kind: "upload".to_owned(),
            result: "brilliant".to_owned(),
            from: "yesterday".to_owned(),
            ..JournalFilter::default()
        };

        let query = filter.query(Owner::default(), 50);

        assert_eq!(query.operation, Some(Operation::Upload));
        assert_eq!((query.result, query.from), (None, None));
        assert_eq!(filter.ignored(), "result=brilliant, from=yesterday");
    }

    #[test]
    fn a_path_begins_with_a_slash_and_an_address_is_a_small_network() {
        let filter = JournalFilter {
            path: " in/2026 ".to_owned(),
            address: "192.0.2.7".to_owned(),
            ..JournalFilter::default()
        };

        let query = filter.query(Owner::default(), 50);

        assert_eq!(query.path, "/in/2026");
        assert_eq!(query.address, "192.0.2.7/32".parse().ok());
        assert_eq!(filter.ignored(), "");
        assert!(filter.is_detailed());
    }

    #[test]
    fn both_ends_of_a_range_of_days_are_included() {
        let day = "2026-03-12".to_owned();
        let filter = JournalFilter {
            from: day.clone(),
            to: day,
            ..JournalFilter::default()
        };

        let query = filter.query(Owner::default(), 50);

        let length = query.to.unwrap().since(query.from.unwrap());
        assert_eq!(length.as_secs(), 86_400);
    }

    #[test]
    fn a_segment_keeps_the_rest_of_the_filter() {
        let filter = JournalFilter {
            q: "a".to_owned(),
            ..JournalFilter::default()
        };

        assert_eq!(filter.segments("/t")[1].url, "/t?q=a&kind=upload");
        assert!(filter.segments("/t")[0].current);
    }
}
