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
    /// Raised by every change.
    edition: u64,
    /// The edition that the database has.
    written: u64,
}

/// What the database does not know yet of a running job.
#[derive(Debug)]
pub(super) struct JobNews {
    pub(super) progress: Progress,
    pub(super) log: JobLog,
    edition: u64,
}

impl JobTask {
    pub(super) fn new(job: Job, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let told = Told {
            progress: job.progress,
            log: job.log.clone(),
            edition: 0,
            written: 0,
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
        told.edition += 1;
    }

    /// As [`JobTask::expect`], for work that goes on where an earlier server left it: what was done then
    /// stays counted, of the total that was known then. Tells how much that is.
    pub fn go_on(&self, total: Option<u64>, unit: JobUnit) -> u64 {
        let mut told = self.told();
        let before = told.progress;
        told.progress = Progress {
            done: before.done,
            total: before.total.or(total),
            unit,
        };
        told.edition += 1;
        before.done
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.told().progress
    }

    /// Tells that `more` is done. Costs a short lock; the database hears of it about once a second.
    pub fn advance(&self, more: u64) {
        let mut told = self.told();
        told.progress.done = told.progress.done.saturating_add(more);
        told.edition += 1;
    }

    /// Adds a line to the log of the job.
    pub fn log(&self, line: &str) {
        let now = self.0.clock.now();
        let mut told = self.told();
        told.log.push(now, line);
        told.edition += 1;
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

    /// Cancelled when the service stops.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.0.stop
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
    pub(super) fn news(&self) -> Option<JobNews> {
        let told = self.told();
        (told.edition != told.written).then(|| JobNews {
            progress: told.progress,
            log: told.log.clone(),
            edition: told.edition,
        })
    }

    /// The database knows the news from now on.
    pub(super) fn note_written(&self, news: &JobNews) {
        self.told().written = news.edition;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SystemClock, Timestamp};
    use crate::model::{JobId, JobKind, JobState};

    fn task(progress: Progress) -> JobTask {
        let job = Job {
            id: JobId::from_parts(1, [1; 10]),
            kind: JobKind::Purge,
            subject: String::new(),
            subject_id: String::new(),
            spec: String::new(),
            actor: String::new(),
            state: JobState::Running,
            is_cancelled: false,
            progress,
            result: String::new(),
            facts: Vec::new(),
            log: JobLog::default(),
            created_at: Timestamp::default(),
            started_at: None,
            ended_at: None,
            version: 1,
        };
        JobTask::new(job, Arc::new(SystemClock), CancellationToken::new())
    }

    fn progress(done: u64, total: Option<u64>) -> Progress {
        let unit = JobUnit::Files;
        Progress { done, total, unit }
    }

    #[test]
    fn news_are_news_until_they_are_written() {
        let task = task(progress(0, None));
        assert!(task.news().is_none());

        task.advance(1);
        let first = task.news().unwrap();
        task.advance(1);
        task.note_written(&first);

        let second = task.news().unwrap();
        assert_eq!((first.progress.done, second.progress.done), (1, 2));
        task.note_written(&second);
        assert!(task.news().is_none());
    }

    #[test]
    fn what_an_earlier_server_has_done_stays_counted() {
        let new = task(progress(0, None));
        let left = task(progress(40, Some(100)));

        assert_eq!(new.go_on(Some(60), JobUnit::Files), 0);
        assert_eq!(left.go_on(Some(60), JobUnit::Files), 40);

        assert_eq!(new.progress(), progress(0, Some(60)));
        assert_eq!(left.progress(), progress(40, Some(100)));
    }
}
