//! What clients do stands in the journal, with who, where, how much and how it ended.

use std::time::Duration;

use quaymaster::clock::{Clock, SystemClock};
use quaymaster::model::{JournalEntry, Operation, PermissionProfile, TransferResult};

use crate::support::server::{Allowed, TestServer};

/// What a row says about what happened: operation, path, new path, result, reason and reply.
type Told<'a> = (Operation, &'a str, &'a str, TransferResult, &'a str, u16);

fn told(row: &JournalEntry) -> Told<'_> {
    (
        row.operation,
        &row.path,
        &row.target,
        row.result,
        &row.reason,
        row.reply_code,
    )
}

#[tokio::test]
async fn every_operation_leaves_its_row() {
    use Operation::{Append, Delete, Download, Mkdir, Rename, Rmdir, Upload};
    use TransferResult::{Complete, Refused};

    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let begun = SystemClock.now();

    ftp.expect("MKD d", 257).await;
    assert_eq!(ftp.upload("STOR d/f", b"hello").await.code, 226);
    assert_eq!(ftp.upload("APPE d/f", b" you").await.code, 226);
    ftp.expect("REST 6", 350).await;
    assert_eq!(ftp.download("RETR d/f").await, b"you");
    assert_eq!(ftp.upload("STOR g", b"replaced").await.code, 226);
    ftp.expect("RNFR d/f", 350).await;
    ftp.expect("RNTO g", 250).await;
    ftp.expect("DELE g", 250).await;
    ftp.expect("RMD d", 250).await;
    for (line, code) in [
        ("DELE g", 550),
        ("RMD d", 550),
        ("RNFR g", 550),
        ("MKD x/y", 550),
        ("RETR g", 550),
    ] {
        if line.starts_with("RETR") {
            ftp.epsv().await;
        }
        ftp.expect(line, code).await;
    }

    let rows = server.journal(&alice).await;
    let found: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        found,
        [
            (Mkdir, "/d", "", Complete, "", 257),
            (Upload, "/d/f", "", Complete, "", 226),
            (Append, "/d/f", "", Complete, "", 226),
            (Download, "/d/f", "", Complete, "", 226),
            (Upload, "/g", "", Complete, "", 226),
            (Rename, "/d/f", "/g", Complete, "", 250),
            (Delete, "/g", "", Complete, "", 250),
            (Rmdir, "/d", "", Complete, "", 250),
            (Delete, "/g", "", Refused, "not-found", 550),
            (Rmdir, "/d", "", Refused, "not-found", 550),
            (Rename, "/g", "", Refused, "not-found", 550),
            (Mkdir, "/x/y", "", Refused, "not-found", 550),
            (Download, "/g", "", Refused, "not-found", 550),
        ]
    );
    let figures: Vec<_> = rows
        .iter()
        .take(7)
        .map(|row| (row.bytes, row.offset, row.size, row.size_before))
        .collect();
    assert_eq!(
        figures,
        [
            (0, 0, None, None),
            (5, 0, Some(5), None),
            (4, 5, Some(9), Some(5)),
            (3, 6, Some(9), None),
            (8, 0, Some(8), None),
            (0, 0, None, Some(8)),
            (0, 0, None, Some(9)),
        ]
    );
    for row in &rows {
        assert_eq!(
            (row.account_id, row.customer_id),
            (alice.id, alice.customer_id)
        );
        assert_eq!((row.username.as_str(), row.tls), ("alice", false));
        assert!(row.ip.is_loopback() && row.session_id == rows[0].session_id);
        assert!(begun <= row.started_at && row.started_at <= row.ended_at);
    }
}

#[tokio::test]
async fn what_the_rights_refuse_stands_in_the_journal_too() {
    use Operation::{Append, Delete, Download, Mkdir, Rename, Rmdir, Upload};

    let server = TestServer::start().await;
    let allowed = Allowed {
        permissions: PermissionProfile::ReadOnly,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", allowed).await;
    server.put(&alice, "f", b"hello");
    let mut ftp = server.login("alice").await;

    for line in ["DELE f", "RNFR f", "MKD d", "RMD d", "STOR f", "APPE f"] {
        if line.starts_with("STOR") || line.starts_with("APPE") {
            ftp.epsv().await;
        }
        ftp.expect(line, 550).await;
    }
    // Nothing was arranged for this one.
    ftp.expect("RETR f", 425).await;

    let rows = server.journal(&alice).await;
    let found: Vec<_> = rows.iter().map(told).collect();
    let refused = TransferResult::Refused;
    assert_eq!(
        found,
        [
            (Delete, "/f", "", refused, "permission", 550),
            (Rename, "/f", "", refused, "permission", 550),
            (Mkdir, "/d", "", refused, "permission", 550),
            (Rmdir, "/d", "", refused, "permission", 550),
            (Upload, "/f", "", refused, "permission", 550),
            (Append, "/f", "", refused, "permission", 550),
            (Download, "/f", "", refused, "no-endpoint", 425),
        ]
    );
}

#[tokio::test]
async fn a_row_tells_whether_the_bytes_were_encrypted() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;

    assert_eq!(ftp.upload("STOR f", b"hello").await.code, 226);
    ftp.expect("DELE f", 250).await;

    let rows = server.journal(&alice).await;
    assert_eq!(
        rows.iter().map(|row| row.tls).collect::<Vec<_>>(),
        [true, true]
    );
}

#[tokio::test]
async fn the_last_login_and_the_last_upload_of_an_account_are_exact() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    assert_eq!(ftp.upload("STOR f", b"hello").await.code, 226);
    assert_eq!(ftp.upload("STOR f", b"newer").await.code, 226);
    // None of these is an upload that arrived.
    assert_eq!(ftp.download("RETR f").await, b"newer");
    ftp.epsv().await;
    ftp.expect("STOR no/such/folder", 550).await;
    ftp.expect("DELE f", 250).await;

    let rows = server.journal(&alice).await;
    let details = server.app().accounts.details(alice.id).await.unwrap();

    assert_eq!(details.account.last_upload_at, Some(rows[1].ended_at));
    // Logins are noted together with those of a quarter of a second.
    let login = async {
        loop {
            let details = server.app().accounts.details(alice.id).await.unwrap();
            if let Some(at) = details.account.last_login_at {
                return (at, details.account.last_login_ip);
            }
            tokio::task::yield_now().await;
        }
    };
    let (at, from) = tokio::time::timeout(Duration::from_secs(20), login)
        .await
        .unwrap();
    assert!(at <= rows[0].started_at, "{at:?}");
    assert_eq!(from, "127.0.0.1");
}
