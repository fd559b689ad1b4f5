//! What of the transfer journal is old: which customers have rows, how long their plans keep them,
//! and removing them in steps.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::journal::first_half;
use super::row::{RowName, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{CustomerId, Limit, TransferId};

queries! {
    NEXT_CUSTOMER = "
        SELECT customer_high, customer_low, id_high, id_low FROM journal
         WHERE customer_low > $1
         ORDER BY customer_low, id_high, id_low
         LIMIT 1";
    RULES = "
        SELECT c.customer_id, p.journal_days
          FROM customer c JOIN plan p ON p.plan_id = c.plan_id
         WHERE p.journal_days_own
         ORDER BY c.customer_id";
    DELETE_OF_CUSTOMER = "
        DELETE FROM journal
         WHERE (id_high, id_low) IN (
             SELECT id_high, id_low FROM journal
              WHERE customer_low = $1 AND customer_high = $2 AND id_high < $3
              ORDER BY id_high, id_low LIMIT $4)";
}

impl Db {
    /// The next customer with rows in the journal, in the order of the random halves of their ids, and
    /// the oldest of them. The customer may be gone.
    pub async fn next_in_journal(
        &self,
        after: Option<CustomerId>,
    ) -> Result<Option<(CustomerId, TransferId)>, StoreError> {
        let after = after.map_or(i64::MIN, |customer| customer.halves().1);
        let found: Option<(i64, i64, i64, i64)> =
            on_reader!(self, |pool| sqlx::query_as(NEXT_CUSTOMER)
                .bind(after)
                .fetch_optional(pool)
                .await)?;
        Ok(found.map(|(customer_high, customer_low, high, low)| {
            let customer = CustomerId::from_halves((customer_high, customer_low));
            (customer, TransferId::from_halves((high, low)))
        }))
    }

    /// The customers whose plan says itself how many days it keeps the journal.
    pub async fn journal_rules(&self) -> Result<Vec<(CustomerId, Limit)>, StoreError> {
        let found: Vec<(String, Option<i64>)> =
            on_reader!(self, |pool| sqlx::query_as(RULES).fetch_all(pool).await)?;
        found
            .into_iter()
            .map(|(customer, days)| {
                let row = RowName {
                    table: "plan",
                    id: &customer,
                };
                Ok((
                    row.parse("customer_id", &customer)?,
                    row.limit("journal_days", days)?,
                ))
            })
            .collect()
    }
}

impl Tx {
    /// Removes at most `limit` rows of a customer that ended before `before`, oldest first, and
    /// returns how many.
    pub async fn delete_transfers(
        &mut self,
        customer: CustomerId,
        before: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let (high, low) = customer.halves();
        let affected = execute!(
            self,
            DELETE_OF_CUSTOMER,
            low,
            high,
            first_half(before),
            rows(limit)
        )?;
        Ok(affected)
    }
}
