//! The files of a deleted account vanish by a job.

use std::time::Duration;

use quaymaster::clock::{Clock, SystemClock, TestClock};
use quaymaster::hosting::accounts::Files;
use quaymaster::hosting::jobs::NewJob;
use quaymaster::hosting::trash::TrashError;
use quaymaster::model::{Account, Actor, Job, JobKind, JobQuery, JobState, TrashState};

use super::{ended, fact, reached};
use crate::support::browser::House;
use crate::support::mounted::Mounted;
use crate::support::server::TestServer;
use crate::support::unprivileged;

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
        .delete(&Actor::system(), account.id, (Files::Purge, 7))
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
        .delete(&Actor::system(), account.id, (Files::Purge, 7))
        .await
        .unwrap();
    let id = purge_of(&server, &account).await.id;
    reached(&server, id, |job| job.progress.done > 0).await;
    app.jobs.cancel(&Actor::system(), id).await.unwrap();
    let job = ended(&server, id).await;

    assert_eq!(job.state, JobState::Cancelled);
    assert!(server.home(&account).exists());
    let kept = app.trash.get(account.id).await.unwrap();
    assert_eq!((kept.state, kept.due_at), (TrashState::Kept, None));
    let again = app.trash.purge(&Actor::system(), account.id).await.unwrap();
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

/// What the trash page would show.
async fn left(server: &TestServer) -> Vec<(String, TrashState)> {
    let entries = server.app().trash.page(None, 9).await.unwrap();
    let told = entries
        .into_iter()
        .map(|entry| (entry.username, entry.state));
    told.collect()
}

#[tokio::test]
async fn files_in_the_trash_are_moved_away_and_vanish_when_their_time_is_over() {
    let clock = TestClock::at(SystemClock.now());
    let server = TestServer::with_clock(clock.clone()).await;
    let account = server.account("alice").await;
    server.put(&account, "d/old", b"12345");
    let accounts = &server.app().accounts;
    let system = Actor::system();
    let deleted = accounts.delete(&system, account.id, (Files::Trash, 7));
    deleted.await.unwrap();
    let query = JobQuery {
        kind: Some(JobKind::Discard),
        limit: 9,
        ..JobQuery::default()
    };
    let discard = server.app().jobs.page(&query).await.unwrap().remove(0);
    let discard = ended(&server, discard.id).await;
    assert_eq!(discard.result, "The files lie in the trash.");

    let again = server.account("alice").await;
    assert_eq!(server.names(&again, "."), [] as [String; 0]);
    assert!(!server.home(&account).exists());
    let entry = server.app().trash.get(account.id).await.unwrap();
    let place = server.home(&Account {
        home: entry.place,
        ..account.clone()
    });
    assert_eq!(std::fs::read(place.join("d/old")).unwrap(), b"12345");
    assert_eq!(
        left(&server).await,
        [("alice".to_owned(), TrashState::Trashed)]
    );

    clock.advance(Duration::from_hours(7 * 24 - 1));
    assert_eq!(server.app().trash.purge_due().await.unwrap(), 0);
    clock.advance(Duration::from_hours(1));
    assert_eq!(server.app().trash.purge_due().await.unwrap(), 1);
    assert_eq!(server.app().trash.purge_due().await.unwrap(), 0);
    let purge = ended(&server, purge_of(&server, &account).await.id).await;

    assert_eq!(purge.state, JobState::Done, "{purge:?}");
    assert!(!place.exists());
    assert_eq!(left(&server).await, []);
}

#[tokio::test]
async fn files_that_are_kept_stay_where_they_are_until_somebody_removes_them() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    server.put(&account, "f", b"12345");
    let (accounts, trash) = (&server.app().accounts, &server.app().trash);
    let system = Actor::system();
    let deleted = accounts.delete(&system, account.id, (Files::Keep, 7));
    deleted.await.unwrap();

    assert_eq!(trash.purge_due().await.unwrap(), 0);
    assert_eq!(
        left(&server).await,
        [("alice".to_owned(), TrashState::Kept)]
    );
    let again = server.account("alice").await;
    assert_eq!(server.names(&again, "."), [] as [String; 0]);
    assert_eq!(server.read(&account, "f").as_deref(), Some(&b"12345"[..]));
    let purge = trash.purge(&Actor::system(), account.id).await.unwrap();
    ended(&server, purge.id).await;

    assert!(!server.home(&account).exists());
    let gone = trash.purge(&Actor::system(), account.id).await;
    assert!(matches!(gone, Err(TrashError::NotFound)), "{gone:?}");
}

/// Deletes an account and its files; tells how the job ended.
async fn delete(server: &TestServer, account: &Account) -> Job {
    let (system, accounts) = (Actor::system(), &server.app().accounts);
    let deleted = accounts.delete(&system, account.id, (Files::Purge, 7));
    deleted.await.unwrap();
    ended(server, purge_of(server, account).await.id).await
}

/// Asserts that the job could not do all of it, and tells its result and its log.
fn left_over(job: &Job) -> (&str, Vec<&str>) {
    assert_eq!(job.state, JobState::Failed, "{job:?}");
    let lines = job.log.lines().map(|(_, line)| line.as_str());
    (job.result.as_str(), lines.collect())
}

#[tokio::test]
async fn a_purge_does_not_go_into_what_is_mounted_and_says_what_it_left() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let other = server.account("bob").await;
    server.put(&other, "shared/f", b"of bob");
    for folder in ["d/disk", "d/shared", "e"] {
        server.put(&account, &format!("{folder}/below"), b"hidden by the mount");
    }
    let home = server.home(&account);
    let shared = server.home(&other).join("shared");
    let (Some(disk), Some(shared)) = (
        Mounted::over(&home.join("d/disk"), None),
        Mounted::bound(&home.join("d/shared"), &shared),
    ) else {
        return;
    };
    server.put(&account, "d/disk/on-it", b"12345");
    server.put(&account, "d/g", b"1");

    let app = server.app();
    let job = delete(&server, &account).await;

    let (result, log) = left_over(&job);
    assert!(
        result.starts_with("Everything is gone but 2 files"),
        "{result}"
    );
    for folder in ["d/disk", "d/shared"] {
        let line = format!(
            "Not removed: {}/{folder}: something is mounted there.",
            account.home
        );
        assert!(log.contains(&line.as_str()), "{log:?}");
    }
    assert_eq!(server.names(&account, "."), ["d"]);
    assert_eq!(server.names(&account, "d"), ["disk", "shared"]);
    assert_eq!(
        server.read(&account, "d/disk/on-it").as_deref(),
        Some(&b"12345"[..])
    );
    assert_eq!(
        server.read(&other, "shared/f").as_deref(),
        Some(&b"of bob"[..])
    );
    assert_eq!(
        left(&server).await,
        [("alice".to_owned(), TrashState::Kept)]
    );

    drop((disk, shared));
    let again = app.trash.purge(&Actor::system(), account.id).await.unwrap();
    assert_eq!(ended(&server, again.id).await.state, JobState::Done);
    assert!(!home.exists());
    assert_eq!(
        server.read(&other, "shared/f").as_deref(),
        Some(&b"of bob"[..])
    );
}

#[tokio::test]
async fn a_home_that_is_a_disk_of_its_own_is_emptied() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let home = server.home(&account);
    std::fs::create_dir_all(&home).unwrap();
    let Some(_mounted) = Mounted::over(&home, None) else {
        return;
    };
    server.put(&account, "d/f", b"12345");

    let job = delete(&server, &account).await;

    let words = format!(
        "Everything is gone but {}: something is mounted there.",
        account.home
    );
    assert_eq!(left_over(&job).0, words);
    assert_eq!(server.names(&account, "."), [] as [String; 0]);
}

#[test]
fn what_the_system_does_not_let_go_does_not_keep_a_purge_from_the_rest() {
    unprivileged::run(async {
        let server = TestServer::start().await;
        let account = server.account("alice").await;
        for folder in ["a", "locked", "sealed", "z"] {
            for number in 0..700 {
                server.put(&account, &format!("{folder}/f{number}"), b"12345");
            }
        }
        let home = server.home(&account);
        let mode = |folder: &str, mode| {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(home.join(folder), mode).unwrap();
        };
        mode("locked", 0o500);
        mode("sealed", 0);

        let app = server.app();
        let job = delete(&server, &account).await;

        let (result, log) = left_over(&job);
        assert!(
            result.starts_with("Everything is gone but 701 files"),
            "{result}"
        );
        let sealed = format!(
            "Not removed: {}/sealed: the operating system does not allow it.",
            account.home
        );
        assert!(log.len() <= 21, "{log:?}");
        assert!(log.last().unwrap().ends_with(" more."), "{log:?}");
        assert_eq!(server.names(&account, "."), ["locked", "sealed"]);
        let entry = app.trash.get(account.id).await.unwrap();
        assert_eq!((entry.state, entry.due_at), (TrashState::Kept, None));

        mode("locked", 0o700);
        let again = app.trash.purge(&Actor::system(), account.id).await.unwrap();
        let job = ended(&server, again.id).await;
        assert_eq!(left_over(&job).1, [sealed.as_str()]);
        mode("sealed", 0o700);
        let last = app.trash.purge(&Actor::system(), account.id).await.unwrap();
        assert_eq!(ended(&server, last.id).await.state, JobState::Done);
        assert!(!home.exists());
    });
}

#[tokio::test]
async fn a_purge_that_was_cancelled_while_it_waited_leaves_the_files_where_they_are() {
    let house = House::open().await;
    let account = house.account("kestrel-print").await;
    let (system, app) = (Actor::system(), &house.app);
    let deleted = app.accounts.delete(&system, account.id, (Files::Purge, 7));
    deleted.await.unwrap();
    let query = JobQuery {
        limit: 1,
        ..JobQuery::default()
    };
    let waiting = app.jobs.page(&query).await.unwrap().remove(0);
    assert_eq!(
        app.trash.get(account.id).await.unwrap().state,
        TrashState::Purging
    );

    app.jobs.cancel(&system, waiting.id).await.unwrap();

    let kept = app.trash.get(account.id).await.unwrap();
    assert_eq!((kept.state, kept.due_at), (TrashState::Kept, None));
    app.trash.purge(&system, account.id).await.unwrap();
    assert_eq!(
        app.trash.get(account.id).await.unwrap().state,
        TrashState::Purging
    );
}
