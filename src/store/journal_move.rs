//! Rows that an earlier version of the program stored, on their way into the journal's table of today.
//! There are some once, when the database is opened for the first time after the change.

use super::db::{Db, on_reader, on_tx};
use super::error::StoreError;
use super::row::RowName;
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{JournalEntry, Operation, TransferResult};

queries! {
    IS_THERE = "SELECT COUNT(*) FROM (SELECT transfer_id FROM transfer LIMIT 1) AS found";
    // Whoever removes a row has it, so two processes that begin at the same time move none twice.
    TAKE = "
        DELETE FROM transfer
         WHERE transfer_id IN (SELECT transfer_id FROM transfer ORDER BY transfer_id LIMIT $1)
        RETURNING transfer_id, session_id, account_id, customer_id, username, operation, path,
                  target, bytes, byte_offset, size, size_before, sha256, started_at, ended_at,
                  result, reason, reply_code, ip, tls";
}

/// Rows that move in one transaction.
const STEP: i64 = 1_000;

#[derive(sqlx::FromRow)]
struct FormerColumns {
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

impl FormerColumns {
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

impl Db {
    /// Moves every row, step by step: what is done stays done.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadRow`] names a row that cannot be read; it and all behind it stay where they
    /// are.
    pub(super) async fn move_journal(&self) -> Result<(), StoreError> {
        let found: i64 = on_reader!(self, |pool| sqlx::query_scalar(IS_THERE)
            .fetch_one(pool)
            .await)?;
        if found == 0 {
            return Ok(());
        }
        loop {
            let mut tx = self.begin().await?;
            let taken: Vec<FormerColumns> = on_tx!(tx, |connection| sqlx::query_as(TAKE)
                .bind(STEP)
                .fetch_all(connection)
                .await)?;
            if taken.is_empty() {
                return Ok(());
            }
            let entries = taken.into_iter().map(FormerColumns::read);
            let entries: Vec<JournalEntry> = entries.collect::<Result<_, _>>()?;
            tx.append_transfers(&entries).await?;
            tx.commit().await?;
        }
    }
}
