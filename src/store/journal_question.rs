//! What is asked of the journal, as the engines take it.

use super::address::address_range;
use super::row::{containing, rows, text_of};
use crate::model::{JournalQuery, Operation, TransferId, TransferResult};

/// After every id and every address.
const END: &str = "g";

/// The parameters of a search, as the engines take them.
pub(super) struct Asked {
    pub(super) text: Option<String>,
    pub(super) account: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) operation: Option<&'static str>,
    pub(super) result: Option<&'static str>,
    /// The first id, and the one after the last.
    pub(super) ids: (String, String),
    addresses: Option<(String, String)>,
    pub(super) limit: i64,
}

impl Asked {
    pub(super) fn of(query: &JournalQuery, limit: u64) -> Self {
        let from = query.from.map(|at| TransferId::first_at(at).to_string());
        let ends = [query.to.map(TransferId::first_at), query.before];
        let end = ends.into_iter().flatten().min();
        Self {
            text: containing(&query.text),
            account: text_of(query.account_id),
            customer: text_of(query.customer_id),
            operation: query.operation.map(Operation::as_str),
            result: query.result.map(TransferResult::as_str),
            ids: (
                from.unwrap_or_default(),
                text_of(end).unwrap_or_else(|| END.to_owned()),
            ),
            addresses: query.address.map(address_range),
            limit: rows(limit),
        }
    }

    pub(super) fn addresses(&self) -> (Option<&str>, Option<&str>) {
        match &self.addresses {
            Some((first, last)) => (Some(first), Some(last)),
            None => (None, None),
        }
    }
}

/// Binds `$1` to `$10`.
macro_rules! asking {
    ($statement:expr, $asked:expr) => {
        $statement
            .bind(&$asked.text)
            .bind(&$asked.account)
            .bind(&$asked.customer)
            .bind($asked.operation)
            .bind($asked.result)
            .bind(&$asked.ids.0)
            .bind(&$asked.ids.1)
            .bind($asked.addresses().0)
            .bind($asked.addresses().1)
            .bind($asked.limit)
    };
}

pub(super) use asking;

/// No path and no name holds a NUL, and PostgreSQL takes no text with one.
pub(super) fn is_impossible(query: &JournalQuery) -> bool {
    query.text.contains('\0') || query.path.contains('\0')
}
