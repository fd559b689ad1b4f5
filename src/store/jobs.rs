//! Jobs.

use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::row::{RowName, millis, moment, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{Job, JobId, JobKind, JobLog, JobQuery, JobState, JobUnit, Progress};

macro_rules! columns {
    () => {
        "SELECT job_id, kind, subject, subject_id, spec, actor, state, is_cancelled, done, total,
                unit, result, facts, log, created_at, started_at, ended_at, version
           FROM job "
    };
}

macro_rules! page {
    ($subject:literal) => {
        concat!(
            columns!(),
            " WHERE ",
            $subject,
            " AND (CAST($1 AS TEXT) IS NULL OR state = $1)
              AND (CAST($2 AS TEXT) IS NULL OR kind = $2)
              AND (CAST($4 AS TEXT) IS NULL OR job_id < $4)
              AND CAST($6 AS TEXT) LIKE '%,' || kind || ',%'
            ORDER BY job_id DESC
            LIMIT $5"
        )
    };
}

queries! {
    BY_ID = concat!(columns!(), " WHERE job_id = $1");
    PAGE = page!("CAST($3 AS TEXT) = ''");
    // Apart from the other, because SQLite uses no index for a condition that may not apply.
    PAGE_OF_SUBJECT = page!("subject_id = $3");
    OLDEST = concat!(
        columns!(),
        " WHERE state = $1 AND CAST($3 AS TEXT) LIKE '%,' || kind || ',%' ORDER BY job_id LIMIT $2"
    );
    ACTIVE = concat!(
        columns!(),
        " WHERE state IN ('queued', 'running') ORDER BY job_id LIMIT $1"
    );
    IS_ACTIVE = "
        SELECT COUNT(*) FROM job
         WHERE subject_id = $1 AND kind = $2 AND state IN ('queued', 'running')";
    INSERT = "
        INSERT INTO job (
            job_id, kind, subject, subject_id, spec, actor, state, is_cancelled, done, total, unit,
            result, facts, log, created_at, started_at, ended_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    CLAIM = "
        UPDATE job
           SET state = 'running', started_at = $2, version = version + 1
         WHERE job_id = $1 AND state = 'queued'";
    REQUEUE = "
        UPDATE job SET state = 'queued', version = version + 1
         WHERE job_id = $1 AND state = 'running' AND NOT is_cancelled";
    SAVE_PROGRESS = "
        UPDATE job
           SET done = $2, total = $3, unit = $4, log = $5, version = version + 1
         WHERE job_id = $1 AND state = 'running'";
    END = "
        UPDATE job
           SET state = $2, done = $3, total = $4, unit = $5, result = $6, facts = $7, log = $8,
               ended_at = $9, version = version + 1
         WHERE job_id = $1 AND state IN ('queued', 'running')";
    CANCEL_QUEUED = "
        UPDATE job
           SET state = 'cancelled', is_cancelled = TRUE, result = $2, ended_at = $3,
               version = version + 1
         WHERE job_id = $1 AND state = 'queued'";
    CANCEL_RUNNING = "
        UPDATE job SET is_cancelled = TRUE, version = version + 1
         WHERE job_id = $1 AND state = 'running'";
    DELETE_BEFORE = "
        DELETE FROM job
         WHERE job_id IN (SELECT job_id FROM job WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
}

#[derive(sqlx::FromRow)]
struct JobColumns {
    job_id: String,
    kind: String,
    subject: String,
    subject_id: String,
    spec: String,
    actor: String,
    state: String,
    is_cancelled: bool,
    done: i64,
    total: Option<i64>,
    unit: String,
    result: String,
    facts: String,
    log: String,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    version: i64,
}

impl JobColumns {
    fn read(self) -> Result<Job, StoreError> {
        let row = RowName {
            table: "job",
            id: &self.job_id,
        };
        let progress = Progress {
            done: row.amount("done", self.done)?,
            total: row.limit("total", self.total)?,
            unit: row.named("unit", JobUnit::from_name(&self.unit))?,
        };
        Ok(Job {
            id: row.parse("job_id", &self.job_id)?,
            kind: row.named("kind", JobKind::from_name(&self.kind))?,
            state: row.named("state", JobState::from_name(&self.state))?,
            facts: serde_json::from_str(&self.facts).map_err(|_| row.bad("facts"))?,
            log: read_log(&self.log).ok_or_else(|| row.bad("log"))?,
            progress,
            subject: self.subject,
            subject_id: self.subject_id,
            spec: self.spec,
            actor: self.actor,
            is_cancelled: self.is_cancelled,
            result: self.result,
            created_at: Timestamp::from_millis(self.created_at),
            started_at: moment(self.started_at),
            ended_at: moment(self.ended_at),
            version: self.version,
        })
    }
}

fn read_log(text: &str) -> Option<JobLog> {
    let lines: Vec<(i64, String)> = serde_json::from_str(text).ok()?;
    let mut log = JobLog::default();
    for (at, line) in lines {
        log.push(Timestamp::from_millis(at), &line);
    }
    Some(log)
}

fn log_text(log: &JobLog) -> String {
    let lines = log.lines().map(|(at, line)| (at.as_millis(), line));
    serde_json::json!(lines.collect::<Vec<_>>()).to_string()
}

/// `,discard,purge,recount,`
fn known_kinds() -> String {
    let names = JobKind::ALL.iter().map(|kind| kind.as_str());
    names.fold(",".to_owned(), |all, name| all + name + ",")
}

fn readable(found: Vec<JobColumns>) -> Vec<Job> {
    let read = found.into_iter().map(JobColumns::read);
    read.filter_map(Result::ok).collect()
}

fn facts_text(job: &Job) -> String {
    serde_json::json!(job.facts).to_string()
}

impl Db {
    /// The job with this id.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let found: Option<JobColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        found.map(JobColumns::read).transpose()
    }

    /// The jobs that match, latest first. Those that another version of the service wrote, and this one
    /// cannot read, are passed over.
    pub async fn jobs(&self, query: &JobQuery) -> Result<Vec<Job>, StoreError> {
        let sql = if query.subject_id.is_empty() {
            PAGE
        } else {
            PAGE_OF_SUBJECT
        };
        let found: Vec<JobColumns> = on_reader!(self, |pool| sqlx::query_as(sql)
            .bind(query.state.map(JobState::as_str))
            .bind(query.kind.map(JobKind::as_str))
            .bind(&query.subject_id)
            .bind(text_of(query.before))
            .bind(rows(query.limit))
            .bind(known_kinds())
            .fetch_all(pool)
            .await)?;
        Ok(readable(found))
    }

    /// The jobs that are so far, the first wanted first; passes over the same ones.
    pub async fn oldest_jobs(&self, state: JobState, limit: u64) -> Result<Vec<Job>, StoreError> {
        let found: Vec<JobColumns> = on_reader!(self, |pool| sqlx::query_as(OLDEST)
            .bind(state.as_str())
            .bind(rows(limit))
            .bind(known_kinds())
            .fetch_all(pool)
            .await)?;
        Ok(readable(found))
    }

    /// What is wrong with the jobs that wait or run and cannot be read, of the `limit` first wanted.
    pub async fn unreadable_jobs(&self, limit: u64) -> Result<Vec<StoreError>, StoreError> {
        let found: Vec<JobColumns> = on_reader!(self, |pool| sqlx::query_as(ACTIVE)
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        let read = found.into_iter().map(JobColumns::read);
        Ok(read.filter_map(Result::err).collect())
    }

    /// Whether a job of this kind about `subject_id` waits or runs.
    pub async fn is_job_active(&self, kind: JobKind, subject_id: &str) -> Result<bool, StoreError> {
        let count: i64 = on_reader!(self, |pool| sqlx::query_scalar(IS_ACTIVE)
            .bind(subject_id)
            .bind(kind.as_str())
            .fetch_one(pool)
            .await)?;
        Ok(count > 0)
    }
}

impl Tx {
    /// Adds a job.
    pub async fn insert_job(&mut self, job: &Job) -> Result<(), StoreError> {
        let id = job.id.to_string();
        let (done, total) = amounts(&id, job.progress)?;
        execute!(
            self,
            INSERT,
            &id,
            job.kind.as_str(),
            &job.subject,
            &job.subject_id,
            &job.spec,
            &job.actor,
            job.state.as_str(),
            job.is_cancelled,
            done,
            total,
            job.progress.unit.as_str(),
            &job.result,
            facts_text(job),
            log_text(&job.log),
            job.created_at.as_millis(),
            millis(job.started_at),
            millis(job.ended_at),
            job.version
        )?;
        Ok(())
    }

    /// Takes a waiting job to run it; `false` if it does not wait any more.
    pub async fn claim_job(&mut self, id: JobId, at: Timestamp) -> Result<bool, StoreError> {
        let affected = execute!(self, CLAIM, id.to_string(), at.as_millis())?;
        Ok(affected > 0)
    }

    /// Lets a running job wait again; `false` if it does not run, or somebody has cancelled it.
    pub async fn requeue_job(&mut self, id: JobId) -> Result<bool, StoreError> {
        let affected = execute!(self, REQUEUE, id.to_string())?;
        Ok(affected > 0)
    }

    /// Writes down how far a running job is; `false` if it does not run any more.
    pub async fn save_job_progress(
        &mut self,
        id: JobId,
        progress: Progress,
        log: &JobLog,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        let (done, total) = amounts(&id, progress)?;
        let unit = progress.unit.as_str();
        let affected = execute!(self, SAVE_PROGRESS, &id, done, total, unit, log_text(log))?;
        Ok(affected > 0)
    }

    /// Writes down how a job ended: its state, result, facts, progress, log and end; `false` if it was
    /// over already.
    pub async fn end_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        let id = job.id.to_string();
        let (done, total) = amounts(&id, job.progress)?;
        let affected = execute!(
            self,
            END,
            &id,
            job.state.as_str(),
            done,
            total,
            job.progress.unit.as_str(),
            &job.result,
            facts_text(job),
            log_text(&job.log),
            millis(job.ended_at)
        )?;
        Ok(affected > 0)
    }

    /// Ends a job that waits; `false` if it does not wait.
    pub async fn cancel_queued_job(
        &mut self,
        id: JobId,
        result: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(self, CANCEL_QUEUED, id.to_string(), result, at.as_millis())?;
        Ok(affected > 0)
    }

    /// Asks a running job to stop; `false` if it does not run.
    pub async fn cancel_running_job(&mut self, id: JobId) -> Result<bool, StoreError> {
        let affected = execute!(self, CANCEL_RUNNING, id.to_string())?;
        Ok(affected > 0)
    }

    /// Removes at most `limit` jobs that ended before `before`, and returns how many.
    pub async fn delete_jobs_before(
        &mut self,
        before: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_BEFORE, before.as_millis(), rows(limit))?;
        Ok(affected)
    }
}

fn amounts(id: &str, progress: Progress) -> Result<(i64, Option<i64>), StoreError> {
    let row = RowName { table: "job", id };
    Ok((
        row.bigint("done", progress.done)?,
        row.bigint_limit("total", progress.total)?,
    ))
}
