//! The service itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::error::{JobError, JobFailure};
use super::task::{JobReport, JobTask};
use crate::clock::Timestamp;
use crate::events::Event;
use crate::hosting::foundation::{Deed, Foundation};
use crate::model::{
    Actor, AuditAction, Job, JobId, JobKind, JobLog, JobQuery, JobState, JobUnit, Progress,
};
use crate::store::{StoreError, Tx};

/// A cheap handle on the jobs.
#[derive(Clone, Debug)]
pub struct Jobs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    foundation: Foundation,
    /// Those that run in this process.
    running: Mutex<HashMap<JobId, JobTask>>,
    wake: Notify,
}

/// What is needed to queue a job.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// What kind of work it is.
    pub kind: JobKind,
    /// What it is about, as shown.
    pub subject: String,
    /// The id of that; of jobs with the same one only one runs at a time. Empty for none.
    pub subject_id: String,
    /// What exactly is to be done, as JSON that the kind understands.
    pub spec: String,
}

impl Jobs {
    /// Jobs that run at the same time in one process.
    pub const AT_ONCE: usize = 3;
    /// Waiting jobs that are looked through for one whose subject is free.
    const LOOK_AHEAD: u64 = 100;
    /// Old jobs that are removed in one transaction.
    const STEP: u64 = 500;
    /// Times that the end of a job is tried to be written, a second apart.
    const END_TRIES: u32 = 30;

    /// The jobs over this foundation.
    pub fn new(foundation: Foundation) -> Self {
        Self(Arc::new(Shared {
            foundation,
            running: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// Queues a job and notes who wanted it. The running server begins it within a second.
    ///
    /// # Errors
    ///
    /// [`JobError::Forbidden`], [`JobError::Store`].
    pub async fn queue(&self, actor: &Actor, new: NewJob) -> Result<Job, JobError> {
        require(actor, new.kind)?;
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        let job = self.queue_with(&mut tx, actor, new).await?;
        let deed = deed(AuditAction::JobQueued, &job);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.tell(job.id);
        Ok(job)
    }

    /// Queues a job as part of a larger change, which has checked the rights and leaves the entry in
    /// the audit log; call [`Jobs::tell`] when it is committed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(in crate::hosting) async fn queue_with(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        new: NewJob,
    ) -> Result<Job, StoreError> {
        let (unix_ms, random) = self.0.foundation.id_parts();
        let job = Job {
            id: JobId::from_parts(unix_ms, random),
            kind: new.kind,
            subject: new.subject,
            subject_id: new.subject_id,
            spec: new.spec,
            actor: actor.name.clone(),
            state: JobState::Queued,
            is_cancelled: false,
            progress: Progress {
                done: 0,
                total: None,
                unit: JobUnit::Files,
            },
            result: String::new(),
            facts: Vec::new(),
            log: JobLog::default(),
            created_at: self.0.foundation.now(),
            started_at: None,
            ended_at: None,
            version: 1,
        };
        tx.insert_job(&job).await?;
        Ok(job)
    }

    /// Tells everybody that a job was queued.
    pub(in crate::hosting) fn tell(&self, id: JobId) {
        self.0.foundation.publish(Event::JobChanged(id));
        self.0.wake.notify_one();
    }

    /// Waits until this process queues a job.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// One job, with the progress of this moment if it runs here.
    ///
    /// # Errors
    ///
    /// [`JobError::NotFound`].
    pub async fn get(&self, id: JobId) -> Result<Job, JobError> {
        let job = self.0.foundation.db.job(id).await?;
        Ok(self.fresh(job.ok_or(JobError::NotFound)?))
    }

    /// One page of jobs, latest first.
    ///
    /// # Errors
    ///
    /// [`JobError::Store`].
    pub async fn page(&self, query: &JobQuery) -> Result<Vec<Job>, JobError> {
        let jobs = self.0.foundation.db.jobs(query).await?;
        Ok(jobs.into_iter().map(|job| self.fresh(job)).collect())
    }

    /// Whether a job of this kind about `subject_id` waits or runs.
    ///
    /// # Errors
    ///
    /// [`JobError::Store`].
    pub async fn is_active(&self, kind: JobKind, subject_id: &str) -> Result<bool, JobError> {
        let db = &self.0.foundation.db;
        Ok(db.is_job_active(kind, subject_id).await?)
    }

    /// Ends a job that waits, and asks one that runs to stop after its next step.
    ///
    /// # Errors
    ///
    /// [`JobError::Over`], [`JobError::NotFound`], [`JobError::Forbidden`].
    pub async fn cancel(&self, actor: &Actor, id: JobId) -> Result<(), JobError> {
        let job = self.get(id).await?;
        require(actor, job.kind)?;
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        let words = "Cancelled before it began.";
        let is_ended = tx.cancel_queued_job(id, words, foundation.now()).await?;
        if !is_ended && !tx.cancel_running_job(id).await? {
            return Err(JobError::Over);
        }
        let deed = deed(AuditAction::JobCancelled, &job);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        if let Some(task) = self.running().get(&id) {
            task.cancel();
        }
        foundation.publish(Event::JobChanged(id));
        Ok(())
    }

    /// Looks at the jobs that an earlier process left in the middle: they wait again where that is
    /// safe, and have failed where it is not. For the start, before anything runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn recover(&self) -> Result<(), StoreError> {
        loop {
            let left = self.left_behind().await?;
            if left.is_empty() {
                return Ok(());
            }
            let mut tx = self.0.foundation.db.begin().await?;
            for job in left {
                self.pick_up(&mut tx, job).await?;
            }
            tx.commit().await?;
        }
    }

    /// Takes the first waiting job whose subject is free, to run it until `stop`; `None` if there is
    /// none or as many run as may.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn claim(&self, stop: &CancellationToken) -> Result<Option<JobTask>, StoreError> {
        if self.running().len() >= Self::AT_ONCE {
            return Ok(None);
        }
        let foundation = &self.0.foundation;
        let waiting = foundation
            .db
            .oldest_jobs(JobState::Queued, Self::LOOK_AHEAD)
            .await?;
        for mut job in waiting {
            if !job.subject_id.is_empty() && self.is_running(&job.subject_id) {
                continue;
            }
            let now = foundation.now();
            let mut tx = foundation.db.begin().await?;
            if !tx.claim_job(job.id, now).await? {
                continue;
            }
            tx.commit().await?;
            job.state = JobState::Running;
            job.started_at = Some(now);
            let (id, clock) = (job.id, Arc::clone(&foundation.clock));
            let task = JobTask::new(job, clock, stop.clone());
            self.running().insert(id, task.clone());
            foundation.publish(Event::JobChanged(id));
            return Ok(Some(task));
        }
        Ok(None)
    }

    /// Writes down how far the running jobs are, and hears who cancelled one elsewhere. About once a
    /// second; nothing is asked while nothing runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the next time tells everything again.
    pub async fn keep_up(&self) -> Result<(), StoreError> {
        let tasks: Vec<JobTask> = self.running().values().cloned().collect();
        let db = &self.0.foundation.db;
        for task in tasks {
            let id = task.job().id;
            if let Some((progress, log)) = task.take_news() {
                let mut tx = db.begin().await?;
                tx.save_job_progress(id, progress, &log).await?;
                tx.commit().await?;
                self.0.foundation.publish(Event::JobChanged(id));
            }
            let stored = db.job(id).await?;
            if stored.is_none_or(|job| job.is_cancelled) {
                task.cancel();
            }
        }
        Ok(())
    }

    /// Writes down how a job ended. One that stopped with the service waits again if that is safe.
    pub async fn end(&self, task: &JobTask, outcome: Result<JobReport, JobFailure>) {
        let id = task.job().id;
        let mut job = task.snapshot();
        job.ended_at = Some(self.0.foundation.now());
        let is_stopped = matches!(outcome, Err(JobFailure::Stopped));
        settle(&mut job, outcome);
        let waits_again = is_stopped && job.kind.is_resumed();
        for _ in 0..Self::END_TRIES {
            match self.write_end(&job, waits_again).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(job.id = %id, %error, "the end of a job waits to be written");
                }
            }
            if task.is_stopping() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.running().remove(&id);
        self.tell(id);
    }

    /// Removes jobs that ended before `before`, in steps; tells how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn shorten(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut tx = self.0.foundation.db.begin().await?;
            let step = tx.delete_jobs_before(before, Self::STEP).await?;
            tx.commit().await?;
            removed += step;
            if step < Self::STEP {
                return Ok(removed);
            }
        }
    }

    async fn write_end(&self, job: &Job, waits_again: bool) -> Result<(), StoreError> {
        let mut tx = self.0.foundation.db.begin().await?;
        if waits_again {
            tx.save_job_progress(job.id, job.progress, &job.log).await?;
            tx.requeue_job(job.id).await?;
        } else {
            tx.end_job(job).await?;
        }
        tx.commit().await
    }

    /// Jobs that are said to run, and do not here.
    async fn left_behind(&self) -> Result<Vec<Job>, StoreError> {
        let db = &self.0.foundation.db;
        let mut jobs = db.oldest_jobs(JobState::Running, Self::LOOK_AHEAD).await?;
        let running = self.running();
        jobs.retain(|job| !running.contains_key(&job.id));
        Ok(jobs)
    }

    async fn pick_up(&self, tx: &mut Tx, mut job: Job) -> Result<(), StoreError> {
        let now = self.0.foundation.now();
        if job.kind.is_resumed() && !job.is_cancelled {
            job.log
                .push(now, "Begun again: the server ended in the middle.");
            tx.save_job_progress(job.id, job.progress, &job.log).await?;
            tx.requeue_job(job.id).await?;
            return Ok(());
        }
        let failure = if job.is_cancelled {
            JobFailure::Cancelled
        } else {
            JobFailure::Stopped
        };
        settle(&mut job, Err(failure));
        job.ended_at = Some(now);
        tx.end_job(&job).await?;
        Ok(())
    }

    fn fresh(&self, job: Job) -> Job {
        let told = self.running().get(&job.id).map(JobTask::snapshot);
        match told.filter(|_| job.state == JobState::Running) {
            Some(told) => Job {
                progress: told.progress,
                log: told.log,
                ..job
            },
            None => job,
        }
    }

    fn is_running(&self, subject_id: &str) -> bool {
        let running = self.running();
        let mut subjects = running.values().map(|task| &task.job().subject_id);
        subjects.any(|running| running == subject_id)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<JobId, JobTask>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the outcome into the job.
fn settle(job: &mut Job, outcome: Result<JobReport, JobFailure>) {
    let (state, report) = match outcome {
        Ok(report) => (JobState::Done, report),
        Err(JobFailure::Cancelled) => (JobState::Cancelled, told("Cancelled in the middle.")),
        Err(JobFailure::Stopped) => {
            let words = "The server ended in the middle. What was done before stays done.";
            (JobState::Failed, told(words))
        }
        Err(failure) => (JobState::Failed, told(&sentence(&failure.to_string()))),
    };
    job.state = state;
    job.result = report.result;
    job.facts = report.facts;
}

fn told(words: &str) -> JobReport {
    JobReport {
        result: words.to_owned(),
        facts: Vec::new(),
    }
}

/// A message of an error as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let text: String = first.chain(letters).collect();
    if text.ends_with('.') {
        text
    } else {
        text + "."
    }
}

fn require(actor: &Actor, kind: JobKind) -> Result<(), JobError> {
    let right = kind.right();
    if actor.may(right) {
        Ok(())
    } else {
        Err(JobError::Forbidden(right))
    }
}

fn deed(action: AuditAction, job: &Job) -> Deed<'_> {
    let what = ("job".to_owned(), String::new(), job.kind.label().to_owned());
    Deed {
        action,
        object: &job.subject,
        object_id: job.id.to_string(),
        changes: vec![what],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("no such account"), "No such account.");
        assert_eq!(sentence("Nobody knows."), "Nobody knows.");
        assert_eq!(sentence(""), ".");
    }
}
