//! Removes rows that are older than the settings say.

use std::time::Duration;

use crate::app::App;

/// Shortens the transfer journal, the audit log and the list of jobs.
pub(super) async fn run(app: &App) {
    let now = app.clock.now();
    let settings = app.settings.current();
    let days = |days: u32| Duration::from_hours(24 * u64::from(days));
    match app.journal.shorten(now, settings.journal_days.0).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "removed old rows of the transfer journal"),
        Err(error) => tracing::warn!(%error, "old transfers could not be removed"),
    }
    match app
        .audit
        .shorten(now.minus(days(settings.audit_days.0)))
        .await
    {
        Ok(0) => {}
        Ok(entries) => tracing::info!(entries, "removed old entries of the audit log"),
        Err(error) => tracing::warn!(%error, "old audit entries could not be removed"),
    }
    match app.trash.purge_due().await {
        Ok(0) => {}
        Ok(accounts) => tracing::info!(
            accounts,
            "began to remove files whose time in the trash is over"
        ),
        Err(error) => tracing::warn!(%error, "the trash could not be emptied"),
    }
    let (unused, old) = (now.minus(days(1)), now.minus(days(JOBS_KEPT_DAYS)));
    match app.imports().forget(unused, old).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "removed what became of old imports"),
        Err(error) => tracing::warn!(%error, "old imports could not be removed"),
    }
    match app.jobs.shorten(now.minus(days(JOBS_KEPT_DAYS))).await {
        Ok(0) => {}
        Ok(jobs) => tracing::info!(jobs, "removed old jobs"),
        Err(error) => tracing::warn!(%error, "old jobs could not be removed"),
    }
}

/// Days that a job stays in the list after its end.
const JOBS_KEPT_DAYS: u32 = 90;
