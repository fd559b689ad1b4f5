//! The way of a job from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::JobFailure;
use super::report::JobReport;
use super::service::Jobs;
use super::task::JobTask;
use crate::events::Event;
use crate::model::{Job, JobId, JobState};
use crate::store::{StoreError, Tx};

impl Jobs {
    /// Jobs that run at the same time in one process.
    pub const AT_ONCE: usize = 3;
    /// Waiting jobs that are looked through for one whose subject is free.
    const LOOK_AHEAD: u64 = 100;
    /// Pause before the end of a job is tried to be written again.
    const END_PAUSE: Duration = Duration::from_secs(1);

    /// Looks at the jobs that an earlier process left in the middle: they wait again where that is
    /// safe, and have failed where it is not. Those that this version cannot read are left as they are. For
    /// the start, before anything runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn recover(&self) -> Result<(), StoreError> {
        let db = &self.0.foundation.db;
        for error in db.unreadable_jobs(Self::LOOK_AHEAD).await? {
            tracing::warn!(%error, "a job is left alone: another version of the service wrote it");
        }
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
            if job.is_cancelled {
                self.end_unbegun(job.id).await?;
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
            if let Some(news) = task.news() {
                let mut tx = db.begin().await?;
                tx.save_job_progress(id, news.progress, &news.log).await?;
                tx.commit().await?;
                task.note_written(&news);
                self.0.foundation.publish(Event::JobChanged(id));
            }
            let stored = db.job(id).await?;
            if stored.is_none_or(|job| job.is_cancelled) {
                task.cancel();
            }
        }
        Ok(())
    }

    /// Writes down how a job ended, as soon as the database answers. One that stopped with the service
    /// waits again if that is safe and nobody has cancelled it.
    pub async fn end(&self, task: &JobTask, outcome: Result<JobReport, JobFailure>) {
        let id = task.job().id;
        let mut job = task.snapshot();
        job.ended_at = Some(self.0.foundation.now());
        let is_stopped = matches!(outcome, Err(JobFailure::Stopped));
        settle(&mut job, outcome);
        let waits_again = is_stopped && job.kind.is_resumed();
        // If the service stops meanwhile, the next start finds the job in the middle.
        let write = || self.write_end(&job, waits_again);
        insist(Self::END_PAUSE, task.stop(), write).await;
        self.running().remove(&id);
        self.tell(id);
    }

    async fn write_end(&self, job: &Job, waits_again: bool) -> Result<(), StoreError> {
        let mut tx = self.0.foundation.db.begin().await?;
        if waits_again {
            tx.save_job_progress(job.id, job.progress, &job.log).await?;
            if !tx.requeue_job(job.id).await? {
                let mut cancelled = job.clone();
                settle(&mut cancelled, Err(JobFailure::Cancelled));
                tx.end_job(&cancelled).await?;
            }
        } else {
            tx.end_job(job).await?;
        }
        tx.commit().await
    }

    /// Ends a job that waits although somebody cancelled it.
    async fn end_unbegun(&self, id: JobId) -> Result<(), StoreError> {
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        tx.cancel_queued_job(id, Self::UNBEGUN, foundation.now())
            .await?;
        tx.commit().await?;
        foundation.publish(Event::JobChanged(id));
        Ok(())
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

    fn is_running(&self, subject_id: &str) -> bool {
        let running = self.running();
        let mut subjects = running.values().map(|task| &task.job().subject_id);
        subjects.any(|running| running == subject_id)
    }
}

/// Tries until it succeeds, or until `stop`, but once at least.
async fn insist<F>(pause: Duration, stop: &CancellationToken, mut attempt: impl FnMut() -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    /// Of so many failures one is told.
    const TOLD: u32 = 60;
    let mut failures: u32 = 0;
    while let Err(error) = attempt().await {
        if failures.is_multiple_of(TOLD) {
            tracing::error!(%error, "the end of a job waits to be written");
        }
        failures = failures.wrapping_add(1);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Puts the outcome into the job.
fn settle(job: &mut Job, outcome: Result<JobReport, JobFailure>) {
    let (state, report) = match outcome {
        Ok(report) => (JobState::Done, report),
        Err(JobFailure::Incomplete(report)) => (JobState::Failed, report),
        Err(JobFailure::Cancelled) => (JobState::Cancelled, told("Cancelled in the middle.")),
        Err(JobFailure::Stopped) => {
            let words = "The server ended in the middle. What was done before stays done.";
            (JobState::Failed, told(words))
        }
        Err(failure) => (JobState::Failed, told(&sentence(&failure.to_string()))),
    };
    if state == JobState::Done && job.progress.total.is_some() {
        job.progress.total = Some(job.progress.done);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_job_is_written_however_long_the_database_was_away() {
        let mut tries = 0;

        insist(Duration::ZERO, &CancellationToken::new(), || {
            tries += 1;
            let answer = (tries == 1_000).then_some(()).ok_or(StoreError::Stale);
            async { answer }
        })
        .await;

        assert_eq!(tries, 1_000);
    }

    #[tokio::test]
    async fn a_service_that_stops_tries_once() {
        let stop = CancellationToken::new();
        stop.cancel();
        let mut tries = 0;

        insist(Duration::from_hours(1), &stop, || {
            tries += 1;
            async { Err(StoreError::Stale) }
        })
        .await;

        assert_eq!(tries, 1);
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("no such account"), "No such account.");
        assert_eq!(sentence("Nobody knows."), "Nobody knows.");
        assert_eq!(sentence(""), ".");
    }
}
