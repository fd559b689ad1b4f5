//! Searches in the transfer journal: a page of rows, latest first, and how many match.
//!
//! Every search walks rows in the order of their ids, latest first, along the index that fits what is
//! asked for, until the page is full. A path has no such index: its rows are sorted by path. So a path
//! that few rows have is looked up there and its rows are sorted, and for one that many rows have the
//! latest rows are read first, of which a few are enough for a page.

use ipnet::IpNet;

use super::db::{Db, on_reader};
use super::error::StoreError;
use super::journal::{TransferColumns, transfer_columns};
use super::journal_question::{Asked, asking, is_impossible};
use super::path_range::PathRange;
use super::row::rows;
use super::statements::queries;
use crate::model::{JournalEntry, JournalQuery, Operation, TransferResult};

/// What is asked for beside the owner, the time and the path. `$8` and `$9` are the first and the last
/// address.
macro_rules! others {
    () => {
        " AND (CAST($1 AS TEXT) IS NULL
               OR lower(t.username) LIKE lower($1) ESCAPE '!'
               OR lower(t.path) LIKE lower($1) ESCAPE '!'
               OR lower(t.target) LIKE lower($1) ESCAPE '!'
               OR t.ip LIKE lower($1) ESCAPE '!')
          AND (CAST($4 AS TEXT) IS NULL OR t.operation = $4)
          AND (CAST($5 AS TEXT) IS NULL OR t.result = $5)
          AND (CAST($8 AS TEXT) IS NULL OR (t.ip_key >= $8 AND t.ip_key <= $9))"
    };
}

/// The rows that a search walks along one index. The condition that the index serves is written out
/// for each case, because SQLite only uses an index for a condition that holds whatever the
/// parameters are.
macro_rules! walked {
    ($owner:literal) => {
        concat!(
            " FROM transfer t WHERE ",
            $owner,
            " AND t.transfer_id >= $6 AND t.transfer_id < $7"
        )
    };
}

macro_rules! anybody {
    () => {
        "(CAST($2 AS TEXT) IS NULL OR t.account_id = $2)
         AND (CAST($3 AS TEXT) IS NULL OR t.customer_id = $3)"
    };
}

macro_rules! page {
    ($owner:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            walked!($owner),
            others!(),
            " ORDER BY t.transfer_id DESC LIMIT $10"
        )
    };
}

macro_rules! count {
    ($owner:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT t.transfer_id",
            walked!($owner),
            others!(),
            " LIMIT $10) AS counted"
        )
    };
}

/// `$11` and `$12` are where the path begins to match and where it no longer does.
macro_rules! in_path {
    ($column:literal) => {
        concat!(
            "(substr(t.",
            $column,
            ", 1, 600) COLLATE \"binary\" >= $11
              AND substr(t.",
            $column,
            ", 1, 600) COLLATE \"binary\" < $12)"
        )
    };
}

/// The latest rows of an owner, at most `$13`, of which those that match are returned.
macro_rules! latest {
    ($owner:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM (SELECT *",
            walked!($owner),
            " ORDER BY t.transfer_id DESC LIMIT $13) AS t
             WHERE (",
            in_path!("path"),
            " OR ",
            in_path!("target"),
            ")",
            others!(),
            " ORDER BY t.transfer_id DESC LIMIT $10"
        )
    };
}

/// The ids that match along the index of `$column`. An id with something added to it has no index, so
/// that no engine is tempted to walk along the ids instead.
macro_rules! ids_in_path {
    ($column:literal, $only:literal) => {
        concat!(
            "SELECT t.transfer_id || '' AS id FROM transfer t
              WHERE ",
            in_path!($column),
            $only,
            " AND ",
            anybody!(),
            " AND t.transfer_id || '' >= $6 AND t.transfer_id || '' < $7",
            others!()
        )
    };
}

/// All ids that match a path.
macro_rules! ids_in_paths {
    () => {
        concat!(
            ids_in_path!("path", ""),
            " UNION ALL ",
            ids_in_path!(
                "target",
                " AND t.target <> ''
                  AND NOT (substr(t.path, 1, 600) COLLATE \"binary\" >= $11
                           AND substr(t.path, 1, 600) COLLATE \"binary\" < $12)"
            )
        )
    };
}

macro_rules! owner_rows {
    ($owner:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT t.transfer_id FROM transfer t WHERE ",
            $owner,
            " AND t.transfer_id >= $3 AND t.transfer_id < $4 LIMIT $5) AS counted"
        )
    };
}

queries! {
    PAGE = page!("(CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL)");
    PAGE_OF_ACCOUNT = page!(
        "t.account_id = $2 AND (CAST($3 AS TEXT) IS NULL OR t.customer_id = $3)"
    );
    PAGE_OF_CUSTOMER = page!("CAST($2 AS TEXT) IS NULL AND t.customer_id = $3");
    PAGE_OF_ADDRESS = page!(
        "t.ip_key = $8 AND CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL"
    );
    PAGE_OF_RESULT = page!(
        "t.result = $5 AND t.result <> 'complete'
         AND CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL"
    );
    PAGE_OF_OPERATION = page!(
        "t.operation = $4 AND t.operation <> 'upload' AND t.operation <> 'download'
         AND CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL"
    );
    COUNT = count!("(CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL)");
    COUNT_OF_ACCOUNT = count!(
        "t.account_id = $2 AND (CAST($3 AS TEXT) IS NULL OR t.customer_id = $3)"
    );
    COUNT_OF_CUSTOMER = count!("CAST($2 AS TEXT) IS NULL AND t.customer_id = $3");
    COUNT_IN_PATH = concat!(
        "SELECT COUNT(*) FROM (SELECT hit.id FROM (", ids_in_paths!(),
        ") AS hit LIMIT $10) AS counted"
    );
    LATEST = latest!("(CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL)");
    LATEST_OF_ACCOUNT = latest!(
        "t.account_id = $2 AND (CAST($3 AS TEXT) IS NULL OR t.customer_id = $3)"
    );
    LATEST_OF_CUSTOMER = latest!("CAST($2 AS TEXT) IS NULL AND t.customer_id = $3");
    IN_PATH = concat!(
        "SELECT ", transfer_columns!(), " FROM transfer t WHERE t.transfer_id IN (
             SELECT hit.id FROM (", ids_in_paths!(), ") AS hit ORDER BY hit.id DESC LIMIT $10)
         ORDER BY t.transfer_id DESC"
    );
    PATH_ROWS = "
        SELECT COUNT(*) FROM (
            SELECT t.transfer_id FROM transfer t
             WHERE substr(t.path, 1, 600) COLLATE \"binary\" >= $1
               AND substr(t.path, 1, 600) COLLATE \"binary\" < $2
             LIMIT $3) AS counted";
    ROWS = owner_rows!("(CAST($1 AS TEXT) IS NULL AND CAST($2 AS TEXT) IS NULL)");
    ROWS_OF_ACCOUNT = owner_rows!(
        "t.account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR t.customer_id = $2)"
    );
    ROWS_OF_CUSTOMER = owner_rows!("CAST($1 AS TEXT) IS NULL AND t.customer_id = $2");
}

/// Rows of a path that are looked up and sorted without looking elsewhere first.
const FEW: u64 = 20_000;
/// Latest rows that are read to find those of a path.
const LATELY: u64 = 20_000;
/// The statement for a page without a path.
fn page_sql(query: &JournalQuery) -> &'static str {
    let is_one = |network: IpNet| network.prefix_len() == network.max_prefix_len();
    let is_rare = |operation| !matches!(operation, Operation::Upload | Operation::Download);
    let is_bad = |result| result != TransferResult::Complete;
    match (query.account_id, query.customer_id) {
        (Some(_), _) => PAGE_OF_ACCOUNT,
        (None, Some(_)) => PAGE_OF_CUSTOMER,
        (None, None) if query.address.is_some_and(is_one) => PAGE_OF_ADDRESS,
        (None, None) if query.result.is_some_and(is_bad) => PAGE_OF_RESULT,
        (None, None) if query.operation.is_some_and(is_rare) => PAGE_OF_OPERATION,
        (None, None) => PAGE,
    }
}

/// The statement that counts the rows of all pages.
fn count_sql(query: &JournalQuery) -> &'static str {
    match (query.account_id, query.customer_id) {
        (Some(_), _) => COUNT_OF_ACCOUNT,
        (None, Some(_)) => COUNT_OF_CUSTOMER,
        (None, None) => COUNT,
    }
}

/// The statements for the latest rows of an owner, and for how many it has.
fn latest_sql(query: &JournalQuery) -> (&'static str, &'static str) {
    match (query.account_id, query.customer_id) {
        (Some(_), _) => (LATEST_OF_ACCOUNT, ROWS_OF_ACCOUNT),
        (None, Some(_)) => (LATEST_OF_CUSTOMER, ROWS_OF_CUSTOMER),
        (None, None) => (LATEST, ROWS),
    }
}

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
                asking!(sqlx::query_scalar(COUNT_IN_PATH), asked)
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
        if !self.has_few(range).await? {
            let (latest, rows_of_owner) = latest_sql(query);
            let found: Vec<TransferColumns> = on_reader!(self, |pool| {
                asking!(sqlx::query_as(latest), asked)
                    .bind(&range.first)
                    .bind(&range.end)
                    .bind(rows(LATELY))
                    .fetch_all(pool)
                    .await
            })?;
            let is_full = rows(u64::try_from(found.len()).unwrap_or(u64::MAX)) >= asked.limit;
            if is_full || self.was_all(rows_of_owner, asked).await? {
                return Ok(found);
            }
        }
        let found = on_reader!(self, |pool| {
            asking!(sqlx::query_as(IN_PATH), asked)
                .bind(&range.first)
                .bind(&range.end)
                .fetch_all(pool)
                .await
        })?;
        Ok(found)
    }

    /// Whether a path has so few rows that they can be sorted.
    async fn has_few(&self, range: &PathRange) -> Result<bool, StoreError> {
        let count: i64 = on_reader!(self, |pool| sqlx::query_scalar(PATH_ROWS)
            .bind(&range.first)
            .bind(&range.end)
            .bind(rows(FEW))
            .fetch_one(pool)
            .await)?;
        Ok(count < rows(FEW))
    }

    /// Whether the latest rows of the owner were all of them.
    async fn was_all(&self, sql: &'static str, asked: &Asked) -> Result<bool, StoreError> {
        let count: i64 = on_reader!(self, |pool| sqlx::query_scalar(sql)
            .bind(&asked.account)
            .bind(&asked.customer)
            .bind(&asked.ids.0)
            .bind(&asked.ids.1)
            .bind(rows(LATELY + 1))
            .fetch_one(pool)
            .await)?;
        Ok(count <= rows(LATELY))
    }
}
