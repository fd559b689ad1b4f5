//! Runs the jobs that somebody has queued, a few at a time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::hosting::jobs::{JobFailure, JobReport, JobTask};
use crate::model::JobKind;

/// The database is looked at this often for jobs that another process has queued or cancelled.
const PERIOD: Duration = Duration::from_millis(500);
/// How long running jobs may take to come to the end of their step when the service stops.
const LAST_STEP: Duration = Duration::from_secs(10);

/// Runs jobs until `stop`. Those that run then end between two steps, and wait for the next start if
/// that is safe.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    loop {
        begin(&app, &stop, &mut running).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = app.jobs.woken() => {}
            Some(ended) = running.join_next() => note(ended),
            _ = tick.tick() => {}
        }
        if let Err(error) = app.jobs.keep_up().await {
            tracing::error!(%error, "the progress of jobs waits to be written");
        }
    }
    let all = async { while running.join_next().await.is_some() {} };
    if timeout(LAST_STEP, all).await.is_err() {
        tracing::warn!(
            "a job did not come to the end of its step; it is begun again or has failed"
        );
    }
}

/// Begins as many jobs as may run.
async fn begin(app: &App, stop: &CancellationToken, running: &mut JoinSet<()>) {
    while !stop.is_cancelled() {
        match app.jobs.claim(stop).await {
            Ok(Some(task)) => {
                running.spawn(execute(app.clone(), task));
            }
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "jobs wait: the database does not answer");
                return;
            }
        }
    }
}

async fn execute(app: App, task: JobTask) {
    let job = task.job().clone();
    tracing::info!(job.id = %job.id, job.kind = job.kind.as_str(), "began job about `{}`", job.subject);
    // One that panics is a job that failed.
    let work = AssertUnwindSafe(work(app.clone(), task.clone())).catch_unwind();
    let outcome = work.await.unwrap_or_else(|_panicked| {
        let words = "It broke on our side; the log of the server says where.";
        Err(JobFailure::Failed(words.to_owned()))
    });
    match &outcome {
        Ok(report) => tracing::info!(job.id = %job.id, "job is done: {}", report.result),
        Err(error) => tracing::warn!(job.id = %job.id, %error, "job ended early"),
    }
    app.jobs.end(&task, outcome).await;
}

/// What each kind of job does.
async fn work(app: App, task: JobTask) -> Result<JobReport, JobFailure> {
    match task.job().kind {
        JobKind::CheckImport | JobKind::Import => app.imports().work(&task).await,
        JobKind::Discard => app.trash.discard(&task).await,
        JobKind::Purge => app.trash.remove(&task).await,
        JobKind::Recount => app.recounts.run(&task).await,
        JobKind::Restore => app.trash.bring_back(&task).await,
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job was lost");
    }
}
