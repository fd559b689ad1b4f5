//! Files of deleted accounts.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::{RowName, millis, moment, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AccountId, TrashEntry, TrashState, Usage};

macro_rules! columns {
    () => {
        "SELECT t.account_id, t.username, t.customer_id, t.customer, t.place, t.used_bytes,
                t.used_files, t.deleted_by, t.deleted_at, t.due_at, EXISTS (
                    SELECT 1 FROM job j
                     WHERE j.subject_id = t.account_id AND j.kind = 'purge'
                       AND j.state IN ('queued', 'running')) AS is_purging
           FROM trash t "
    };
}

queries! {
    BY_ID = concat!(columns!(), " WHERE t.account_id = $1");
    PAGE = concat!(
        columns!(),
        " WHERE (CAST($1 AS TEXT) IS NULL OR t.account_id < $1)
          ORDER BY t.account_id DESC LIMIT $2"
    );
    DUE = concat!(
        columns!(),
        " WHERE t.due_at <= $1 ORDER BY t.due_at, t.account_id LIMIT $2"
    );
    INSERT = "
        INSERT INTO trash (
            account_id, username, customer_id, customer, place, state, used_bytes, used_files,
            deleted_by, deleted_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SET_PLACE = "UPDATE trash SET place = $2 WHERE account_id = $1";
    SET_STATE = "UPDATE trash SET state = $2, due_at = $3 WHERE account_id = $1";
    SET_USAGE = "UPDATE trash SET used_bytes = $2, used_files = $3 WHERE account_id = $1";
    DELETE = "DELETE FROM trash WHERE account_id = $1";
}

#[derive(sqlx::FromRow)]
struct TrashColumns {
    account_id: String,
    username: String,
    customer_id: String,
    customer: String,
    place: String,
    used_bytes: i64,
    used_files: i64,
    deleted_by: String,
    deleted_at: i64,
    due_at: Option<i64>,
    is_purging: bool,
}

impl TrashColumns {
    fn read(self) -> Result<TrashEntry, StoreError> {
        let row = RowName {
            table: "trash",
            id: &self.account_id,
        };
        Ok(TrashEntry {
            account_id: row.parse("account_id", &self.account_id)?,
            customer_id: row.parse("customer_id", &self.customer_id)?,
            // Whatever became of the job that was to remove them: without one, nobody does.
            state: match (self.is_purging, self.due_at) {
                (true, _) => TrashState::Purging,
                (false, Some(_)) => TrashState::Trashed,
                (false, None) => TrashState::Kept,
            },
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
            username: self.username,
            customer: self.customer,
            place: self.place,
            deleted_by: self.deleted_by,
            deleted_at: Timestamp::from_millis(self.deleted_at),
            due_at: moment(self.due_at),
        })
    }
}

impl Db {
    /// What the deleted account has left.
    pub async fn trash_entry(&self, id: AccountId) -> Result<Option<TrashEntry>, StoreError> {
        let found: Option<TrashColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        found.map(TrashColumns::read).transpose()
    }

    /// What deleted accounts have left, the youngest account first; those before `before`.
    pub async fn trash(
        &self,
        before: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<TrashEntry>, StoreError> {
        let found: Vec<TrashColumns> = on_reader!(self, |pool| sqlx::query_as(PAGE)
            .bind(text_of(before))
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(TrashColumns::read).collect()
    }

    /// What is to be removed by `now`, the longest due first.
    pub async fn due_trash(
        &self,
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<TrashEntry>, StoreError> {
        let found: Vec<TrashColumns> = on_reader!(self, |pool| sqlx::query_as(DUE)
            .bind(now.as_millis())
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(TrashColumns::read).collect()
    }
}

impl Tx {
    /// Adds what a deleted account has left.
    pub async fn insert_trash(&mut self, entry: &TrashEntry) -> Result<(), StoreError> {
        let id = entry.account_id.to_string();
        let row = RowName {
            table: "trash",
            id: &id,
        };
        execute!(
            self,
            INSERT,
            &id,
            &entry.username,
            entry.customer_id.to_string(),
            &entry.customer,
            &entry.place,
            entry.state.as_str(),
            row.bigint("used_bytes", entry.usage.bytes)?,
            row.bigint("used_files", entry.usage.files)?,
            &entry.deleted_by,
            entry.deleted_at.as_millis(),
            millis(entry.due_at)
        )?;
        Ok(())
    }

    /// Writes down where the files lie now; `false` if there are none.
    pub async fn set_trash_place(
        &mut self,
        id: AccountId,
        place: &str,
    ) -> Result<bool, StoreError> {
        let affected = execute!(self, SET_PLACE, id.to_string(), place)?;
        Ok(affected > 0)
    }

    /// Writes down how much is left of the files; `false` if there are none.
    pub async fn set_trash_usage(
        &mut self,
        id: AccountId,
        left: Usage,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        let row = RowName {
            table: "trash",
            id: &id,
        };
        let bytes = row.bigint("used_bytes", left.bytes)?;
        let files = row.bigint("used_files", left.files)?;
        let affected = execute!(self, SET_USAGE, &id, bytes, files)?;
        Ok(affected > 0)
    }

    /// Writes down what becomes of the files, and when; `false` if there are none. That they are being
    /// removed is true only as long as there is a job that does it.
    pub async fn set_trash_state(
        &mut self,
        id: AccountId,
        state: TrashState,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            SET_STATE,
            id.to_string(),
            state.as_str(),
            millis(due_at)
        )?;
        Ok(affected > 0)
    }

    /// Forgets files that are gone; `false` if there were none.
    pub async fn delete_trash(&mut self, id: AccountId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string())?;
        Ok(affected > 0)
    }
}
