//! The clock's door: what has to be done from time to time, whoever asks, and the jobs that somebody
//! has queued.

mod nightly;
mod queued;
mod retention;
pub mod staged;
mod volumes;

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Housekeeping};

/// How often leftovers of dead uploads are looked for. With the time they are kept by default, none
/// is there an hour after its upload died.
const STAGED_PERIOD: Duration = Duration::from_mins(20);
/// How often old rows are removed.
const RETENTION_PERIOD: Duration = Duration::from_hours(6);

/// How often the clock is asked whether it is night.
const NIGHT_PERIOD: Duration = Duration::from_mins(10);

/// Starts every job; they end with `keep.stop`.
pub fn start(app: &App, keep: &Housekeeping) {
    keep.tasks.spawn(every(
        STAGED_PERIOD,
        app.clone(),
        keep.stop.clone(),
        Job::Staged,
    ));
    keep.tasks.spawn(every(
        RETENTION_PERIOD,
        app.clone(),
        keep.stop.clone(),
        Job::Retention,
    ));
    keep.tasks.spawn(every(
        NIGHT_PERIOD,
        app.clone(),
        keep.stop.clone(),
        Job::Nightly,
    ));
    keep.tasks
        .spawn(queued::run(app.clone(), keep.stop.clone()));
    keep.tasks
        .spawn(volumes::run(app.clone(), keep.stop.clone()));
}

#[derive(Clone, Copy, Debug)]
enum Job {
    Nightly,
    Retention,
    Staged,
}

async fn every(period: Duration, app: App, stop: CancellationToken, job: Job) {
    let mut tick = tokio::time::interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        match job {
            Job::Nightly => nightly::run(&app).await,
            Job::Retention => retention::run(&app).await,
            Job::Staged => staged::run(&app).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn leftovers_are_looked_for_often_enough_to_be_gone_within_an_hour() {
        let kept = Settings::default().staged_ttl;

        assert!(kept + STAGED_PERIOD < Duration::from_hours(1));
    }
}
