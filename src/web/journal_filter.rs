//! Which transfers a page shows: read from the URL, written back into it, turned into a query.

use serde::Deserialize;

use super::format::{day_end, day_start};
use super::table::{Address, Segment};
use crate::model::page::JournalQuery;
use crate::model::{AccountId, Operation, TransferResult};

/// The filter as it stands in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JournalFilter {
    /// Part of a path, a user name or an address.
    pub(crate) q: String,
    /// Name or id of one account.
    pub(crate) account: String,
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
    pub(crate) fn query(&self, account_id: Option<AccountId>, limit: u64) -> JournalQuery {
        JournalQuery {
            text: self.q.trim().to_owned(),
            account_id,
            customer_id: None,
            operation: Operation::from_name(&self.kind),
            result: TransferResult::from_name(&self.result),
            from: day_start(&self.from),
            to: day_end(&self.to),
            before: self.before.parse().ok(),
            limit,
        }
    }

    /// The address of the page at `path` with this filter, from its beginning.
    pub(crate) fn address(&self, path: &str) -> Address {
        Address::new(path)
            .with("q", self.q.trim())
            .with("account", &self.account)
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
            url: self.address(path).with("kind", key).to_string(),
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

    /// Whether anything is left out.
    pub(crate) fn is_active(&self) -> bool {
        [
            &self.q,
            &self.account,
            &self.kind,
            &self.result,
            &self.from,
            &self.to,
        ]
        .iter()
        .any(|field| !field.trim().is_empty())
    }
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

        let query = filter.query(None, 50);

        assert_eq!(query.operation, Some(Operation::Upload));
        assert_eq!((query.result, query.from), (None, None));
    }

    #[test]
    fn both_ends_of_a_range_of_days_are_included() {
        let day = "2026-03-12".to_owned();
        let filter = JournalFilter {
            from: day.clone(),
            to: day,
            ..JournalFilter::default()
        };

        let query = filter.query(None, 50);

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
