//! The books are compared with the disk while customers work.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use quaymaster::hosting::quota::RecountSpec;
use quaymaster::model::{Account, Actor, AuditAction, AuditQuery, Job, JobState, Usage};

use super::{ended, fact};
use crate::support::ftp_client::FtpClient;
use crate::support::process::booked;
use crate::support::server::{TestServer, eventually};

/// Sessions that work at once.
const SESSIONS: usize = 20;

async fn recount(server: &TestServer, account: &Account) -> Job {
    let new = RecountSpec::Account(account.id).job(account.username.as_str());
    let job = server
        .app()
        .jobs
        .queue(&Actor::system(), new)
        .await
        .unwrap();
    ended(server, job.id).await
}

/// QUO-17.
#[tokio::test]
async fn what_changed_behind_the_servers_back_is_counted_and_told() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR kept", b"12345").await;
    ftp.upload("STOR removed", b"1234567").await;
    let right = recount(&server, &account).await;
    assert_eq!(right.result, "The books were right.");

    std::fs::remove_file(server.home(&account).join("removed")).unwrap();
    server.put(&account, "copied/in/here", &[b'x'; 10_000]);
    server.put(&account, ".fx~staged", b"does not count");
    server.put(&account, "empty", b"");
    let before = booked(&mut ftp).await;
    let job = recount(&server, &account).await;

    assert_eq!(
        before,
        Usage {
            bytes: 12,
            files: 2
        }
    );
    let disk = Usage {
        bytes: 10_005,
        files: 3,
    };
    assert_eq!(server.disk(&account), disk);
    assert_eq!(booked(&mut ftp).await, disk);
    assert_eq!(fact(&job, "The books said"), "12\u{a0}B in 2 files");
    assert!(
        fact(&job, "The disk had").ends_with("in 3 files"),
        "{job:?}"
    );
    assert!(
        fact(&job, "Difference").starts_with("+1 file, +"),
        "{job:?}"
    );
    let compared = fact(&right, "Compared");
    assert_eq!(fact(&job, "Compared before that"), compared);
    let query = AuditQuery {
        action: Some(AuditAction::QuotaRecounted),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = server.app().audit.page(&query).await.unwrap();
    assert_eq!(entries.len(), 1);
    let bytes = ("bytes".to_owned(), "12".to_owned(), "10005".to_owned());
    assert!(entries[0].changes.contains(&bytes), "{entries:?}");
}

/// Works in folders that it shares with the others until `enough`: uploads, replacements, deletions,
/// continued files, renamed files and folders.
async fn work(mut ftp: FtpClient, number: usize, enough: &AtomicBool) {
    let mut round = number;
    while !enough.load(Ordering::Relaxed) {
        round += 7;
        let (here, there) = (format!("d{}", round % 5), format!("d{}", (round / 5) % 5));
        let (one, other) = (round % 11, (round / 3) % 11);
        let bytes = vec![b'x'; 1 + (round * 31) % 3_000];
        match round % 6 {
            0..=2 => drop(ftp.upload(&format!("STOR {here}/f{one}"), &bytes).await),
            3 => drop(ftp.upload(&format!("APPE {there}/f{other}"), &bytes).await),
            4 => drop(ftp.say(&format!("DELE {here}/f{other}")).await),
            _ => {
                let folders = round % 30 == 5;
                let (from, to) = if folders {
                    (here, format!("{there}/moved{number}"))
                } else {
                    (format!("{here}/f{one}"), format!("{there}/f{other}"))
                };
                rename(&mut ftp, &from, &to).await;
                if folders {
                    rename(&mut ftp, &to, &from).await;
                }
            }
        }
    }
}

async fn rename(ftp: &mut FtpClient, from: &str, to: &str) {
    if ftp.say(&format!("RNFR {from}")).await.code == 350 {
        ftp.say(&format!("RNTO {to}")).await;
    }
}

/// QUO-18.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counting_while_twenty_sessions_work_ends_with_the_right_figures() {
    let server = TestServer::with_ports(60).await;
    let account = server.account("alice").await;
    for number in 0..5 {
        server.put(&account, &format!("d{number}/f0"), b"made behind its back");
    }
    // Enough to count that the work goes on in the middle of it.
    for number in 0..3_000 {
        server.put(
            &account,
            &format!("m{}/f{number}", number % 9),
            b"1234567890",
        );
    }
    let enough = AtomicBool::new(false);
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(server.login("alice").await);
    }

    let working = sessions.into_iter().enumerate();
    let working = working.map(|(number, ftp)| work(ftp, number, &enough));
    let counting = async {
        let mut jobs = Vec::new();
        for _ in 0..4 {
            jobs.push(recount(&server, &account).await);
        }
        enough.store(true, Ordering::Relaxed);
        jobs
    };
    let (_, jobs) = tokio::join!(join_all(working), counting);

    for job in &jobs {
        assert_eq!(job.state, JobState::Done, "{job:?}");
    }
    assert!(
        fact(&jobs[0], "Difference").starts_with("+3005 files"),
        "{jobs:?}"
    );
    for job in &jobs[1..] {
        assert_eq!(job.result, "The books were right.", "{job:?}");
    }
    assert_eq!(server.usage(&account), server.disk(&account));
    assert_eq!(server.staged(&account), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_customer_and_everybody_are_counted_account_by_account() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.account("alice").await, server.account("bob").await);
    server.put(&alice, "a", b"12345");
    let customer = RecountSpec::Customer(alice.customer_id).job("Harbour");
    let jobs = &server.app().jobs;

    let first = jobs.queue(&Actor::system(), customer).await.unwrap();
    let first = ended(&server, first.id).await;
    server.put(&bob, "b", b"123");
    let all = jobs
        .queue(&Actor::system(), RecountSpec::All.job(""))
        .await
        .unwrap();
    let all = ended(&server, all.id).await;

    for (job, name) in [(&first, "alice"), (&all, "bob")] {
        assert_eq!(fact(job, "Accounts compared"), "2", "{job:?}");
        assert_eq!(fact(job, "Books corrected"), "1", "{job:?}");
        let lines: Vec<&str> = job.log.lines().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with(&format!("{name}: the books were wrong by")),
            "{lines:?}"
        );
    }
    assert_eq!(server.usage(&alice), server.disk(&alice));
    assert_eq!(server.usage(&bob), server.disk(&bob));
}

#[tokio::test]
async fn counting_a_deleted_account_fails_with_a_sentence() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    let files = quaymaster::hosting::accounts::Files::Keep;
    let accounts = &server.app().accounts;
    accounts
        .delete(&Actor::system(), account.id, (files, 7))
        .await
        .unwrap();

    let job = recount(&server, &account).await;

    assert_eq!(job.state, JobState::Failed);
    assert_eq!(job.result, "The account was deleted.");
}

#[tokio::test]
async fn two_counts_of_one_account_come_one_after_the_other() {
    let server = TestServer::start().await;
    let account = server.account("alice").await;
    for number in 0..500 {
        server.put(&account, &format!("f{number}"), b"1");
    }
    let jobs = &server.app().jobs;

    let mut queued = Vec::new();
    for spec in [
        RecountSpec::All,
        RecountSpec::Account(account.id),
        RecountSpec::Account(account.id),
    ] {
        queued.push(
            jobs.queue(&Actor::system(), spec.job("alice"))
                .await
                .unwrap()
                .id,
        );
    }

    for id in queued {
        assert_eq!(ended(&server, id).await.state, JobState::Done);
    }
    eventually("the books are right", || {
        server.usage(&account).files == 500
    })
    .await;
}
