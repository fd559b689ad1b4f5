//! The service itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::error::JobError;
use super::task::JobTask;
use crate::clock::Timestamp;
use crate::events::Event;
use crate::hosting::foundation::{Deed, Foundation};
use crate::model::{
    Actor, AuditAction, Job, JobId, JobKind, JobLog, JobQuery, JobState, JobUnit, Progress,
};
use crate::store::{StoreError, Tx};

/// A cheap handle on the jobs.
#[derive(Clone, Debug)]
pub struct Jobs(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) foundation: Foundation,
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
    /// What is told of a job that was cancelled while it waited.
    pub(super) const UNBEGUN: &str = "Cancelled before it began.";
    /// Old jobs that are removed in one transaction.
    const STEP: u64 = 500;

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
        let now = foundation.now();
        let is_ended = tx.cancel_queued_job(id, Self::UNBEGUN, now).await?
            || tx.cancel_running_job(id).await?
            // A service that stops may just have let it wait again.
            || tx.cancel_queued_job(id, Self::UNBEGUN, now).await?;
        if !is_ended {
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

    /// Queues the work of a job that failed or was cancelled once more; tells the job that does it.
    ///
    /// # Errors
    ///
    /// [`JobError::NotAgain`] if it did not fail, if the same is under way, or if it is not to be begun
    /// without asking; [`JobError::NotFound`], [`JobError::Forbidden`].
    pub async fn again(&self, actor: &Actor, id: JobId) -> Result<Job, JobError> {
        let job = self.get(id).await?;
        require(actor, job.kind)?;
        let is_under_way = self.is_active(job.kind, &job.subject_id).await?;
        if !job.state.is_unfinished() || !job.kind.is_repeatable() || is_under_way {
            return Err(JobError::NotAgain);
        }
        let new = NewJob {
            kind: job.kind,
            subject: job.subject,
            subject_id: job.subject_id,
            spec: job.spec,
        };
        self.queue(actor, new).await
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

    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<JobId, JobTask>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
