//! The audit log.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, changes_text, containing, millis, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AuditAction, AuditEvent, AuditQuery};

macro_rules! page {
    ($object:literal) => {
        concat!(
            "SELECT seq, at, admin_id, actor, ip, action, object, object_id, changes
               FROM audit_event
              WHERE ",
            $object,
            " AND (CAST($1 AS TEXT) IS NULL
                   OR lower(object) LIKE lower($1) ESCAPE '!'
                   OR ip LIKE $1 ESCAPE '!')
              AND (CAST($2 AS TEXT) IS NULL OR lower(actor) LIKE lower($2) ESCAPE '!')
              AND (CAST($3 AS TEXT) IS NULL OR action = $3)
              AND (CAST($5 AS BIGINT) IS NULL OR at >= $5)
              AND (CAST($6 AS BIGINT) IS NULL OR at < $6)
              AND (CAST($7 AS BIGINT) IS NULL OR seq < $7)
            ORDER BY seq DESC
            LIMIT $8"
        )
    };
}

queries! {
    PAGE = page!("CAST($4 AS TEXT) = ''");
    // Apart from the other, because SQLite uses no index for a condition that may not apply.
    PAGE_OF_OBJECT = page!("object_id = $4");
    // A counter row instead of the engine's own: numbers follow the order of commits, without gaps,
    // so that a reader who asks for "older than" or "newer than" misses nothing.
    NEXT = "
        UPDATE sequence SET value = value + 1 WHERE name = 'audit_event' RETURNING value";
    INSERT = "
        INSERT INTO audit_event (
            seq, at, admin_id, actor, ip, action, object, object_id, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    DELETE_BEFORE = "
        DELETE FROM audit_event
         WHERE seq IN (SELECT seq FROM audit_event WHERE at < $1 ORDER BY seq LIMIT $2)";
}

#[derive(sqlx::FromRow)]
struct AuditColumns {
    seq: i64,
    at: i64,
    admin_id: Option<String>,
    actor: String,
    ip: String,
    action: String,
    object: String,
    object_id: String,
    changes: String,
}

impl AuditColumns {
    fn read(self) -> Result<AuditEvent, StoreError> {
        let row = RowName {
            table: "audit_event",
            id: &self.seq.to_string(),
        };
        Ok(AuditEvent {
            seq: self.seq,
            at: Timestamp::from_millis(self.at),
            admin_id: self
                .admin_id
                .map(|id| row.parse("admin_id", &id))
                .transpose()?,
            action: row.named("action", AuditAction::from_name(&self.action))?,
            changes: row.changes(&self.changes)?,
            actor: self.actor,
            ip: self.ip,
            object: self.object,
            object_id: self.object_id,
        })
    }
}

impl Db {
    /// The entries that match, latest first.
    pub async fn audit_events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = if query.object_id.is_empty() {
            PAGE
        } else {
            PAGE_OF_OBJECT
        };
        let found: Vec<AuditColumns> = on_reader!(self, |pool| sqlx::query_as(sql)
            .bind(containing(&query.text))
            .bind(containing(&query.actor))
            .bind(query.action.map(AuditAction::as_str))
            .bind(&query.object_id)
            .bind(millis(query.from))
            .bind(millis(query.to))
            .bind(query.before)
            .bind(rows(query.limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(AuditColumns::read).collect()
    }
}

impl Tx {
    /// Appends an entry and returns its number; `event.seq` is ignored. The numbers are given out
    /// under a lock, so this comes last in a set of changes.
    pub async fn append_audit(&mut self, event: &AuditEvent) -> Result<i64, StoreError> {
        let seq: i64 = on_tx!(self, |connection| sqlx::query_scalar(NEXT)
            .fetch_one(connection)
            .await)?;
        execute!(
            self,
            INSERT,
            seq,
            event.at.as_millis(),
            text_of(event.admin_id),
            &event.actor,
            &event.ip,
            event.action.as_str(),
            &event.object,
            &event.object_id,
            changes_text(&event.changes)
        )?;
        Ok(seq)
    }

    /// Removes at most `limit` entries from before `before`, oldest first, and returns how many.
    pub async fn delete_audit_before(
        &mut self,
        before: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_BEFORE, before.as_millis(), rows(limit))?;
        Ok(affected)
    }
}
