//! What accounts and customers moved in each period.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::{RowName, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{Moved, Period, PeriodTraffic, TrafficOwner};

/// The rows of one owner, newest first.
macro_rules! history {
    ($table:literal, $owner:literal) => {
        concat!(
            "SELECT ",
            $owner,
            " AS owner_id, period_begin, period_end, up_bytes, down_bytes FROM ",
            $table,
            " WHERE ",
            $owner,
            " = $1 ORDER BY period_begin DESC LIMIT $2"
        )
    };
}

/// The newest row of each owner.
macro_rules! latest {
    ($table:literal, $owner:literal) => {
        concat!(
            "SELECT t.",
            $owner,
            " AS owner_id, t.period_begin, t.period_end, t.up_bytes, t.down_bytes FROM ",
            $table,
            " t WHERE t.period_begin = (SELECT MAX(l.period_begin) FROM ",
            $table,
            " l WHERE l.",
            $owner,
            " = t.",
            $owner,
            ")"
        )
    };
}

/// Writes a row, new or not, if there still is its owner.
macro_rules! save {
    ($table:literal, $of:literal, $owner:literal) => {
        concat!(
            "INSERT INTO ", $table, " (", $owner, ", period_begin, period_end, up_bytes, down_bytes,
                 updated_at)
             SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT),
                    CAST($5 AS BIGINT), CAST($6 AS BIGINT)
              WHERE EXISTS (SELECT 1 FROM ", $of, " o WHERE o.", $owner, " = CAST($1 AS TEXT))
                 ON CONFLICT (", $owner, ", period_begin) DO UPDATE
                SET period_end = EXCLUDED.period_end, up_bytes = EXCLUDED.up_bytes,
                    down_bytes = EXCLUDED.down_bytes, updated_at = EXCLUDED.updated_at"
        )
    };
}

queries! {
    OF_ACCOUNT = history!("account_traffic", "account_id");
    OF_CUSTOMER = history!("customer_traffic", "customer_id");
    LATEST_OF_ACCOUNTS = latest!("account_traffic", "account_id");
    LATEST_OF_CUSTOMERS = latest!("customer_traffic", "customer_id");
    SAVE_ACCOUNT = save!("account_traffic", "account", "account_id");
    SAVE_CUSTOMER = save!("customer_traffic", "customer", "customer_id");
    FORGET_ACCOUNTS = "DELETE FROM account_traffic WHERE period_end < $1";
    FORGET_CUSTOMERS = "DELETE FROM customer_traffic WHERE period_end < $1";
}

/// What an account or a customer moved in a period, in all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrafficChange {
    /// Whose.
    pub owner: TrafficOwner,
    /// When, and how much.
    pub traffic: PeriodTraffic,
}

#[derive(sqlx::FromRow)]
struct TrafficColumns {
    owner_id: String,
    period_begin: i64,
    period_end: i64,
    up_bytes: i64,
    down_bytes: i64,
}

impl TrafficColumns {
    fn read(&self, table: &'static str) -> Result<PeriodTraffic, StoreError> {
        let row = RowName {
            table,
            id: &self.owner_id,
        };
        Ok(PeriodTraffic {
            period: Period {
                begin: Timestamp::from_millis(self.period_begin),
                end: Timestamp::from_millis(self.period_end),
            },
            moved: Moved {
                up: row.amount("up_bytes", self.up_bytes)?,
                down: row.amount("down_bytes", self.down_bytes)?,
            },
        })
    }
}

fn table(owner: TrafficOwner) -> &'static str {
    match owner {
        TrafficOwner::Account(_) => "account_traffic",
        TrafficOwner::Customer(_) => "customer_traffic",
    }
}

fn key(owner: TrafficOwner) -> String {
    match owner {
        TrafficOwner::Account(id) => id.to_string(),
        TrafficOwner::Customer(id) => id.to_string(),
    }
}

impl Db {
    /// What was moved in the latest `limit` periods in which something was, newest first, as last
    /// written down.
    pub async fn traffic(
        &self,
        owner: TrafficOwner,
        limit: u64,
    ) -> Result<Vec<PeriodTraffic>, StoreError> {
        let sql = match owner {
            TrafficOwner::Account(_) => OF_ACCOUNT,
            TrafficOwner::Customer(_) => OF_CUSTOMER,
        };
        let found: Vec<TrafficColumns> = on_reader!(self, |pool| sqlx::query_as(sql)
            .bind(key(owner))
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found.iter().map(|row| row.read(table(owner))).collect()
    }

    /// The latest period of everybody who ever moved anything that was counted.
    pub async fn latest_traffic(&self) -> Result<Vec<TrafficChange>, StoreError> {
        let accounts: Vec<TrafficColumns> = on_reader!(self, |pool| {
            sqlx::query_as(LATEST_OF_ACCOUNTS).fetch_all(pool).await
        })?;
        let customers: Vec<TrafficColumns> = on_reader!(self, |pool| {
            sqlx::query_as(LATEST_OF_CUSTOMERS).fetch_all(pool).await
        })?;
        let of_account = |row: &TrafficColumns| {
            let table = "account_traffic";
            let id = &row.owner_id;
            let owner = RowName { table, id }.parse("account_id", id)?;
            Ok(TrafficChange {
                owner: TrafficOwner::Account(owner),
                traffic: row.read(table)?,
            })
        };
        let of_customer = |row: &TrafficColumns| {
            let table = "customer_traffic";
            let id = &row.owner_id;
            let owner = RowName { table, id }.parse("customer_id", id)?;
            Ok(TrafficChange {
                owner: TrafficOwner::Customer(owner),
                traffic: row.read(table)?,
            })
        };
        let accounts = accounts.iter().map(of_account);
        accounts.chain(customers.iter().map(of_customer)).collect()
    }
}

impl Tx {
    /// Writes down what was moved; owners that are gone are passed over.
    pub async fn save_traffic(
        &mut self,
        changes: &[TrafficChange],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for &TrafficChange { owner, traffic } in changes {
            let id = key(owner);
            let row = RowName {
                table: table(owner),
                id: &id,
            };
            let (begin, end) = (traffic.period.begin, traffic.period.end);
            let up = row.bigint("up_bytes", traffic.moved.up)?;
            let down = row.bigint("down_bytes", traffic.moved.down)?;
            let (begin, end, at) = (begin.as_millis(), end.as_millis(), at.as_millis());
            match owner {
                TrafficOwner::Account(_) => {
                    execute!(self, SAVE_ACCOUNT, &id, begin, end, up, down, at)?;
                }
                TrafficOwner::Customer(_) => {
                    execute!(self, SAVE_CUSTOMER, &id, begin, end, up, down, at)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets periods that ended before `before`; how many.
    pub async fn forget_traffic(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let accounts = execute!(self, FORGET_ACCOUNTS, before.as_millis())?;
        let customers = execute!(self, FORGET_CUSTOMERS, before.as_millis())?;
        Ok(accounts + customers)
    }
}
