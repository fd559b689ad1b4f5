//! The files of a deleted account vanish by a job.

use quaymaster::hosting::accounts::Files;
use quaymaster::hosting::jobs::NewJob;
use quaymaster::model::{Account, Actor, Job, JobKind, JobQuery, JobState};

use super::{ended, fact, reached};
use crate::support::server::TestServer;

async fn purge_of(server: &TestServer, account: &Account) -> Job {
    let query = JobQuery {
        kind: Some(JobKind::Purge),
        subject_id: account.id.to_string(),
        limit: 9,
        ..JobQuery::default()
    };
    server.app().jobs.page(&query).await.unwrap().remove(0)
}

#[tokio::test]
async fn deleting_the_files_of_an_account_is_a_job_that_says_what_it_removed() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let other = server.account("bob").await;
    for number in 0..1_200 {
        server.put(&account, &format!("d{}/f{number}", number % 7), b"12345");
    }
    server.put(&other, "kept", b"kept");
    let outside = server.home(&other);
    std::os::unix::fs::symlink(&outside, server.home(&account).join("link")).unwrap();

    let accounts = &server.app().accounts;
    accounts
        .delete(&Actor::system(), account.id, Files::Delete)
        .await
        .unwrap();
    let job = ended(&server, purge_of(&server, &account).await.id).await;

    assert_eq!(fact(&job, "Files removed"), "1201");
    assert_eq!(job.progress.done, 1_201);
    assert!(!server.home(&account).exists());
    assert_eq!(server.read(&other, "kept").as_deref(), Some(&b"kept"[..]));
}

#[tokio::test]
async fn a_purge_that_is_cancelled_leaves_the_rest() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    for number in 0..20_000 {
        let path = server.home(&account).join(format!("f{number}"));
        std::fs::write(path, b"1").unwrap();
    }

    let app = server.app();
    app.accounts
        .delete(&Actor::system(), account.id, Files::Delete)
        .await
        .unwrap();
    let id = purge_of(&server, &account).await.id;
    reached(&server, id, |job| job.progress.done > 0).await;
    app.jobs.cancel(&Actor::system(), id).await.unwrap();
    let job = ended(&server, id).await;

    assert_eq!(job.state, JobState::Cancelled);
    assert!(server.home(&account).exists());
    let again = NewJob {
        kind: JobKind::Purge,
        subject: job.subject,
        subject_id: job.subject_id,
        spec: job.spec,
    };
    let again = app.jobs.queue(&Actor::system(), again).await.unwrap();
    assert_eq!(ended(&server, again.id).await.state, JobState::Done);
    assert!(!server.home(&account).exists());
}

#[tokio::test]
async fn a_job_that_nobody_understands_fails_with_a_sentence() {
    let server = TestServer::start().await;
    let new = NewJob {
        kind: JobKind::Purge,
        subject: String::new(),
        subject_id: String::new(),
        spec: "{}".to_owned(),
    };

    let job = server
        .app()
        .jobs
        .queue(&Actor::system(), new)
        .await
        .unwrap();
    let job = ended(&server, job.id).await;

    assert_eq!(job.state, JobState::Failed);
    assert_eq!(job.result, "Nobody knows any more what was to be done.");
}

#[tokio::test]
async fn a_purge_outside_the_folder_of_homes_is_refused() {
    let server = TestServer::start().await;
    for place in ["..", "/etc", "", "a/../.."] {
        let new = NewJob {
            kind: JobKind::Purge,
            subject: place.to_owned(),
            subject_id: String::new(),
            spec: serde_json::json!({ "place": place, "files": 1 }).to_string(),
        };

        let job = server
            .app()
            .jobs
            .queue(&Actor::system(), new)
            .await
            .unwrap();
        let job = ended(&server, job.id).await;

        assert_eq!(job.state, JobState::Failed, "{place}: {job:?}");
    }
}
