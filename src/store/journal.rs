//! The transfer journal: rows are appended, and summed up. What a row looks like is in `journal_row`,
//! searches are in `journal_search`, what is removed in `journal_retention`.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::db::{Db, Tx, on_reader, on_tx};
use super::error::StoreError;
use super::journal_row::INSERTS;
use super::row::{RowName, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AccountId, BusyAccount, HourTraffic, JournalEntry, TransferId};

macro_rules! sums {
    () => {
        "CAST(SUM(CASE WHEN operation = 2 THEN 0 ELSE bytes END) AS BIGINT) AS uploaded,
         CAST(SUM(CASE WHEN operation = 2 THEN bytes ELSE 0 END) AS BIGINT) AS downloaded,
         COUNT(*) AS transfers
          FROM journal
         WHERE id_high >= $1 AND operation IN (1, 2, 3)"
    };
}

queries! {
    BY_HOUR = concat!(
        "SELECT ended_at / 3600000 AS hour, ", sums!(),
        " GROUP BY ended_at / 3600000 ORDER BY ended_at / 3600000"
    );
    BUSIEST = concat!(
        "SELECT account_high, account_low, MAX(username) AS username, ", sums!(),
        " GROUP BY account_high, account_low
          ORDER BY SUM(bytes) DESC, account_high, account_low LIMIT $2"
    );
}

/// What stands behind the marks of the accounts that uploaded.
const LAST_UPLOADS: &str = ")
    UPDATE account SET last_upload_at = mark.ended_at
      FROM mark
     WHERE account.account_id = mark.account_id
       AND (account.last_upload_at IS NULL OR account.last_upload_at < mark.ended_at)";

#[derive(sqlx::FromRow)]
struct HourColumns {
    hour: i64,
    uploaded: i64,
    downloaded: i64,
    transfers: i64,
}

#[derive(sqlx::FromRow)]
struct BusyColumns {
    account_high: i64,
    account_low: i64,
    username: String,
    uploaded: i64,
    downloaded: i64,
    transfers: i64,
}

/// Seconds of an hour, by which `BY_HOUR` divides in milliseconds.
const HOUR_SECONDS: i64 = 3_600;

/// The upper half of the first id at a moment: whatever ended earlier has a lower one.
pub(super) fn first_half(at: Timestamp) -> i64 {
    TransferId::first_at(at).halves().0
}

impl Db {
    /// Bytes moved per hour since `since`, earliest first; hours without transfers are left out.
    pub async fn traffic_by_hour(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        let found: Vec<HourColumns> = on_reader!(self, |pool| sqlx::query_as(BY_HOUR)
            .bind(first_half(since))
            .fetch_all(pool)
            .await)?;
        found
            .into_iter()
            .map(|columns| {
                let row = RowName {
                    table: "journal",
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
            .bind(first_half(since))
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found
            .into_iter()
            .map(|columns| {
                let id = AccountId::from_halves((columns.account_high, columns.account_low));
                let row = RowName {
                    table: "journal",
                    id: &id.to_string(),
                };
                Ok(BusyAccount {
                    account_id: id,
                    uploaded_bytes: row.amount("bytes", columns.uploaded)?,
                    downloaded_bytes: row.amount("bytes", columns.downloaded)?,
                    transfers: row.amount("transfers", columns.transfers)?,
                    username: columns.username,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Appends rows.
    pub async fn append_transfers(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let mut rest = entries;
        for insert in &*INSERTS {
            while let Some((rows, behind)) = rest.split_at_checked(insert.rows) {
                insert.run(self, rows).await?;
                rest = behind;
            }
        }
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
