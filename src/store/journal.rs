//! The transfer journal.

use sqlx::QueryBuilder;

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, containing, millis, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{
    BusyAccount, HourTraffic, JournalEntry, JournalQuery, Operation, TransferResult,
};

/// What a query asks for. The condition on the owner is written out for each case, because SQLite
/// only uses an index for a condition that holds whatever the parameters are.
macro_rules! matching {
    ($owner:literal) => {
        concat!(
            " FROM transfer WHERE ",
            $owner,
            " AND (CAST($1 AS TEXT) IS NULL
                OR lower(username) LIKE lower($1) ESCAPE '!'
                OR lower(path) LIKE lower($1) ESCAPE '!'
                OR lower(target) LIKE lower($1) ESCAPE '!'
                OR ip LIKE lower($1) ESCAPE '!')
           AND (CAST($4 AS TEXT) IS NULL OR operation = $4)
           AND (CAST($5 AS TEXT) IS NULL OR result = $5)
           AND (CAST($6 AS BIGINT) IS NULL OR ended_at >= $6)
           AND (CAST($7 AS BIGINT) IS NULL OR ended_at < $7)"
        )
    };
}

macro_rules! sums {
    () => {
        "CAST(SUM(CASE WHEN operation = 'download' THEN 0 ELSE bytes END) AS BIGINT) AS uploaded,
         CAST(SUM(CASE WHEN operation = 'download' THEN bytes ELSE 0 END) AS BIGINT) AS downloaded,
         COUNT(*) AS transfers
          FROM transfer
         WHERE ended_at >= $1 AND operation IN ('append', 'download', 'upload')"
    };
}

macro_rules! page {
    ($owner:literal) => {
        concat!(
            "SELECT transfer_id, session_id, account_id, customer_id, username, operation, path,
                    target, bytes, byte_offset, size, started_at, ended_at, result, reason,
                    reply_code, ip, tls",
            matching!($owner),
            " AND (CAST($8 AS TEXT) IS NULL OR transfer_id < $8)
             ORDER BY transfer_id DESC
             LIMIT $9"
        )
    };
}

macro_rules! count {
    ($owner:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT transfer_id",
            matching!($owner),
            " LIMIT $8) AS counted"
        )
    };
}

macro_rules! of_anybody {
    ($kind:ident) => {
        $kind!("CAST($2 AS TEXT) IS NULL AND CAST($3 AS TEXT) IS NULL")
    };
}

macro_rules! of_account {
    ($kind:ident) => {
        $kind!("account_id = $2 AND (CAST($3 AS TEXT) IS NULL OR customer_id = $3)")
    };
}

macro_rules! of_customer {
    ($kind:ident) => {
        $kind!("CAST($2 AS TEXT) IS NULL AND customer_id = $3")
    };
}

queries! {
    PAGE = of_anybody!(page);
    PAGE_OF_ACCOUNT = of_account!(page);
    PAGE_OF_CUSTOMER = of_customer!(page);
    COUNT = of_anybody!(count);
    COUNT_OF_ACCOUNT = of_account!(count);
    COUNT_OF_CUSTOMER = of_customer!(count);
    BY_HOUR = concat!(
        "SELECT ended_at / 3600000 AS hour, ", sums!(),
        " GROUP BY ended_at / 3600000 ORDER BY ended_at / 3600000"
    );
    BUSIEST = concat!(
        "SELECT account_id, MAX(username) AS username, ", sums!(),
        " GROUP BY account_id ORDER BY SUM(bytes) DESC, account_id LIMIT $2"
    );
    DELETE_BEFORE = "
        DELETE FROM transfer
         WHERE transfer_id IN (
             SELECT transfer_id FROM transfer WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
}

/// What stands before the values of the rows that are appended.
const INSERT: &str = "
    INSERT INTO transfer (
        transfer_id, session_id, account_id, customer_id, username, operation, path, target,
        bytes, byte_offset, size, started_at, ended_at, result, reason, reply_code, ip, tls) ";
/// Rows of one statement: each costs a way to the database and back, which is more than the row
/// itself. A few sizes only, so that every statement is prepared once.
const ROWS_AT_ONCE: [usize; 3] = [64, 8, 1];

/// The statement for a page.
fn page_sql(query: &JournalQuery) -> &'static str {
    match (query.account_id, query.customer_id) {
        (Some(_), _) => PAGE_OF_ACCOUNT,
        (None, Some(_)) => PAGE_OF_CUSTOMER,
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

#[derive(sqlx::FromRow)]
struct TransferColumns {
    transfer_id: String,
    session_id: String,
    account_id: String,
    customer_id: String,
    username: String,
    operation: String,
    path: String,
    target: String,
    bytes: i64,
    byte_offset: i64,
    size: Option<i64>,
    started_at: i64,
    ended_at: i64,
    result: String,
    reason: String,
    reply_code: i64,
    ip: String,
    tls: bool,
}

impl TransferColumns {
    fn read(self) -> Result<JournalEntry, StoreError> {
        let row = RowName {
            table: "transfer",
            id: &self.transfer_id,
        };
        Ok(JournalEntry {
            id: row.parse("transfer_id", &self.transfer_id)?,
            session_id: row.parse("session_id", &self.session_id)?,
            account_id: row.parse("account_id", &self.account_id)?,
            customer_id: row.parse("customer_id", &self.customer_id)?,
            operation: row.named("operation", Operation::from_name(&self.operation))?,
            bytes: row.amount("bytes", self.bytes)?,
            offset: row.amount("byte_offset", self.byte_offset)?,
            size: row.limit("size", self.size)?,
            result: row.named("result", TransferResult::from_name(&self.result))?,
            reply_code: u16::try_from(self.reply_code).map_err(|_| row.bad("reply_code"))?,
            ip: row.parse("ip", &self.ip)?,
            username: self.username,
            path: self.path,
            target: self.target,
            started_at: Timestamp::from_millis(self.started_at),
            ended_at: Timestamp::from_millis(self.ended_at),
            reason: self.reason,
            tls: self.tls,
        })
    }
}

#[derive(sqlx::FromRow)]
struct HourColumns {
    hour: i64,
    uploaded: i64,
    downloaded: i64,
    transfers: i64,
}

#[derive(sqlx::FromRow)]
struct BusyColumns {
    account_id: String,
    username: String,
    uploaded: i64,
    downloaded: i64,
    transfers: i64,
}

/// Seconds of an hour, by which `BY_HOUR` divides in milliseconds.
const HOUR_SECONDS: i64 = 3_600;

impl Db {
    /// The rows that match, latest first.
    pub async fn transfers(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        let found: Vec<TransferColumns> = on_reader!(self, |pool| sqlx::query_as(page_sql(query))
            .bind(containing(&query.text))
            .bind(text_of(query.account_id))
            .bind(text_of(query.customer_id))
            .bind(query.operation.map(Operation::as_str))
            .bind(query.result.map(TransferResult::as_str))
            .bind(millis(query.from))
            .bind(millis(query.to))
            .bind(text_of(query.before))
            .bind(rows(query.limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(TransferColumns::read).collect()
    }

    /// Counts the rows that match (whatever `before` and `limit` say), but not beyond `at_most`.
    pub async fn count_transfers(
        &self,
        query: &JournalQuery,
        at_most: u64,
    ) -> Result<u64, StoreError> {
        let count: i64 = on_reader!(self, |pool| sqlx::query_scalar(count_sql(query))
            .bind(containing(&query.text))
            .bind(text_of(query.account_id))
            .bind(text_of(query.customer_id))
            .bind(query.operation.map(Operation::as_str))
            .bind(query.result.map(TransferResult::as_str))
            .bind(millis(query.from))
            .bind(millis(query.to))
            .bind(rows(at_most))
            .fetch_one(pool)
            .await)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Bytes moved per hour since `since`, earliest first; hours without transfers are left out.
    pub async fn traffic_by_hour(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        let found: Vec<HourColumns> = on_reader!(self, |pool| sqlx::query_as(BY_HOUR)
            .bind(since.as_millis())
            .fetch_all(pool)
            .await)?;
        found
            .into_iter()
            .map(|columns| {
                let row = RowName {
                    table: "transfer",
                    id: &columns.hour.to_string(),
                };
                Ok(HourTraffic {
                    hour: Timestamp::from_seconds(columns.hour.saturating_mul(HOUR_SECONDS)),
                    uploaded_bytes: row.amount("bytes", columns.uploaded)?,
                    downloaded_bytes: row.amount("bytes", columns.downloaded)?,
                    transfers: row.amount("transfers", columns.transfers)?,
                })
            })
            .collect()
    }

    /// The accounts that moved most bytes since `since`, the busiest first.
    pub async fn busiest_accounts(
        &self,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<BusyAccount>, StoreError> {
        let found: Vec<BusyColumns> = on_reader!(self, |pool| sqlx::query_as(BUSIEST)
            .bind(since.as_millis())
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found
            .into_iter()
            .map(|columns| {
                let row = RowName {
                    table: "transfer",
                    id: &columns.account_id,
                };
                Ok(BusyAccount {
                    account_id: row.parse("account_id", &columns.account_id)?,
                    uploaded_bytes: row.amount("bytes", columns.uploaded)?,
                    downloaded_bytes: row.amount("bytes", columns.downloaded)?,
                    transfers: row.amount("transfers", columns.transfers)?,
                    username: columns.username,
                })
            })
            .collect()
    }
}

/// A row with its figures as the database holds them.
struct NewRow<'a> {
    entry: &'a JournalEntry,
    id: String,
    bytes: i64,
    offset: i64,
    size: Option<i64>,
}

impl<'a> NewRow<'a> {
    fn of(entry: &'a JournalEntry) -> Result<Self, StoreError> {
        let id = entry.id.to_string();
        let row = RowName {
            table: "transfer",
            id: &id,
        };
        Ok(Self {
            bytes: row.bigint("bytes", entry.bytes)?,
            offset: row.bigint("byte_offset", entry.offset)?,
            size: row.bigint_limit("size", entry.size)?,
            entry,
            id,
        })
    }
}

impl Tx {
    /// Appends rows.
    pub async fn append_transfers(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let mut rest = entries;
        for count in ROWS_AT_ONCE {
            while let Some((rows, behind)) = rest.split_at_checked(count) {
                self.append(rows).await?;
                rest = behind;
            }
        }
        Ok(())
    }

    async fn append(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let rows: Vec<NewRow<'_>> = entries.iter().map(NewRow::of).collect::<Result<_, _>>()?;
        on_tx!(self, |connection| {
            let mut insert = QueryBuilder::new(INSERT);
            insert.push_values(&rows, |mut values, row| {
                let entry = row.entry;
                values
                    .push_bind(&row.id)
                    .push_bind(entry.session_id.to_string())
                    .push_bind(entry.account_id.to_string())
                    .push_bind(entry.customer_id.to_string())
                    .push_bind(&entry.username)
                    .push_bind(entry.operation.as_str())
                    .push_bind(&entry.path)
                    .push_bind(&entry.target)
                    .push_bind(row.bytes)
                    .push_bind(row.offset)
                    .push_bind(row.size)
                    .push_bind(entry.started_at.as_millis())
                    .push_bind(entry.ended_at.as_millis())
                    .push_bind(entry.result.as_str())
                    .push_bind(&entry.reason)
                    .push_bind(i64::from(entry.reply_code))
                    .push_bind(entry.ip.to_string())
                    .push_bind(entry.tls);
            });
            insert.build().execute(connection).await.map(|_inserted| ())
        })?;
        Ok(())
    }

    /// Removes at most `limit` rows that ended before `before`, oldest first, and returns how many.
    pub async fn delete_transfers_before(
        &mut self,
        before: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_BEFORE, before.as_millis(), rows(limit))?;
        Ok(affected)
    }
}
