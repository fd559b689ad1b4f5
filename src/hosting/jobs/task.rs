//! A running job, as the work sees it: what is to be done, how far it is, and whether to go on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::error::JobFailure;
use crate::clock::Clock;
use crate::model::{Job, JobLog, JobUnit, Progress};

/// A handle on a running job; clones speak of the same one.
#[derive(Clone, Debug)]
pub struct JobTask(Arc<Inner>);

/// What came of a job.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JobReport {
    /// A sentence.
    pub result: String,
    /// Figures that explain it: name and value.
    pub facts: Vec<(String, String)>,
}

#[derive(Debug)]
struct Inner {
    job: Job,
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
    cancel: CancellationToken,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Told {
    progress: Progress,
    log: JobLog,
    is_written: bool,
}

impl JobTask {
    pub(super) fn new(job: Job, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let told = Told {
            progress: job.progress,
            log: job.log.clone(),
            is_written: true,
        };
        Self(Arc::new(Inner {
            job,
            clock,
            told: Mutex::new(told),
            cancel: CancellationToken::new(),
            stop,
        }))
    }

    /// The job as it was when it began.
    pub fn job(&self) -> &Job {
        &self.0.job
    }

    /// What is to be done, in the form of its kind.
    ///
    /// # Errors
    ///
    /// [`JobFailure::Failed`] if it was written by another version of the service.
    pub fn spec<T: DeserializeOwned>(&self) -> Result<T, JobFailure> {
        serde_json::from_str(&self.0.job.spec).map_err(|_| {
            JobFailure::Failed("Nobody knows any more what was to be done.".to_owned())
        })
    }

    /// Begins to count anew, up to `total` if that is known.
    pub fn expect(&self, total: Option<u64>, unit: JobUnit) {
        let mut told = self.told();
        told.progress = Progress {
            done: 0,
            total,
            unit,
        };
        told.is_written = false;
    }

    /// Tells that `more` is done. Costs a short lock; the database hears of it about once a second.
    pub fn advance(&self, more: u64) {
        let mut told = self.told();
        told.progress.done = told.progress.done.saturating_add(more);
        told.is_written = false;
    }

    /// Adds a line to the log of the job.
    pub fn log(&self, line: &str) {
        let now = self.0.clock.now();
        let mut told = self.told();
        told.log.push(now, line);
        told.is_written = false;
    }

    /// Asked between two steps: whether to go on.
    ///
    /// # Errors
    ///
    /// [`JobFailure::Cancelled`] and [`JobFailure::Stopped`]; hand them on.
    pub fn check(&self) -> Result<(), JobFailure> {
        if self.0.cancel.is_cancelled() {
            return Err(JobFailure::Cancelled);
        }
        if self.0.stop.is_cancelled() {
            return Err(JobFailure::Stopped);
        }
        Ok(())
    }

    /// Waits a moment between two steps, so that others get their turn at the disk.
    ///
    /// # Errors
    ///
    /// As [`JobTask::check`], at once.
    pub async fn pause(&self, time: Duration) -> Result<(), JobFailure> {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.0.cancel.cancelled() => {}
            () = self.0.stop.cancelled() => {}
        }
        self.check()
    }

    pub(super) fn cancel(&self) {
        self.0.cancel.cancel();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    /// The job as it is at this moment.
    pub(super) fn snapshot(&self) -> Job {
        let told = self.told();
        Job {
            progress: told.progress,
            log: told.log.clone(),
            ..self.0.job.clone()
        }
    }

    /// What the database does not know yet.
    pub(super) fn take_news(&self) -> Option<(Progress, JobLog)> {
        let mut told = self.told();
        if std::mem::replace(&mut told.is_written, true) {
            return None;
        }
        Some((told.progress, told.log.clone()))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
