//! A row of the transfer journal: its columns, read and written.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe};

use super::address::{address_key, address_of};
use super::db::{Tx, TxEngine};
use super::error::StoreError;
use super::journal_codes::{operation_code, operation_of, result_code, result_of};
use super::path_range::split;
use super::row::RowName;
use crate::clock::Timestamp;
use crate::model::{AccountId, CustomerId, JournalEntry, SessionId, TransferId};

/// The columns of [`TransferColumns`].
macro_rules! transfer_columns {
    () => {
        "t.id_high, t.id_low, t.session_high, t.session_low, t.account_high, t.account_low,
         t.customer_high, t.customer_low, t.username, t.operation,
         t.path || COALESCE(t.path_rest, '') AS path,
         COALESCE(t.target, '') || COALESCE(t.target_rest, '') AS target,
         t.bytes, t.byte_offset, t.size, t.size_before, t.sha256, t.started_at, t.ended_at,
         t.result, COALESCE(t.reason, '') AS reason, t.reply_code, t.ip, t.tls"
    };
}

pub(super) use transfer_columns;

/// Adds the values of a row, in the order of [`INSERT`].
macro_rules! bind {
    ($values:expr, $entry:expr) => {{
        let (entry, figures) = ($entry, Figures::of($entry)?);
        let (path, path_rest) = split(&entry.path);
        let (target, target_rest) = split(&entry.target);
        for half in figures.halves {
            Arguments::add(&mut $values, half).map_err(unbound)?;
        }
        Arguments::add(&mut $values, entry.username.as_str()).map_err(unbound)?;
        Arguments::add(&mut $values, operation_code(entry.operation)).map_err(unbound)?;
        for text in [Some(path), path_rest, filled(target), target_rest] {
            Arguments::add(&mut $values, text).map_err(unbound)?;
        }
        for figure in figures.sizes {
            Arguments::add(&mut $values, figure).map_err(unbound)?;
        }
        Arguments::add(&mut $values, entry.sha256.as_deref()).map_err(unbound)?;
        Arguments::add(&mut $values, entry.started_at.as_millis()).map_err(unbound)?;
        Arguments::add(&mut $values, entry.ended_at.as_millis()).map_err(unbound)?;
        Arguments::add(&mut $values, result_code(entry.result)).map_err(unbound)?;
        Arguments::add(&mut $values, filled(&entry.reason)).map_err(unbound)?;
        Arguments::add(&mut $values, i64::from(entry.reply_code)).map_err(unbound)?;
        Arguments::add(&mut $values, address_key(entry.ip)).map_err(unbound)?;
        Arguments::add(&mut $values, entry.tls).map_err(unbound)?;
    }};
}

/// What stands before the values of the rows that are appended.
const INSERT: &str = "
    INSERT INTO journal (
        id_high, id_low, session_high, session_low, account_high, account_low, customer_high,
        customer_low, username, operation, path, path_rest, target, target_rest, bytes,
        byte_offset, size, size_before, sha256, started_at, ended_at, result, reason, reply_code,
        ip, tls) VALUES ";
/// Columns of [`INSERT`].
const COLUMNS: usize = 26;

/// Appends so many rows at once. Made once: writing the text anew would cost as much as storing the
/// rows.
pub(super) struct Insert {
    pub(super) rows: usize,
    sqlite: Arc<str>,
    postgres: Arc<str>,
}

/// A few sizes only, so that every statement is prepared once: each costs a way to the database and
/// back, which is more than a row.
pub(super) static INSERTS: LazyLock<[Insert; 3]> = LazyLock::new(|| [64, 8, 1].map(Insert::new));

impl Insert {
    fn new(rows: usize) -> Self {
        Self {
            rows,
            // SQLite looks a numbered mark up among all others, for every value of every row.
            sqlite: statement(rows, |_| "?".to_owned()).into(),
            postgres: statement(rows, |number| format!("${number}")).into(),
        }
    }

    /// Appends `entries`, of which there must be [`Insert::rows`].
    pub(super) async fn run(
        &self,
        tx: &mut Tx,
        entries: &[JournalEntry],
    ) -> Result<(), StoreError> {
        match &mut tx.0 {
            TxEngine::Sqlite(transaction) => {
                let mut values = SqliteArguments::default();
                values.reserve(self.rows * COLUMNS, 0);
                for entry in entries {
                    bind!(values, entry);
                }
                let sql = AssertSqlSafe(Arc::clone(&self.sqlite));
                sqlx::query_with(sql, values)
                    .execute(&mut **transaction)
                    .await?;
            }
            TxEngine::Postgres(transaction) => {
                let mut values = PgArguments::default();
                for entry in entries {
                    bind!(values, entry);
                }
                let sql = AssertSqlSafe(Arc::clone(&self.postgres));
                sqlx::query_with(sql, values)
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        Ok(())
    }
}

/// The statement for so many rows, with what `mark` makes of the number of each value.
fn statement(rows: usize, mark: impl Fn(usize) -> String) -> String {
    let mut sql = INSERT.to_owned();
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=COLUMNS {
            let comma = if column == 1 { "" } else { ", " };
            // Text takes everything.
            let _taken = write!(sql, "{comma}{}", mark(row * COLUMNS + column));
        }
        sql.push(')');
    }
    sql
}

fn unbound(error: sqlx::error::BoxDynError) -> sqlx::Error {
    sqlx::Error::Encode(error)
}

/// The text, unless it is empty: that is NULL in the table.
fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The figures of a row as the database holds them.
struct Figures {
    halves: [i64; 8],
    /// Bytes, offset, size, and size before.
    sizes: [Option<i64>; 4],
}

impl Figures {
    fn of(entry: &JournalEntry) -> Result<Self, StoreError> {
        let bad = |column| StoreError::BadRow {
            table: "journal",
            column,
            id: entry.id.to_string(),
        };
        let stored = |column, size: Option<u64>| {
            let stored = size.map(i64::try_from).transpose();
            stored.map_err(|_beyond_the_engine| bad(column))
        };
        let (id, session) = (entry.id.halves(), entry.session_id.halves());
        let (account, customer) = (entry.account_id.halves(), entry.customer_id.halves());
        Ok(Self {
            halves: [
                id.0, id.1, session.0, session.1, account.0, account.1, customer.0, customer.1,
            ],
            sizes: [
                stored("bytes", Some(entry.bytes))?,
                stored("byte_offset", Some(entry.offset))?,
                stored("size", entry.size)?,
                stored("size_before", entry.size_before)?,
            ],
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct TransferColumns {
    id_high: i64,
    id_low: i64,
    session_high: i64,
    session_low: i64,
    account_high: i64,
    account_low: i64,
    customer_high: i64,
    customer_low: i64,
    username: String,
    operation: i64,
    path: String,
    target: String,
    bytes: i64,
    byte_offset: i64,
    size: Option<i64>,
    size_before: Option<i64>,
    sha256: Option<String>,
    started_at: i64,
    ended_at: i64,
    result: i64,
    reason: String,
    reply_code: i64,
    ip: String,
    tls: bool,
}

impl TransferColumns {
    pub(super) fn read(self) -> Result<JournalEntry, StoreError> {
        let id = TransferId::from_halves((self.id_high, self.id_low));
        let row = RowName {
            table: "journal",
            id: &id.to_string(),
        };
        Ok(JournalEntry {
            id,
            session_id: SessionId::from_halves((self.session_high, self.session_low)),
            account_id: AccountId::from_halves((self.account_high, self.account_low)),
            customer_id: CustomerId::from_halves((self.customer_high, self.customer_low)),
            operation: row.named("operation", operation_of(self.operation))?,
            bytes: row.amount("bytes", self.bytes)?,
            offset: row.amount("byte_offset", self.byte_offset)?,
            size: row.limit("size", self.size)?,
            size_before: row.limit("size_before", self.size_before)?,
            sha256: self.sha256,
            result: row.named("result", result_of(self.result))?,
            reply_code: u16::try_from(self.reply_code).map_err(|_| row.bad("reply_code"))?,
            ip: row.named("ip", address_of(&self.ip))?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_mark_for_every_value_of_every_row() {
        let columns = INSERT.matches(',').count() + 1;

        assert_eq!(columns, COLUMNS);
        assert!(statement(2, |number| format!("${number}")).ends_with("$51, $52)"));
        assert_eq!(statement(3, |_| "?".to_owned()).matches('?').count(), 78);
    }
}
