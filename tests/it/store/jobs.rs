//! Jobs.

use quaymaster::model::{Job, JobId, JobKind, JobLog, JobQuery, JobState, JobUnit, Progress};
use quaymaster::store::Db;

use super::on_both_engines;
use crate::support::samples::{MADE, later};

pub(super) fn id(number: u8) -> JobId {
    JobId::from_parts(u64::from(number), [number; 10])
}

/// A job that waits.
pub(super) fn job(number: u8) -> Job {
    let mut log = JobLog::default();
    log.push(MADE, "Ünï \"code\"");
    Job {
        id: id(number),
        kind: JobKind::Purge,
        subject: format!("account {number}"),
        subject_id: format!("subject-{number}"),
        spec: "{\"place\":\"a/b\"}".to_owned(),
        actor: "system".to_owned(),
        state: JobState::Queued,
        is_cancelled: false,
        progress: Progress {
            done: 0,
            total: None,
            unit: JobUnit::Files,
        },
        result: String::new(),
        facts: vec![("Files".to_owned(), "5,000".to_owned())],
        log,
        created_at: MADE,
        started_at: None,
        ended_at: None,
        version: 1,
    }
}

async fn store(db: &Db, numbers: &[u8]) {
    let mut tx = db.begin().await.unwrap();
    for number in numbers {
        tx.insert_job(&job(*number)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn ids(db: &Db, query: JobQuery) -> Vec<JobId> {
    let query = JobQuery { limit: 10, ..query };
    let jobs = db.jobs(&query).await.unwrap();
    jobs.into_iter().map(|job| job.id).collect()
}

on_both_engines!(a_job_reads_back_as_it_was_written, |db| {
    let whole = Job {
        progress: Progress {
            done: 7,
            total: Some(5_000_000_000),
            unit: JobUnit::Accounts,
        },
        started_at: Some(later(1)),
        ended_at: Some(later(2)),
        state: JobState::Failed,
        is_cancelled: true,
        result: "Somebody else's files.".to_owned(),
        ..job(1)
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_job(&whole).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(db.job(id(1)).await.unwrap(), Some(whole));
    assert_eq!(db.job(id(2)).await.unwrap(), None);
});

on_both_engines!(a_waiting_job_is_claimed_by_one_only, |db| {
    store(&db, &[1]).await;

    let mut tx = db.begin().await.unwrap();
    assert!(tx.claim_job(id(1), later(5)).await.unwrap());
    assert!(!tx.claim_job(id(1), later(6)).await.unwrap());
    tx.commit().await.unwrap();

    let claimed = db.job(id(1)).await.unwrap().unwrap();
    assert_eq!(claimed.state, JobState::Running);
    assert_eq!(claimed.started_at, Some(later(5)));
});

on_both_engines!(progress_is_kept_of_a_running_job_only, |db| {
    store(&db, &[1]).await;
    let mut log = JobLog::default();
    log.push(later(1), "half");
    let half = Progress {
        done: 5,
        total: Some(10),
        unit: JobUnit::Accounts,
    };

    let mut tx = db.begin().await.unwrap();
    assert!(!tx.save_job_progress(id(1), half, &log).await.unwrap());
    tx.claim_job(id(1), MADE).await.unwrap();
    assert!(tx.save_job_progress(id(1), half, &log).await.unwrap());
    tx.commit().await.unwrap();

    let kept = db.job(id(1)).await.unwrap().unwrap();
    assert_eq!((kept.progress, kept.log), (half, log));
});

on_both_engines!(a_job_ends_once, |db| {
    store(&db, &[1]).await;
    let done = Job {
        state: JobState::Done,
        result: "Done.".to_owned(),
        ended_at: Some(later(9)),
        ..job(1)
    };
    let failed = Job {
        state: JobState::Failed,
        ..done.clone()
    };

    let mut tx = db.begin().await.unwrap();
    tx.claim_job(id(1), MADE).await.unwrap();
    assert!(tx.end_job(&done).await.unwrap());
    assert!(!tx.end_job(&failed).await.unwrap());
    assert!(!tx.requeue_job(id(1)).await.unwrap());
    tx.commit().await.unwrap();

    let stored = db.job(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (stored.state, stored.result.as_str()),
        (JobState::Done, "Done.")
    );
});

on_both_engines!(a_job_is_cancelled_at_once_only_while_it_waits, |db| {
    store(&db, &[1, 2]).await;

    let mut tx = db.begin().await.unwrap();
    tx.claim_job(id(2), MADE).await.unwrap();
    assert!(
        tx.cancel_queued_job(id(1), "Never begun.", later(1))
            .await
            .unwrap()
    );
    assert!(
        !tx.cancel_queued_job(id(2), "Never begun.", later(1))
            .await
            .unwrap()
    );
    assert!(tx.cancel_running_job(id(2)).await.unwrap());
    assert!(!tx.cancel_running_job(id(1)).await.unwrap());
    tx.commit().await.unwrap();

    let waited = db.job(id(1)).await.unwrap().unwrap();
    let running = db.job(id(2)).await.unwrap().unwrap();
    assert_eq!(
        (waited.state, waited.ended_at),
        (JobState::Cancelled, Some(later(1)))
    );
    assert_eq!(
        (running.state, running.is_cancelled),
        (JobState::Running, true)
    );
});

on_both_engines!(a_job_that_was_left_in_the_middle_waits_again, |db| {
    store(&db, &[1]).await;

    let mut tx = db.begin().await.unwrap();
    assert!(!tx.requeue_job(id(1)).await.unwrap());
    tx.claim_job(id(1), MADE).await.unwrap();
    assert!(tx.requeue_job(id(1)).await.unwrap());
    tx.commit().await.unwrap();

    let waiting = db.oldest_jobs(JobState::Queued, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
});

on_both_engines!(jobs_are_listed_by_state_kind_and_subject, |db| {
    store(&db, &[1, 2, 3]).await;
    let mut tx = db.begin().await.unwrap();
    tx.claim_job(id(2), MADE).await.unwrap();
    tx.commit().await.unwrap();

    let all = ids(&db, JobQuery::default()).await;
    let running = JobQuery {
        state: Some(JobState::Running),
        kind: Some(JobKind::Purge),
        ..JobQuery::default()
    };
    let about = JobQuery {
        subject_id: "subject-3".to_owned(),
        ..JobQuery::default()
    };
    let older = JobQuery {
        before: Some(id(3)),
        ..JobQuery::default()
    };
    assert_eq!(all, [id(3), id(2), id(1)]);
    assert_eq!(ids(&db, running).await, [id(2)]);
    assert_eq!(ids(&db, about).await, [id(3)]);
    assert_eq!(ids(&db, older).await, [id(2), id(1)]);
    let oldest = db.oldest_jobs(JobState::Queued, 1).await.unwrap();
    assert_eq!(oldest[0].id, id(1));
});

on_both_engines!(a_subject_is_busy_as_long_as_its_job_is_not_over, |db| {
    store(&db, &[1]).await;
    assert!(db.is_job_active(JobKind::Purge, "subject-1").await.unwrap());
    assert!(!db.is_job_active(JobKind::Purge, "subject-2").await.unwrap());

    let mut tx = db.begin().await.unwrap();
    tx.cancel_queued_job(id(1), "", MADE).await.unwrap();
    tx.commit().await.unwrap();

    assert!(!db.is_job_active(JobKind::Purge, "subject-1").await.unwrap());
});

on_both_engines!(only_jobs_that_ended_long_ago_are_removed, |db| {
    store(&db, &[1, 2, 3]).await;
    let mut tx = db.begin().await.unwrap();
    tx.cancel_queued_job(id(1), "", later(1)).await.unwrap();
    tx.cancel_queued_job(id(2), "", later(2)).await.unwrap();
    assert_eq!(tx.delete_jobs_before(later(2), 10).await.unwrap(), 1);
    tx.commit().await.unwrap();

    assert_eq!(ids(&db, JobQuery::default()).await, [id(3), id(2)]);
});

on_both_engines!(a_job_that_no_version_of_ours_wrote_is_named, |db| {
    let broken = Job {
        progress: Progress {
            done: u64::MAX,
            total: None,
            unit: JobUnit::Files,
        },
        ..job(1)
    };
    let mut tx = db.begin().await.unwrap();

    let refused = tx.insert_job(&broken).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!("bad value in job.done of `{}`", id(1))
    );
    drop(tx);
});

/// Does what no version of ours does.
async fn force(db: &Db, sql: &'static str) {
    match db {
        Db::Sqlite { write, .. } => sqlx::query(sql).execute(write).await.map(drop),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop),
    }
    .unwrap();
}

on_both_engines!(jobs_of_another_version_are_passed_over, |db| {
    store(&db, &[1, 2, 3, 4]).await;
    force(
        &db,
        "UPDATE job SET kind = 'teleport' WHERE subject_id = 'subject-1'",
    )
    .await;
    force(
        &db,
        "UPDATE job SET facts = '?' WHERE subject_id = 'subject-2'",
    )
    .await;
    let mut tx = db.begin().await.unwrap();
    tx.claim_job(id(1), MADE).await.unwrap();
    tx.claim_job(id(3), MADE).await.unwrap();
    tx.commit().await.unwrap();

    let listed = ids(&db, JobQuery::default()).await;
    let waiting = db.oldest_jobs(JobState::Queued, 9).await.unwrap();
    let running = db.oldest_jobs(JobState::Running, 1).await.unwrap();
    let unreadable = db.unreadable_jobs(9).await.unwrap();

    assert_eq!(listed, [id(4), id(3)]);
    assert_eq!((waiting[0].id, waiting.len()), (id(4), 1));
    assert_eq!(running[0].id, id(3));
    let told: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            format!("bad value in job.kind of `{}`", id(1)),
            format!("bad value in job.facts of `{}`", id(2)),
        ]
    );
});

on_both_engines!(a_cancelled_job_does_not_wait_again, |db| {
    store(&db, &[1]).await;

    let mut tx = db.begin().await.unwrap();
    tx.claim_job(id(1), MADE).await.unwrap();
    tx.cancel_running_job(id(1)).await.unwrap();
    assert!(!tx.requeue_job(id(1)).await.unwrap());
    tx.commit().await.unwrap();

    let stored = db.job(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.state, JobState::Running);
});
