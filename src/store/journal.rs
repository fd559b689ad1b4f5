//! The transfer journal: its rows, and sums of them. Searches are in `journal_search`, what is removed
//! in `journal_retention`.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::address::address_key;
use super::db::{Db, Tx, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{
    AccountId, BusyAccount, HourTraffic, JournalEntry, Operation, TransferId, TransferResult,
};

/// The columns of [`TransferColumns`].
macro_rules! transfer_columns {
    () => {
        "t.transfer_id, t.session_id, t.account_id, t.customer_id, t.username, t.operation, t.path,
         t.target, t.bytes, t.byte_offset, t.size, t.size_before, t.sha256, t.started_at, t.ended_at,
         t.result, t.reason, t.reply_code, t.ip, t.tls"
    };
}

pub(super) use transfer_columns;

macro_rules! sums {
    () => {
        "CAST(SUM(CASE WHEN operation = 'download' THEN 0 ELSE bytes END) AS BIGINT) AS uploaded,
         CAST(SUM(CASE WHEN operation = 'download' THEN bytes ELSE 0 END) AS BIGINT) AS downloaded,
         COUNT(*) AS transfers
          FROM transfer
         WHERE transfer_id >= $1 AND operation IN ('append', 'download', 'upload')"
    };
}

queries! {
    BY_HOUR = concat!(
        "SELECT ended_at / 3600000 AS hour, ", sums!(),
        " GROUP BY ended_at / 3600000 ORDER BY ended_at / 3600000"
    );
    BUSIEST = concat!(
        "SELECT account_id, MAX(username) AS username, ", sums!(),
        " GROUP BY account_id ORDER BY SUM(bytes) DESC, account_id LIMIT $2"
    );
}

/// What stands behind the marks of the accounts that uploaded.
const LAST_UPLOADS: &str = ")
    UPDATE account SET last_upload_at = mark.ended_at
      FROM mark
     WHERE account.account_id = mark.account_id
       AND (account.last_upload_at IS NULL OR account.last_upload_at < mark.ended_at)";
/// What stands before the values of the rows that are appended.
const INSERT: &str = "
    INSERT INTO transfer (
        transfer_id, session_id, account_id, customer_id, username, operation, path, target,
        bytes, byte_offset, size, size_before, sha256, started_at, ended_at, result, reason,
        reply_code, ip, ip_key, tls) ";
/// Rows of one statement: each costs a way to the database and back, which is more than the row
/// itself. A few sizes only, so that every statement is prepared once.
const ROWS_AT_ONCE: [usize; 3] = [64, 8, 1];

#[derive(sqlx::FromRow)]
pub(super) struct TransferColumns {
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
    size_before: Option<i64>,
    sha256: Option<String>,
    started_at: i64,
    ended_at: i64,
    result: String,
    reason: String,
    reply_code: i64,
    ip: String,
    tls: bool,
}

impl TransferColumns {
    pub(super) fn read(self) -> Result<JournalEntry, StoreError> {
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
            size_before: row.limit("size_before", self.size_before)?,
            sha256: self.sha256,
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
    /// Bytes moved per hour since `since`, earliest first; hours without transfers are left out.
    pub async fn traffic_by_hour(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        let found: Vec<HourColumns> = on_reader!(self, |pool| sqlx::query_as(BY_HOUR)
            .bind(TransferId::first_at(since).to_string())
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
            .bind(TransferId::first_at(since).to_string())
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
    size_before: Option<i64>,
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
            size_before: row.bigint_limit("size_before", entry.size_before)?,
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
                    .push_bind(row.size_before)
                    .push_bind(&entry.sha256)
                    .push_bind(entry.started_at.as_millis())
                    .push_bind(entry.ended_at.as_millis())
                    .push_bind(entry.result.as_str())
                    .push_bind(&entry.reason)
                    .push_bind(i64::from(entry.reply_code))
                    .push_bind(entry.ip.to_string())
                    .push_bind(address_key(entry.ip))
                    .push_bind(entry.tls);
            });
            insert.build().execute(connection).await.map(|_inserted| ())
        })?;
        Ok(())
    }

    /// Notes when accounts last uploaded a file, unless a later upload is noted. In the order of ids,
    /// so that nobody waits for somebody who waits for him. Accounts that are gone are passed over.
    pub async fn record_uploads(
        &mut self,
        uploads: &BTreeMap<AccountId, Timestamp>,
    ) -> Result<(), StoreError> {
        if uploads.is_empty() {
            return Ok(());
        }
        on_tx!(self, |connection| {
            let mut update = QueryBuilder::new("WITH mark (account_id, ended_at) AS (");
            update.push_values(uploads, |mut values, (account, at)| {
                values
                    .push_bind(account.to_string())
                    .push_bind(at.as_millis());
            });
            update.push(LAST_UPLOADS);
            let done = update.build().persistent(false).execute(connection).await;
            done.map(|_updated| ())
        })?;
        Ok(())
    }
}
