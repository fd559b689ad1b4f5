//! Has all files counted again every night, if that is wanted.

use std::time::Duration;

use crate::app::App;
use crate::clock::Timestamp;
use crate::hosting::jobs::JobError;
use crate::hosting::quota::RecountSpec;
use crate::model::{Actor, JobKind, JobQuery};

/// The hour of the day, UTC, in which it begins.
const HOUR: i64 = 3;
const HOUR_SECONDS: i64 = 3_600;
/// Whatever began so long ago was another night.
const SAME_NIGHT: Duration = Duration::from_hours(12);

/// Queues the nightly count if it is time and it was not queued this night.
pub(super) async fn run(app: &App) {
    let now = app.clock.now();
    if !app.settings.current().nightly_recount || hour(now) != HOUR {
        return;
    }
    if let Err(error) = queue(app, now).await {
        tracing::warn!(%error, "the nightly count could not be begun");
    }
}

async fn queue(app: &App, now: Timestamp) -> Result<(), JobError> {
    let new = RecountSpec::All.job("");
    let query = JobQuery {
        kind: Some(JobKind::Recount),
        subject_id: new.subject_id.clone(),
        limit: 1,
        ..JobQuery::default()
    };
    let latest = app.jobs.page(&query).await?;
    let is_recent = |at: Timestamp| now.since(at) < SAME_NIGHT;
    if latest.iter().any(|job| is_recent(job.created_at)) {
        return Ok(());
    }
    app.jobs.queue(&Actor::system(), new).await.map(drop)
}

fn hour(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(HOUR_SECONDS).rem_euclid(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_is_that_of_the_day() {
        // 2026-03-12 13:32:08 UTC.
        assert_eq!(hour(Timestamp::from_seconds(1_773_322_328)), 13);
        assert_eq!(hour(Timestamp::from_seconds(-1)), 23);
    }
}
