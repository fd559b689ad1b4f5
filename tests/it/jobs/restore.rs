//! A deleted account comes back from the trash.

use quaymaster::hosting::accounts::{AccountError, Files};
use quaymaster::hosting::trash::TrashError;
use quaymaster::model::{
    Account, Actor, AuditAction, AuditQuery, Job, JobKind, JobQuery, JobState, Limit, TrashState,
    Username,
};

use super::{ended, fact};
use crate::support::ftp_client::FtpClient;
use crate::support::server::{Allowed, TestServer};

fn anna() -> Actor {
    Actor {
        name: "Anna".to_owned(),
        ..Actor::system()
    }
}

async fn delete(server: &TestServer, account: &Account, files: Files) {
    let accounts = &server.app().accounts;
    accounts
        .delete(&anna(), account.id, (files, 7))
        .await
        .unwrap();
}

/// Deletes the account and waits until its files lie in the trash.
async fn discard(server: &TestServer, account: &Account) {
    delete(server, account, Files::Trash).await;
    let query = JobQuery {
        kind: Some(JobKind::Discard),
        subject_id: account.id.to_string(),
        limit: 1,
        ..JobQuery::default()
    };
    let job = server.app().jobs.page(&query).await.unwrap().remove(0);
    assert_eq!(ended(server, job.id).await.state, JobState::Done);
}

async fn restore(server: &TestServer, account: &Account, name: Option<&str>) -> Job {
    let name: Option<Username> = name.map(|name| name.parse().unwrap());
    let begun = server.app().trash.restore(&anna(), account.id, name).await;
    ended(server, begun.unwrap().id).await
}

async fn obstacle(server: &TestServer, account: &Account) -> (TrashError, String) {
    let refused = server.app().trash.restore(&anna(), account.id, None).await;
    let error = refused.unwrap_err();
    let words = error.obstacle().unwrap_or_else(|| panic!("{error:?}"));
    (error, words)
}

async fn details(server: &TestServer, account: &Account) -> Account {
    server
        .app()
        .accounts
        .details(account.id)
        .await
        .unwrap()
        .account
}

async fn is_trashed(server: &TestServer, account: &Account) -> bool {
    let entry = server.app().trash.get(account.id).await.unwrap();
    entry.state == TrashState::Trashed && entry.due_at.is_some()
}

#[tokio::test]
async fn an_account_comes_back_as_it_was_with_its_files_and_its_password() {
    let server = TestServer::start().await;
    let allowed = Allowed {
        bytes: Limit::from(10_000),
        ..Allowed::default()
    };
    let account = server.account_with("alice", allowed).await;
    server
        .rule(&account, |settings| settings.notes = "Pier 7".to_owned())
        .await;
    let mut ftp = server.login("alice").await;
    ftp.expect("MKD d", 257).await;
    ftp.upload("STOR d/f", b"12345").await;
    let before = details(&server, &account).await;
    discard(&server, &account).await;
    let home = server.home(&account);
    assert!(!home.exists());
    assert_eq!(server.usage(&account).files, 0);

    let job = restore(&server, &account, None).await;

    assert_eq!(fact(&job, "Files"), "1");
    assert_eq!(job.result, "The account alice is there again.");
    let after = details(&server, &account).await;
    assert_eq!(
        Account {
            last_login_at: before.last_login_at,
            last_upload_at: before.last_upload_at,
            last_login_ip: before.last_login_ip.clone(),
            ..after
        },
        before
    );
    assert_eq!(server.usage(&account), server.disk(&account));
    let mut ftp = server.login("alice").await;
    assert_eq!(ftp.upload("STOR more", b"123").await.code, 226);
    assert_eq!(server.read(&account, "d/f").as_deref(), Some(&b"12345"[..]));
    assert_eq!(server.usage(&account), server.disk(&account));
    assert!(server.app().trash.page(None, 9).await.unwrap().is_empty());
    let query = AuditQuery {
        action: Some(AuditAction::AccountRestored),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = server.app().audit.page(&query).await.unwrap();
    assert_eq!((entries.len(), entries[0].actor.as_str()), (1, "Anna"));
    let gone = server.app().trash.restore(&anna(), account.id, None).await;
    assert!(matches!(gone, Err(TrashError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn an_account_comes_back_even_while_its_files_are_on_their_way_into_the_trash() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    server.put(&account, "f", b"12345");

    delete(&server, &account, Files::Trash).await;
    let job = restore(&server, &account, None).await;

    assert_eq!(fact(&job, "Files"), "1");
    server.login("alice").await;
    assert_eq!(server.read(&account, "f").as_deref(), Some(&b"12345"[..]));
}

#[tokio::test]
async fn where_the_name_is_taken_an_account_comes_back_under_another() {
    let server = TestServer::start().await;
    let old = server.account("alice").await;
    server.put(&old, "f", b"of the old one");
    discard(&server, &old).await;
    let new = server.account("alice").await;
    server.put(&new, "f", b"of the new one");

    let (error, words) = obstacle(&server, &old).await;
    let job = restore(&server, &old, Some("alice-old")).await;

    assert!(
        matches!(error, TrashError::Account(AccountError::Taken(_))),
        "{error:?}"
    );
    assert!(
        words.starts_with("Another account is called alice"),
        "{words}"
    );
    assert_eq!(job.result, "The account alice-old is there again.");
    server.login("alice").await;
    server.login("alice-old").await;
    assert_eq!(
        server.read(&old, "f").as_deref(),
        Some(&b"of the old one"[..])
    );
    assert_eq!(
        server.read(&new, "f").as_deref(),
        Some(&b"of the new one"[..])
    );
}

#[tokio::test]
async fn an_account_whose_files_do_not_fit_stays_in_the_trash() {
    let server = TestServer::start().await;
    let (one, two) = (server.account("alice").await, server.account("bob").await);
    server.account("carol").await;
    for account in [&one, &two] {
        let mut ftp = server.login(account.username.as_str()).await;
        ftp.upload("STOR f", &[b'x'; 600]).await;
    }
    discard(&server, &one).await;
    discard(&server, &two).await;
    server.limit_pool(1_000).await;
    let mut carol = server.login("carol").await;
    carol.upload("STOR f", &[b'x'; 401]).await;
    let (error, words) = obstacle(&server, &one).await;
    carol.expect("DELE f", 250).await;

    // Each of them fits, but not both; which one is told is a matter of luck, and so is when.
    let (trash, anna) = (&server.app().trash, anna());
    let first = trash.restore(&anna, one.id, None).await.unwrap();
    let second = trash.restore(&anna, two.id, None).await;
    let first = ended(&server, first.id).await;
    let refused = match second {
        Ok(job) => {
            let second = ended(&server, job.id).await;
            let ends = [first.state, second.state];
            assert!(ends.contains(&JobState::Done) && ends.contains(&JobState::Failed));
            let is_first = first.state == JobState::Failed;
            if is_first { first } else { second }.result
        }
        Err(error) => error.obstacle().unwrap(),
    };

    let is_full = matches!(error, TrashError::Account(AccountError::NoRoom { .. }));
    assert!(is_full, "{error:?}");
    assert_eq!(
        words,
        "It holds 600\u{a0}B, but only 599\u{a0}B of its customer's storage is free"
    );
    assert!(refused.starts_with("It holds 600"), "{refused}");
    let (back, left) = if server.home(&one).exists() {
        (&one, &two)
    } else {
        (&two, &one)
    };
    assert!(is_trashed(&server, left).await);
    assert!(!server.home(left).exists());
    assert_eq!(server.usage(back), server.disk(back));
    let mut ftp = server.login(back.username.as_str()).await;
    assert_eq!(ftp.upload("STOR g", &[b'x'; 400]).await.code, 226);
    ftp.expect("DELE f", 250).await;
    let again = restore(&server, left, None).await;
    assert_eq!(again.state, JobState::Done, "{again:?}");
    assert_eq!(server.usage(left), server.disk(left));
}

#[tokio::test]
async fn an_account_whose_customer_is_gone_or_full_stays_in_the_trash() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    discard(&server, &account).await;
    let app = server.app();
    app.customers
        .delete(&anna(), account.customer_id)
        .await
        .unwrap();

    let (error, words) = obstacle(&server, &account).await;

    assert!(
        matches!(error, TrashError::Account(AccountError::NoSuchCustomer)),
        "{error:?}"
    );
    assert!(words.starts_with("Its customer was deleted"), "{words}");
    assert!(is_trashed(&server, &account).await);
}

#[tokio::test]
async fn kept_files_come_back_too_and_what_stands_in_their_place_is_not_touched() {
    let server = TestServer::start().await;
    let (kept, moved) = (server.account("alice").await, server.account("bob").await);
    server.put(&kept, "f", b"12345");
    server.put(&moved, "f", b"12345");
    delete(&server, &kept, Files::Keep).await;
    discard(&server, &moved).await;
    server.put(&moved, "g", b"somebody else's");

    let back = restore(&server, &kept, None).await;
    let refused = restore(&server, &moved, None).await;

    assert_eq!(fact(&back, "Files"), "1");
    assert_eq!(server.read(&kept, "f").as_deref(), Some(&b"12345"[..]));
    assert_eq!(refused.state, JobState::Failed);
    assert!(refused.result.contains("where its home was"), "{refused:?}");
    assert!(is_trashed(&server, &moved).await);
    std::fs::remove_dir_all(server.home(&moved)).unwrap();
    let back = restore(&server, &moved, None).await;
    assert_eq!(fact(&back, "Files"), "1");
}

#[tokio::test]
async fn what_a_cancelled_purge_has_left_comes_back() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    server.put(&account, "f", b"12345");
    discard(&server, &account).await;
    let trash = &server.app().trash;
    let mut stuck = server.app().foundation.db.begin().await.unwrap();
    stuck.begin_purge(account.id).await.unwrap();
    stuck.commit().await.unwrap();

    let entry = trash.get(account.id).await.unwrap();
    let job = restore(&server, &account, None).await;

    assert_eq!((entry.state, entry.is_partial), (TrashState::Kept, true));
    assert_eq!(job.state, JobState::Done, "{job:?}");
}

/// As when a disk that is mounted somewhere in the folder of the trash is away.
#[tokio::test]
async fn neither_a_restoration_nor_a_purge_takes_missing_files_for_none() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR f", b"12345").await;
    ftp.expect("QUIT", 221).await;
    discard(&server, &account).await;
    let trash = &server.app().trash;
    let place = server.stored(&trash.get(account.id).await.unwrap().place);
    let away = server.stored("away");
    std::fs::rename(&place, &away).unwrap();

    let restored = restore(&server, &account, None).await;
    let purged = trash.purge(&anna(), account.id).await.unwrap();
    let purged = ended(&server, purged.id).await;

    for job in [&restored, &purged] {
        assert_eq!(job.state, JobState::Failed, "{job:?}");
        assert!(job.result.contains("Nothing lies where"), "{job:?}");
    }
    assert!(server.app().accounts.details(account.id).await.is_err());

    let _empty = std::fs::remove_dir(&place);
    std::fs::rename(&away, &place).unwrap();
    let restored = restore(&server, &account, None).await;
    assert_eq!(restored.state, JobState::Done, "{restored:?}");
    assert_eq!(server.read(&account, "f").as_deref(), Some(&b"12345"[..]));
}

#[tokio::test]
async fn files_that_are_given_back_are_not_removed_at_the_same_time() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    server.put(&account, "f", b"12345");
    discard(&server, &account).await;
    let (trash, anna) = (&server.app().trash, anna());

    // Queued for the same subject, so that the restoration waits for its turn.
    let waits = quaymaster::hosting::jobs::NewJob {
        kind: JobKind::Recount,
        subject: String::new(),
        subject_id: account.id.to_string(),
        spec: "\"all\"".to_owned(),
    };
    server.app().jobs.queue(&anna, waits).await.unwrap();
    let begun = trash.restore(&anna, account.id, None).await.unwrap();
    let outcomes = [
        trash.purge(&anna, account.id).await.map(drop),
        trash.restore(&anna, account.id, None).await.map(drop),
    ];
    let job = ended(&server, begun.id).await;

    assert_eq!(job.state, JobState::Done, "{job:?}");
    for outcome in outcomes {
        let is_refused = matches!(outcome, Err(TrashError::Restoring | TrashError::NotFound));
        assert!(is_refused, "{outcome:?}");
    }
    let mut ftp = FtpClient::connect(server.ftp()).await;
    ftp.log_in("alice", crate::support::server::PASSWORD).await;
}
