//! Settings as text, and the history of their changes.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, changes_text, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::SettingRevision;

queries! {
    // One statement, so that rows and revision belong to the same moment.
    ALL = "
        SELECT q.value AS revision, s.key, s.value
          FROM sequence q
          LEFT JOIN setting s ON s.version <= q.value
         WHERE q.name = 'setting_revision'
         ORDER BY s.key";
    NEXT = "
        UPDATE sequence SET value = value + 1
         WHERE name = 'setting_revision' AND value = $1
        RETURNING value";
    PUT = "
        INSERT INTO setting (key, value, version) VALUES ($1, $2, $3)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version";
    INSERT_REVISION = "
        INSERT INTO setting_revision (seq, at, actor, changes) VALUES ($1, $2, $3, $4)";
    REVISIONS = "
        SELECT seq, at, actor, changes
          FROM setting_revision
         WHERE CAST($1 AS BIGINT) IS NULL OR seq < $1
         ORDER BY seq DESC
         LIMIT $2";
}

/// The settings as stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StoredSettings {
    /// Number of the latest revision; 0 before the first.
    pub revision: i64,
    /// Key and text of every setting that was ever changed.
    pub rows: Vec<(String, String)>,
}

#[derive(sqlx::FromRow)]
struct SettingColumns {
    revision: i64,
    key: Option<String>,
    value: Option<String>,
}

#[derive(sqlx::FromRow)]
struct RevisionColumns {
    seq: i64,
    at: i64,
    actor: String,
    changes: String,
}

impl RevisionColumns {
    fn read(self) -> Result<SettingRevision, StoreError> {
        let row = RowName {
            table: "setting_revision",
            id: &self.seq.to_string(),
        };
        Ok(SettingRevision {
            seq: self.seq,
            at: Timestamp::from_millis(self.at),
            actor: self.actor,
            changes: row.changes(&self.changes)?,
        })
    }
}

impl Db {
    /// Every stored setting and the number of the latest revision.
    pub async fn settings(&self) -> Result<StoredSettings, StoreError> {
        let found: Vec<SettingColumns> =
            on_reader!(self, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
        Ok(StoredSettings {
            revision: found.first().map_or(0, |row| row.revision),
            rows: found
                .into_iter()
                .filter_map(|row| row.key.zip(row.value))
                .collect(),
        })
    }

    /// At most `limit` revisions, latest first, only older than `before` if that is given.
    pub async fn setting_revisions(
        &self,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<SettingRevision>, StoreError> {
        let found: Vec<RevisionColumns> = on_reader!(self, |pool| sqlx::query_as(REVISIONS)
            .bind(before)
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(RevisionColumns::read).collect()
    }
}

impl Tx {
    /// Stores the new texts of `changes` (key, text before, text after) as one revision and returns
    /// its number. `seen` is the revision that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else changed settings first.
    pub async fn change_settings(
        &mut self,
        seen: i64,
        at: Timestamp,
        actor: &str,
        changes: &[(String, String, String)],
    ) -> Result<i64, StoreError> {
        let revision: i64 = on_tx!(self, |connection| sqlx::query_scalar(NEXT)
            .bind(seen)
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)?;
        for (key, _, after) in changes {
            execute!(self, PUT, key, after, revision)?;
        }
        execute!(
            self,
            INSERT_REVISION,
            revision,
            at.as_millis(),
            actor,
            changes_text(changes)
        )?;
        Ok(revision)
    }
}
