//! `SITE`.

use std::os::unix::fs::PermissionsExt;

use crate::support::server::{Allowed, TestServer};

/// SIT-01, SIT-02, SIT-07, SIT-08.
#[tokio::test]
async fn site_runs_nothing_and_shows_nobody() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("SITE", 501).await;
    ftp.expect("SITE HELP", 214).await;
    for line in [
        "SITE NOPE",
        "SITE EXEC ls",
        "SITE SYMLINK a b",
        "SITE CPFR f.txt",
        "SITE WHO",
    ] {
        ftp.expect(line, 504).await;
    }
    let mut stranger = server.connect().await;
    stranger.expect("SITE CPFR /etc/passwd", 530).await;
    stranger.expect("SITE HELP", 530).await;
}

/// SIT-03, SIT-04, SEC-T20.
#[tokio::test]
async fn modes_are_set_without_the_dangerous_bits() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("SITE CHMOD 4755 f.txt", 504),
        ("SITE CHMOD 888 f.txt", 501),
        ("SITE CHMOD 644", 501),
        ("SITE CHMOD 644 nope", 550),
        ("SITE CHMOD 644 f.txt", 200),
        ("SITE CHMOD 0600 f.txt", 200),
    ] {
        ftp.expect(line, code).await;
    }
    let mode = std::fs::metadata(server.home(&alice).join("f.txt"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

/// SIT-05.
#[tokio::test]
async fn both_forms_of_utime_set_the_time() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: SITE UTIME 20240101000000 f.txt
        S: 200 …
        C: MDTM f.txt
        S: 213 20240101000000
        C: SITE UTIME f.txt 20230101000000 20230102000000 20230101000000 UTC
        S: 200 …
        C: MDTM f.txt
        S: 213 20230102000000
    ",
    )
    .await;
}

/// SIT-06.
#[tokio::test]
async fn the_quota_is_told() {
    let server = TestServer::start().await;
    server
        .account_with(
            "alice",
            Allowed {
                bytes: Some(1_000),
                ..Allowed::default()
            },
        )
        .await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR a", &[0; 300]).await;

    ftp.play(
        "
        C: SITE QUOTA
        S: 200-Quota:
        S:  bytes used=300 limit=1000
        S:  files used=1 limit=none
        S: 200 End
    ",
    )
    .await;
}
