//! Imports of many accounts: their rows are kept in the database, a job looks through them or takes
//! them over, and each row tells what became of it. What is done is written down in the transaction that
//! does it, so that a job which was interrupted goes on with exactly those that are left.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::error::ImportError;
use super::judge::{Judge, Verdict};
use super::kept;
use super::making::Sheet;
use super::order::{Existing, Mode, Order};
use super::record::{Record, RowRefusal, Wanted};
use super::report::{Counts, Outcome};
use super::service::{Imports, require};
use crate::clock::Timestamp;
use crate::hosting::jobs::{JobFailure, JobReport, JobTask, NewJob};
use crate::model::{
    Actor, AdminId, ImportFile, ImportId, ImportRow, ImportRowQuery, Job, JobKind, JobQuery,
    JobUnit,
};
use crate::store::Db;

/// A kept file, and how far it is.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file.
    pub file: ImportFile,
    /// Its rows.
    pub tally: Tally,
    /// The job that has to do with it, or had last.
    pub job: Option<Job>,
}

/// How far a kept file is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// What became of how many rows, or would.
    pub counts: Counts,
    /// Rows with which something can still be done.
    pub left: u64,
    /// Rows.
    pub total: u64,
}

/// What a job has to do: for whom, and with which file.
#[derive(Deserialize, Serialize)]
struct Spec {
    import: ImportId,
    admin: Option<AdminId>,
    name: String,
    role: String,
    ip: Option<IpAddr>,
}

impl Imports {
    /// Accounts of a file at most that are imported while somebody waits for the answer.
    pub const FEW: usize = 100;
    /// Customers that are named in the facts of a job.
    const NAMED: usize = 20;

    /// Keeps the accounts of a file for a job; tells under which id.
    ///
    /// # Errors
    ///
    /// [`ImportError::Store`], and `Forbidden`.
    pub async fn keep(
        &self,
        actor: &Actor,
        records: &[Record],
        order: &Order,
    ) -> Result<ImportId, ImportError> {
        require(actor)?;
        let foundation = self.foundation();
        let (unix_ms, random) = foundation.id_parts();
        let file = ImportFile {
            id: ImportId::from_parts(unix_ms, random),
            title: order.title.clone(),
            customer: order.customer.clone(),
            changes_existing: order.existing == Existing::Change,
            new_customers: Vec::new(),
            created_at: foundation.now(),
        };
        let rows: Vec<ImportRow> = (1..)
            .zip(records)
            .map(|(number, record)| kept::row(number, record))
            .collect();
        let mut tx = foundation.db.begin().await?;
        tx.insert_import(&file, &rows).await?;
        tx.commit().await?;
        Ok(file.id)
    }

    /// Has a job look through a kept file, or take it over.
    ///
    /// # Errors
    ///
    /// [`ImportError::NotFound`], [`ImportError::Active`] if a job has to do with it already, and
    /// `Forbidden`.
    pub async fn queue(&self, actor: &Actor, id: ImportId, mode: Mode) -> Result<Job, ImportError> {
        let kept = self.kept(id).await?;
        if kept.job.is_some_and(|job| !job.state.is_over()) {
            return Err(ImportError::Active);
        }
        let spec = Spec {
            import: id,
            admin: actor.admin_id,
            name: actor.name.clone(),
            role: actor.role.as_str().to_owned(),
            ip: actor.ip,
        };
        let new = NewJob {
            kind: match mode {
                Mode::Perform => JobKind::Import,
                Mode::Rehearse => JobKind::CheckImport,
            },
            subject: kept.file.title,
            subject_id: id.to_string(),
            spec: serde_json::json!(spec).to_string(),
        };
        let jobs = &self.parts().accounts.parts().jobs;
        Ok(jobs.queue(actor, new).await?)
    }

    /// Takes a job back that waits, with its file; `false` if it does not wait any more.
    ///
    /// # Errors
    ///
    /// [`ImportError::Store`].
    pub async fn withdraw(&self, id: ImportId, job: &Job) -> Result<bool, ImportError> {
        let foundation = self.foundation();
        let mut tx = foundation.db.begin().await?;
        let words = "Taken back before it began.";
        if !tx
            .cancel_queued_job(job.id, words, foundation.now())
            .await?
        {
            return Ok(false);
        }
        tx.delete_import(id).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A kept file and how far it is.
    ///
    /// # Errors
    ///
    /// [`ImportError::NotFound`].
    pub async fn kept(&self, id: ImportId) -> Result<Kept, ImportError> {
        let file = self.db().import_file(id).await?;
        let query = JobQuery {
            subject_id: id.to_string(),
            limit: 1,
            ..JobQuery::default()
        };
        let jobs = &self.parts().accounts.parts().jobs;
        Ok(Kept {
            file: file.ok_or(ImportError::NotFound)?,
            tally: self.tally(id).await?,
            job: jobs.page(&query).await?.pop(),
        })
    }

    /// Rows of a kept file, in its order.
    ///
    /// # Errors
    ///
    /// [`ImportError::Store`].
    pub async fn rows(
        &self,
        id: ImportId,
        query: &ImportRowQuery,
    ) -> Result<Vec<ImportRow>, ImportError> {
        Ok(self.db().import_rows(id, query).await?)
    }

    /// Forgets the hashes of files that nobody took over in the end, and which came before `unused`,
    /// and everything about those that came before `old`. Tells how many files are gone.
    ///
    /// # Errors
    ///
    /// [`ImportError::Store`].
    pub async fn forget(&self, unused: Timestamp, old: Timestamp) -> Result<u64, ImportError> {
        const STEP: u64 = 10;
        let mut tx = self.db().begin().await?;
        tx.forget_imports_before(unused).await?;
        tx.commit().await?;
        let mut gone = 0;
        loop {
            let mut tx = self.db().begin().await?;
            let step = tx.delete_imports_before(old, STEP).await?;
            tx.commit().await?;
            gone += step;
            if step < STEP {
                return Ok(gone);
            }
        }
    }

    /// Does what the job says. It may be begun again at any time, and goes on with what is left.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; accounts that were taken over before stay.
    pub async fn work(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let spec: Spec = task.spec()?;
        let actor = spec.actor()?;
        let mode = match task.job().kind {
            JobKind::Import => Mode::Perform,
            _ => Mode::Rehearse,
        };
        let Some(file) = self.db().import_file(spec.import).await? else {
            let words = "The file is not kept any more. Upload it again.";
            return Err(JobFailure::Failed(words.to_owned()));
        };
        let tally = self.tally(file.id).await.map_err(failure)?;
        task.expect(Some(tally.total), JobUnit::Rows);
        task.advance(tally.total - tally.left);
        let order = Order {
            title: file.title.clone(),
            customer: file.customer.clone(),
            existing: if file.changes_existing {
                Existing::Change
            } else {
                Existing::Keep
            },
            mode,
        };
        let ended = self.pass_through(task, &actor, file, &order).await;
        let is_cancelled = matches!(ended, Err(JobFailure::Cancelled));
        let tally = self.tally(spec.import).await.map_err(failure)?;
        if mode == Mode::Perform && (ended.is_ok() || is_cancelled) {
            let noted = self.note(&actor, &order, (tally.counts, is_cancelled));
            noted.await.map_err(failure)?;
        }
        Ok(report(mode, tally.counts, &ended?))
    }

    /// Goes through the rows that are left, a batch at a time; tells which customers were made.
    async fn pass_through(
        &self,
        task: &JobTask,
        actor: &Actor,
        mut file: ImportFile,
        order: &Order,
    ) -> Result<Vec<String>, JobFailure> {
        let mut judge = Judge::new(self.parts(), order);
        let mut after = 0;
        loop {
            task.check()?;
            let query = ImportRowQuery {
                is_left: true,
                after,
                limit: Self::BATCH as u64,
                ..ImportRowQuery::default()
            };
            let rows = self.db().import_rows(file.id, &query).await?;
            let Some(last) = rows.last() else {
                return Ok(file.new_customers);
            };
            after = last.number;
            let done = self.rows_batch(actor, &mut judge, (file.id, order.mode), &rows);
            done.await.map_err(failure)?;
            let known = file.new_customers.len();
            for name in judge.new_customers() {
                if !file.new_customers.contains(name) {
                    file.new_customers.push(name.clone());
                }
            }
            if file.new_customers.len() > known {
                let mut tx = self.db().begin().await?;
                tx.set_import_customers(file.id, &file.new_customers)
                    .await?;
                tx.commit().await?;
            }
            task.advance(rows.len() as u64);
        }
    }

    async fn rows_batch(
        &self,
        actor: &Actor,
        judge: &mut Judge<'_>,
        (id, mode): (ImportId, Mode),
        rows: &[ImportRow],
    ) -> Result<(), ImportError> {
        let wanted: Vec<Result<Wanted, RowRefusal>> =
            rows.iter().map(|row| kept::wanted(&row.wanted)).collect();
        let mut verdicts: Vec<Verdict> = Vec::with_capacity(rows.len());
        for wanted in &wanted {
            verdicts.push(judge.judge(wanted).await?);
        }
        let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        let sheet = Sheet {
            import: id,
            numbers: &numbers,
        };
        match mode {
            Mode::Perform => {
                let done = self.perform(actor, judge, &verdicts, Some(sheet));
                done.await.map(drop)
            }
            Mode::Rehearse => {
                let outcomes: Vec<Outcome> = verdicts.iter().map(Verdict::rehearsed).collect();
                let mut tx = self.db().begin().await?;
                for (number, outcome) in numbers.iter().zip(&outcomes) {
                    let result = kept::result(outcome);
                    tx.settle_import_row(id, *number, (&result, false)).await?;
                }
                Ok(tx.commit().await?)
            }
        }
    }

    async fn tally(&self, id: ImportId) -> Result<Tally, ImportError> {
        let mut tally = Tally::default();
        for count in self.db().import_counts(id).await? {
            tally.total += count.rows;
            if count.is_left {
                tally.left += count.rows;
            }
            tally.counts.add(&count.outcome, count.rows);
        }
        Ok(tally)
    }

    fn db(&self) -> &Db {
        &self.foundation().db
    }
}

impl Spec {
    fn actor(&self) -> Result<Actor, JobFailure> {
        let unknown = |_| JobFailure::Failed("Nobody knows any more who wanted it.".to_owned());
        Ok(Actor {
            admin_id: self.admin,
            name: self.name.clone(),
            role: self.role.parse().map_err(unknown)?,
            ip: self.ip,
        })
    }
}

fn failure(error: ImportError) -> JobFailure {
    match error {
        ImportError::Store(error) => error.into(),
        other => JobFailure::Failed(other.to_string()),
    }
}

fn report(mode: Mode, counts: Counts, new_customers: &[String]) -> JobReport {
    let mut facts: Vec<(String, String)> = counts
        .words()
        .iter()
        .map(|(count, word)| ((*word).to_owned(), count.to_string()))
        .collect();
    if !new_customers.is_empty() {
        let mut names: Vec<&str> = new_customers.iter().map(String::as_str).collect();
        let others = format!("{} more", names.len().saturating_sub(Imports::NAMED));
        if names.len() > Imports::NAMED {
            names.truncate(Imports::NAMED);
            names.push(&others);
        }
        facts.push(("New customers".to_owned(), names.join(", ")));
    }
    let sum = counts.sum();
    let result = match mode {
        Mode::Perform => format!("{sum}."),
        Mode::Rehearse => format!("Nothing is changed yet. What would be done: {sum}."),
    };
    JobReport { result, facts }
}
