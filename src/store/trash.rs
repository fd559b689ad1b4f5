//! Files of deleted accounts.

use super::db::{Db, Tx, execute, on_reader};
use super::deleted_accounts::account_text;
use super::error::StoreError;
use super::row::{RowName, millis, moment, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{Account, AccountId, JobKind, TrashEntry, TrashState, Usage, Username};

macro_rules! columns {
    () => {
        "SELECT t.account_id, t.username, t.customer_id, t.customer, t.place, t.used_bytes,
                t.used_files, t.deleted_by, t.deleted_at, t.due_at, t.is_partial, t.volume_id,
                t.account IS NOT NULL AS is_restorable, (
                    SELECT MIN(j.kind) FROM job j
                     WHERE j.subject_id = t.account_id AND j.kind IN ('purge', 'restore')
                       AND j.state IN ('queued', 'running')) AS doing
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
    OF_NAME = concat!(
        columns!(),
        " WHERE t.username = $1 ORDER BY t.account_id DESC LIMIT $2"
    );
    DUE = concat!(
        columns!(),
        " WHERE t.due_at <= $1 AND NOT EXISTS (
                    SELECT 1 FROM job j
                     WHERE j.subject_id = t.account_id AND j.kind = 'restore'
                       AND j.state IN ('queued', 'running'))
          ORDER BY t.due_at, t.account_id LIMIT $2"
    );
    INSERT = "
        INSERT INTO trash (
            account_id, username, customer_id, customer, place, state, used_bytes, used_files,
            deleted_by, deleted_at, due_at, is_partial, account, volume_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    SET_PLACE = "UPDATE trash SET place = $2 WHERE account_id = $1";
    BEGIN_PURGE = "
        UPDATE trash SET state = 'purging', due_at = NULL, is_partial = TRUE
         WHERE account_id = $1 AND NOT EXISTS (
                    SELECT 1 FROM job j
                     WHERE j.subject_id = $1 AND j.kind IN ('purge', 'restore')
                       AND j.state IN ('queued', 'running'))";
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
    is_partial: bool,
    is_restorable: bool,
    doing: Option<String>,
    volume_id: Option<String>,
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
            state: match (self.doing.as_deref().map(JobKind::from_name), self.due_at) {
                (Some(Some(JobKind::Restore)), _) => TrashState::Restoring,
                (Some(_), _) => TrashState::Purging,
                (None, Some(_)) => TrashState::Trashed,
                (None, None) => TrashState::Kept,
            },
            is_partial: self.is_partial,
            is_restorable: self.is_restorable,
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
            username: self.username,
            customer: self.customer,
            volume_id: row.volume_id(self.volume_id.as_deref())?,
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

    /// What deleted accounts of this name have left, the youngest account first.
    pub async fn trash_of_name(
        &self,
        username: &Username,
        limit: u64,
    ) -> Result<Vec<TrashEntry>, StoreError> {
        let found: Vec<TrashColumns> = on_reader!(self, |pool| sqlx::query_as(OF_NAME)
            .bind(username.as_str())
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
    /// Adds what a deleted account has left, and what it was.
    pub async fn insert_trash(
        &mut self,
        entry: &TrashEntry,
        account: Option<&Account>,
    ) -> Result<(), StoreError> {
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
            millis(entry.due_at),
            entry.is_partial,
            account.map(account_text),
            entry.volume_id.to_string()
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

    /// Writes down that somebody removes the files, which is true as long as there is a job that does it;
    /// `false` if there are none.
    pub async fn begin_purge(&mut self, id: AccountId) -> Result<bool, StoreError> {
        let affected = execute!(self, BEGIN_PURGE, id.to_string())?;
        Ok(affected > 0)
    }

    /// Forgets files that are gone; `false` if there were none.
    pub async fn delete_trash(&mut self, id: AccountId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string())?;
        Ok(affected > 0)
    }
}
