//! What is asked of the journal, as the engines take it.

use super::address::{address_pattern, address_range};
use super::journal_codes::{operation_code, result_code};
use super::row::{containing, rows};
use crate::model::{AccountId, CustomerId, JournalQuery, TransferId};

/// The parameters of a search, as the engines take them. Ids are halves.
pub(super) struct Asked {
    pub(super) text: Option<String>,
    pub(super) account: Option<(i64, i64)>,
    pub(super) customer: Option<(i64, i64)>,
    pub(super) operation: Option<i64>,
    pub(super) result: Option<i64>,
    /// The first id.
    pub(super) first: (i64, i64),
    /// The one after the last.
    pub(super) end: (i64, i64),
    /// The first address and the last.
    pub(super) addresses: Option<(String, String)>,
    pub(super) limit: i64,
    /// Addresses that begin as the text does.
    pub(super) address_text: Option<String>,
}

impl Asked {
    pub(super) fn of(query: &JournalQuery, limit: u64) -> Self {
        let from = query.from.map(|from| TransferId::first_at(from).halves());
        let ends = [query.to.map(TransferId::first_at), query.before];
        let end = ends.into_iter().flatten().min();
        Self {
            text: containing(&query.text),
            account: query.account_id.map(AccountId::halves),
            customer: query.customer_id.map(CustomerId::halves),
            operation: query.operation.map(operation_code),
            result: query.result.map(result_code),
            first: from.unwrap_or((i64::MIN, i64::MIN)),
            end: end.map_or((i64::MAX, i64::MAX), TransferId::halves),
            addresses: query.address.map(address_range),
            limit: rows(limit),
            address_text: address_pattern(&query.text),
        }
    }

    /// Whether nothing is asked for but account, time and path.
    pub(super) fn is_simple(&self) -> bool {
        self.text.is_none()
            && self.customer.is_none()
            && self.operation.is_none()
            && self.result.is_none()
            && self.addresses.is_none()
    }
}

/// Binds `$1` to `$15`.
macro_rules! asking {
    ($statement:expr, $asked:expr) => {
        $statement
            .bind(&$asked.text)
            .bind($asked.account.map(|id| id.0))
            .bind($asked.account.map(|id| id.1))
            .bind($asked.customer.map(|id| id.0))
            .bind($asked.customer.map(|id| id.1))
            .bind($asked.operation)
            .bind($asked.result)
            .bind($asked.first.0)
            .bind($asked.first.1)
            .bind($asked.end.0)
            .bind($asked.end.1)
            .bind($asked.addresses.as_ref().map(|range| range.0.as_str()))
            .bind($asked.addresses.as_ref().map(|range| range.1.as_str()))
            .bind($asked.limit)
            .bind(&$asked.address_text)
    };
}

pub(super) use asking;

/// No path and no name holds a NUL, and PostgreSQL takes no text with one.
pub(super) fn is_impossible(query: &JournalQuery) -> bool {
    query.text.contains('\0') || query.path.contains('\0')
}
