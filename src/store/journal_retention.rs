//! What of the transfer journal is old: which customers have rows, how long their plans keep them,
//! and removing them in steps.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::{RowName, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{CustomerId, Limit, TransferId};

queries! {
    NEXT_CUSTOMER = "
        SELECT customer_id, transfer_id FROM transfer
         WHERE customer_id > $1
         ORDER BY customer_id, transfer_id
         LIMIT 1";
    RULES = "
        SELECT c.customer_id, p.journal_days
          FROM customer c JOIN plan p ON p.plan_id = c.plan_id
         WHERE p.journal_days_own
         ORDER BY c.customer_id";
    DELETE_OF_CUSTOMER = "
        DELETE FROM transfer
         WHERE transfer_id IN (
             SELECT transfer_id FROM transfer
              WHERE customer_id = $1 AND transfer_id < $2
              ORDER BY transfer_id LIMIT $3)";
}

impl Db {
    /// The next customer with rows in the journal, in the order of ids, and the oldest of them. The
    /// customer may be gone.
    pub async fn next_in_journal(
        &self,
        after: Option<CustomerId>,
    ) -> Result<Option<(CustomerId, TransferId)>, StoreError> {
        let after = text_of(after).unwrap_or_default();
        let found: Option<(String, String)> =
            on_reader!(self, |pool| sqlx::query_as(NEXT_CUSTOMER)
                .bind(&after)
                .fetch_optional(pool)
                .await)?;
        let Some((customer, transfer)) = found else {
            return Ok(None);
        };
        let row = RowName {
            table: "transfer",
            id: &transfer,
        };
        Ok(Some((
            row.parse("customer_id", &customer)?,
            row.parse("transfer_id", &transfer)?,
        )))
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
        let affected = execute!(
            self,
            DELETE_OF_CUSTOMER,
            customer.to_string(),
            TransferId::first_at(before).to_string(),
            rows(limit)
        )?;
        Ok(affected)
    }
}
