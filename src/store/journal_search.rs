//! Searches in the transfer journal: a page of rows, latest first, and how many match.
//!
//! Every search walks rows in the order of their ids, latest first, along the index that fits what is
//! asked for, until the page is full. A path has no such index: its rows are sorted by path. So the
//! latest rows are read first, of which a few are enough for a path that is used every day; if the page
//! is not full then, all rows of the path are looked up in its index, which holds what is needed to sort
//! them.

use super::db::{Db, on_reader};
use super::error::StoreError;
use super::journal_question::{Asked, asking, is_impossible};
use super::journal_row::TransferColumns;
use super::journal_statements::{count_in_path_sql, count_sql, in_path_sql, latest_sql, page_sql};
use super::path_range::PathRange;
use super::row::rows;
use crate::model::{JournalEntry, JournalQuery};

/// Latest rows of all that are read to find those of a path: some milliseconds.
const LATELY: u64 = 5_000;
/// The same for the rows of one account or customer. There are more, because everybody else's rows of
/// the path have to be passed over if these do not fill the page.
const LATELY_OF_ONE: u64 = 10_000;

impl Db {
    /// The rows that match, latest first.
    pub async fn transfers(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        if is_impossible(query) {
            return Ok(Vec::new());
        }
        let asked = Asked::of(query, query.limit);
        let found = match PathRange::of(&query.path) {
            Some(range) => self.in_path(query, &asked, &range).await?,
            None => on_reader!(self, |pool| {
                asking!(sqlx::query_as(page_sql(query)), asked)
                    .fetch_all(pool)
                    .await
            })?,
        };
        found.into_iter().map(TransferColumns::read).collect()
    }

    /// Counts the rows that match (whatever `before` and `limit` say), but not beyond `at_most`.
    pub async fn count_transfers(
        &self,
        query: &JournalQuery,
        at_most: u64,
    ) -> Result<u64, StoreError> {
        if is_impossible(query) {
            return Ok(0);
        }
        let query = &JournalQuery {
            before: None,
            ..query.clone()
        };
        let asked = Asked::of(query, at_most);
        let count: i64 = match PathRange::of(&query.path) {
            Some(range) => on_reader!(self, |pool| {
                asking!(sqlx::query_scalar(count_in_path_sql()), asked)
                    .bind(&range.first)
                    .bind(&range.end)
                    .fetch_one(pool)
                    .await
            })?,
            None => on_reader!(self, |pool| {
                asking!(sqlx::query_scalar(count_sql(query)), asked)
                    .fetch_one(pool)
                    .await
            })?,
        };
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The rows of a path.
    async fn in_path(
        &self,
        query: &JournalQuery,
        asked: &Asked,
        range: &PathRange,
    ) -> Result<Vec<TransferColumns>, StoreError> {
        let (latest, rows_of_owner) = latest_sql(query);
        let lately = match (asked.account, asked.customer) {
            (None, None) => LATELY,
            _ => LATELY_OF_ONE,
        };
        let found: Vec<TransferColumns> = on_reader!(self, |pool| {
            asking!(sqlx::query_as(latest), asked)
                .bind(&range.first)
                .bind(&range.end)
                .bind(rows(lately))
                .fetch_all(pool)
                .await
        })?;
        let is_full = rows(u64::try_from(found.len()).unwrap_or(u64::MAX)) >= asked.limit;
        if is_full || self.has_at_most(lately, rows_of_owner, asked).await? {
            return Ok(found);
        }
        if asked.is_simple() {
            return self.in_path_only(asked, range).await;
        }
        let found = on_reader!(self, |pool| {
            asking!(sqlx::query_as(in_path_sql().0), asked)
                .bind(&range.first)
                .bind(&range.end)
                .fetch_all(pool)
                .await
        })?;
        Ok(found)
    }

    /// The rows of a path, of one account or all, as its index finds them.
    async fn in_path_only(
        &self,
        asked: &Asked,
        range: &PathRange,
    ) -> Result<Vec<TransferColumns>, StoreError> {
        let found = on_reader!(self, |pool| sqlx::query_as(in_path_sql().1)
            .bind(asked.account.map(|id| id.1))
            .bind(asked.first.0)
            .bind(asked.first.1)
            .bind(asked.end.0)
            .bind(asked.end.1)
            .bind(asked.limit)
            .bind(&range.first)
            .bind(&range.end)
            .fetch_all(pool)
            .await)?;
        Ok(found)
    }

    /// Whether the owner has no more rows in the time that is asked for, whatever else is asked for.
    async fn has_at_most(
        &self,
        count: u64,
        sql: &'static str,
        asked: &Asked,
    ) -> Result<bool, StoreError> {
        let found: i64 = on_reader!(self, |pool| sqlx::query_scalar(sql)
            .bind(asked.account.map(|id| id.0))
            .bind(asked.account.map(|id| id.1))
            .bind(asked.customer.map(|id| id.0))
            .bind(asked.customer.map(|id| id.1))
            .bind(asked.first.0)
            .bind(asked.first.1)
            .bind(asked.end.0)
            .bind(asked.end.1)
            .bind(rows(count + 1))
            .fetch_one(pool)
            .await)?;
        Ok(found <= rows(count))
    }
}
