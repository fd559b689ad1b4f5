//! The way of a job from one hand to the next, without a server that runs it.

use std::sync::Arc;

use quaymaster::clock::SystemClock;
use quaymaster::events::Events;
use quaymaster::hosting::foundation::Foundation;
use quaymaster::hosting::jobs::{JobError, JobFailure, JobReport, JobTask, Jobs, NewJob};
use quaymaster::model::{Actor, Job, JobId, JobKind, JobState, JobUnit};
use quaymaster::store::Db;
use tokio_util::sync::CancellationToken;

use crate::support::engines::on_both_engines;

/// As another process sees them.
fn jobs(db: &Db) -> Jobs {
    Jobs::new(Foundation {
        db: db.clone(),
        clock: Arc::new(SystemClock),
        events: Events::new(),
    })
}

async fn queue(jobs: &Jobs, kind: JobKind) -> Job {
    let new = NewJob {
        kind,
        subject: "kestrel".to_owned(),
        subject_id: "1".to_owned(),
        spec: "{}".to_owned(),
    };
    jobs.queue(&Actor::system(), new).await.unwrap()
}

async fn claim(jobs: &Jobs) -> JobTask {
    let task = jobs.claim(&CancellationToken::new()).await.unwrap();
    task.expect("a job that waits")
}

async fn state(jobs: &Jobs, id: JobId) -> JobState {
    jobs.get(id).await.unwrap().state
}

on_both_engines!(
    a_cancel_during_a_stop_is_not_undone_by_the_next_start,
    |db| {
        let jobs = jobs(&db);
        let job = queue(&jobs, JobKind::Purge).await;
        let task = claim(&jobs).await;

        jobs.cancel(&Actor::system(), job.id).await.unwrap();
        jobs.end(&task, Err(JobFailure::Stopped)).await;

        assert_eq!(state(&jobs, job.id).await, JobState::Cancelled);
        let next = self::jobs(&db);
        next.recover().await.unwrap();
        assert!(
            next.claim(&CancellationToken::new())
                .await
                .unwrap()
                .is_none()
        );
    }
);

on_both_engines!(a_job_that_is_cancelled_and_waits_is_not_begun, |db| {
    let jobs = jobs(&db);
    let job = queue(&jobs, JobKind::Purge).await;
    let mut tx = db.begin().await.unwrap();
    let cancelled = Job {
        id: JobId::from_parts(1, [1; 10]),
        is_cancelled: true,
        ..job.clone()
    };
    tx.insert_job(&cancelled).await.unwrap();
    tx.commit().await.unwrap();

    let task = claim(&jobs).await;

    assert_eq!(task.job().id, job.id);
    assert_eq!(state(&jobs, cancelled.id).await, JobState::Cancelled);
});

on_both_engines!(
    what_an_earlier_process_left_in_the_middle_is_begun_again_unless_cancelled,
    |db| {
        let died = jobs(&db);
        let goes_on = queue(&died, JobKind::Purge).await;
        claim(&died).await;
        let other = NewJob {
            kind: JobKind::Recount,
            subject: String::new(),
            subject_id: "2".to_owned(),
            spec: String::new(),
        };
        let cancelled = died.queue(&Actor::system(), other).await.unwrap();
        claim(&died).await;
        let console = jobs(&db);
        console
            .cancel(&Actor::system(), cancelled.id)
            .await
            .unwrap();

        let next = jobs(&db);
        next.recover().await.unwrap();

        let told = next.get(cancelled.id).await.unwrap();
        assert_eq!(
            (told.state, told.result.as_str()),
            (JobState::Cancelled, "Cancelled in the middle.")
        );
        assert_eq!(claim(&next).await.job().id, goes_on.id);
    }
);

on_both_engines!(
    a_job_that_failed_or_was_cancelled_can_be_begun_again,
    |db| {
        let jobs = jobs(&db);
        let actor = Actor::system();
        let first = queue(&jobs, JobKind::Recount).await;
        let waits = jobs.again(&actor, first.id).await;
        let task = claim(&jobs).await;
        jobs.end(&task, Err(JobFailure::Failed("No.".to_owned())))
            .await;

        let second = jobs.again(&actor, first.id).await.unwrap();
        let twice = jobs.again(&actor, first.id).await;
        jobs.cancel(&actor, second.id).await.unwrap();
        let third = jobs.again(&actor, second.id).await.unwrap();
        let task = claim(&jobs).await;
        jobs.end(&task, Ok(JobReport::default())).await;
        let done = jobs.again(&actor, third.id).await;

        assert_eq!((second.kind, &second.spec), (first.kind, &first.spec));
        assert_eq!(task.job().id, third.id);
        for refused in [waits, twice, done] {
            assert!(matches!(refused, Err(JobError::NotAgain)), "{refused:?}");
        }
    }
);

on_both_engines!(what_removes_files_is_not_begun_again_unasked, |db| {
    let jobs = jobs(&db);
    let purge = queue(&jobs, JobKind::Purge).await;
    jobs.cancel(&Actor::system(), purge.id).await.unwrap();

    let refused = jobs.again(&Actor::system(), purge.id).await;

    assert!(matches!(refused, Err(JobError::NotAgain)), "{refused:?}");
});

on_both_engines!(a_job_that_came_to_its_end_has_done_all_of_it, |db| {
    let jobs = jobs(&db);
    let job = queue(&jobs, JobKind::Purge).await;
    let task = claim(&jobs).await;
    task.expect(Some(100), JobUnit::Files);
    task.advance(98);

    jobs.end(&task, Ok(JobReport::default())).await;

    let progress = jobs.get(job.id).await.unwrap().progress;
    assert_eq!((progress.done, progress.percent()), (98, Some(100)));
});
