//! What accounts hold.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::RowName;
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AccountId, Usage};

queries! {
    BY_ID = "SELECT used_bytes, used_files, dirty FROM quota_usage WHERE account_id = $1";
    FILES = "SELECT CAST(COALESCE(SUM(used_files), 0) AS BIGINT) FROM quota_usage";
    COUNTED_AT = "SELECT counted_at FROM quota_usage WHERE account_id = $1";
    SET_COUNTED_AT = "UPDATE quota_usage SET counted_at = $2 WHERE account_id = $1";
    SAVE = "
        UPDATE quota_usage
           SET used_bytes = $2, used_files = $3, dirty = $4, updated_at = $5
         WHERE account_id = $1";
    MARK_DIRTY = "
        UPDATE quota_usage SET dirty = TRUE, updated_at = $2 WHERE account_id = $1";
}

/// What an account holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UsageChange {
    /// The account.
    pub account_id: AccountId,
    /// Bytes and files.
    pub usage: Usage,
    /// Whether the figures may be behind the disk.
    pub dirty: bool,
}

impl Db {
    /// What an account holds, as last written down, and whether the figures may be behind the disk.
    pub async fn usage(&self, id: AccountId) -> Result<Option<(Usage, bool)>, StoreError> {
        let found: Option<(i64, i64, bool)> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        let Some((bytes, files, dirty)) = found else {
            return Ok(None);
        };
        let row = RowName {
            table: "quota_usage",
            id: &id.to_string(),
        };
        let usage = Usage {
            bytes: row.amount("used_bytes", bytes)?,
            files: row.amount("used_files", files)?,
        };
        Ok(Some((usage, dirty)))
    }
}

impl Db {
    /// Files that all accounts hold, as last written down.
    pub async fn files_of_all(&self) -> Result<u64, StoreError> {
        let files: i64 = on_reader!(self, |pool| sqlx::query_scalar(FILES).fetch_one(pool).await)?;
        Ok(u64::try_from(files).unwrap_or_default())
    }

    /// When the figures of an account were last compared with the disk.
    pub async fn counted_at(&self, id: AccountId) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<Option<i64>> = on_reader!(self, |pool| sqlx::query_scalar(COUNTED_AT)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        Ok(found.flatten().map(Timestamp::from_millis))
    }
}

impl Tx {
    /// Writes down that the figures of an account were compared with the disk; one that is gone is
    /// passed over.
    pub async fn set_counted_at(&mut self, id: AccountId, at: Timestamp) -> Result<(), StoreError> {
        execute!(self, SET_COUNTED_AT, id.to_string(), at.as_millis())?;
        Ok(())
    }

    /// Writes down what accounts hold; accounts that are gone are passed over.
    pub async fn save_usage(
        &mut self,
        changes: &[UsageChange],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for change in changes {
            let id = change.account_id.to_string();
            let row = RowName {
                table: "quota_usage",
                id: &id,
            };
            let bytes = row.bigint("used_bytes", change.usage.bytes)?;
            let files = row.bigint("used_files", change.usage.files)?;
            execute!(self, SAVE, &id, bytes, files, change.dirty, at.as_millis())?;
        }
        Ok(())
    }

    /// Marks accounts whose figures may fall behind the disk; accounts that are gone are passed
    /// over.
    pub async fn mark_dirty(&mut self, ids: &[AccountId], at: Timestamp) -> Result<(), StoreError> {
        for id in ids {
            execute!(self, MARK_DIRTY, id.to_string(), at.as_millis())?;
        }
        Ok(())
    }
}
