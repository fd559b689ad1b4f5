//! `TYPE`, `MODE`, `STRU`, `OPTS`, `REST`, `ALLO`.

use crate::support::server::{Allowed, TestServer};

/// PAR-01, PAR-02, PAR-03, PAR-04, PAR-05, PAR-20.
#[tokio::test]
async fn types_modes_and_structures_that_old_devices_send_are_accepted() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("TYPE A", 200),
        ("TYPE A N", 200),
        ("TYPE I", 200),
        ("TYPE I N", 200),
        ("TYPE L 8", 200),
        ("TYPE L8", 200),
        ("type i", 200),
        ("TYPE A T", 504),
        ("TYPE E", 504),
        ("TYPE L 7", 504),
        ("TYPE", 501),
        ("TYPE Q", 501),
        ("MODE S", 200),
        ("MODE B", 504),
        ("MODE C", 504),
        ("MODE Z", 504),
        ("MODE X", 501),
        ("STRU F", 200),
        ("STRU R", 504),
        ("STRU P", 504),
        ("STRU X", 501),
    ] {
        ftp.expect(line, code).await;
    }
    let features = ftp.expect("FEAT", 211).await;
    let mode = features.lines.iter().find(|line| line.contains("MODE"));
    assert_eq!(mode, None);
}

/// PAR-06, PAR-07, PAR-08, PAR-09, PAR-10, PAR-12.
#[tokio::test]
async fn options_are_set_and_shown() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut stranger = server.connect().await;
    stranger.expect("OPTS UTF8 ON", 200).await;
    stranger.expect("OPTS MLST type;", 530).await;
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: OPTS UTF8 ON
        S: 200 UTF8 enabled.
        C: opts utf8 on
        S: 200 …
        C: OPTS UTF-8 ON
        S: 200 …
        C: OPTS UTF8
        S: 200 …
        C: OPTS UTF8 OFF
        S: 504 …
        C: OPTS MLST size;bogus;MODIFY;
        S: 200 MLST OPTS size;modify;
        C: OPTS
        S: 501 …
        C: OPTS STOR x
        S: 501 …
        C: OPTS MLST
        S: 200 MLST OPTS
    ",
    )
    .await;
    let bare = ftp.expect("MLST", 250).await;
    assert_eq!(bare.lines[1], "  /");
}

/// PAR-13, PAR-14.
#[tokio::test]
async fn a_restart_is_a_number_of_bytes_and_means_nothing_in_ascii() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for line in ["REST -1", "REST x", "REST 9223372036854775808", "REST"] {
        ftp.expect(line, 501).await;
    }
    ftp.expect("TYPE A", 200).await;
    ftp.expect("REST 0", 350).await;
    ftp.expect("REST 5", 501).await;
}

/// PAR-15, PAR-16, PAR-17.
#[tokio::test]
async fn a_restart_stands_until_its_transfer_or_another_command() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.expect("REST 2", 350).await;
    ftp.expect("NOOP", 200).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"llo");
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");

    ftp.expect("REST 2", 350).await;
    ftp.expect("CWD /", 250).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
}

/// PAR-18, PAR-19.
#[tokio::test]
async fn an_announcement_that_can_never_fit_is_refused() {
    let server = TestServer::start().await;
    server
        .account_with(
            "alice",
            Allowed {
                bytes: Some(1 << 20),
                ..Allowed::default()
            },
        )
        .await;
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("ALLO 100", 200),
        ("ALLO 100 R 10", 200),
        ("ALLO", 501),
        ("ALLO x", 501),
        ("ALLO 2000000", 552),
    ] {
        ftp.expect(line, code).await;
    }
}
