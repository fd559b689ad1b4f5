//! Sizes and times.

use std::os::unix::fs::PermissionsExt;

use quaymaster::model::PermissionProfile;

use crate::support::server::{Allowed, TestServer};

/// FAC-01, FAC-02, FAC-03.
#[tokio::test]
async fn a_size_is_told_of_files_in_binary() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "d/a", b"1");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: SIZE f.txt
        S: 213 5
        C: SIZE d
        S: 550 …
        C: SIZE nope
        S: 550 …
        C: SIZE
        S: 501 …
        C: TYPE A
        S: 200 …
        C: SIZE f.txt
        S: 550 SIZE not allowed in ASCII mode.
    ",
    )
    .await;
}

/// FAC-04, FAC-05, FAC-08.
#[tokio::test]
async fn times_are_told_and_set() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: MDTM f.txt
        S: 213 20260102030405
        C: MDTM 20250101000000 f.txt
        S: 213 20250101000000
        C: MDTM f.txt
        S: 213 20250101000000
        C: MFMT 20240229120000 f.txt
        S: 213 Modify=20240229120000; f.txt
        C: MDTM f.txt
        S: 213 20240229120000
    ",
    )
    .await;
}

/// FAC-06.
#[tokio::test]
async fn a_file_whose_name_looks_like_a_time_is_meant_by_its_name() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "20250101000000 f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play("C: MDTM 20250101000000 f.txt\nS: 213 20260102030405")
        .await;
}

/// FAC-07.
#[tokio::test]
async fn whoever_may_not_set_times_sets_none() {
    let server = TestServer::start().await;
    let allowed = Allowed {
        permissions: PermissionProfile::ReadOnly,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", allowed).await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.expect("MDTM 20250101000000 f.txt", 550).await;
    ftp.expect("MFMT 20250101000000 f.txt", 550).await;
    ftp.expect("MFF Modify=20250101000000; f.txt", 550).await;
    ftp.play("C: MDTM f.txt\nS: 213 20260102030405").await;
}

/// FAC-09, FAC-12.
#[tokio::test]
async fn a_day_that_does_not_exist_is_refused() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("MFMT 20230229120000 f.txt", 501),
        ("MFMT x f.txt", 501),
        ("MFMT 20240101000000 nope", 550),
        ("MFMT 20240101000000", 501),
        ("MFCT 20240101000000 f.txt", 502),
    ] {
        ftp.expect(line, code).await;
    }
}

/// FAC-10.
#[tokio::test]
async fn several_facts_are_set_at_once() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "a f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: MFF Modify=20240101000000;UNIX.mode=0600; a f.txt
        S: 213 Modify=20240101000000;UNIX.mode=0600; a f.txt
        C: MDTM a f.txt
        S: 213 20240101000000
        C: MFF unix.mode=644; a f.txt
        S: 213 UNIX.mode=0644; a f.txt
        C: MFF Modify=20240101000000; nope
        S: 550 …
    ",
    )
    .await;
    let mode = std::fs::metadata(server.home(&alice).join("a f.txt"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o644);
}

/// FAC-11, SEC-T20.
#[tokio::test]
async fn a_fact_that_cannot_be_set_leaves_the_others_alone() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("MFF Bogus=1;Modify=20240101000000; f.txt", 504),
        ("MFF Modify=20240101000000;Bogus=1; f.txt", 504),
        ("MFF Modify=20240101000000;UNIX.mode=4755; f.txt", 504),
        ("MFF Modify=20240101000000;UNIX.mode=9; f.txt", 501),
        ("MFF f.txt", 501),
    ] {
        ftp.expect(line, code).await;
    }

    ftp.play("C: MDTM f.txt\nS: 213 20260102030405").await;
}

/// FAC-18.
#[tokio::test]
async fn what_can_still_be_stored_is_told() {
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
        C: AVBL
        S: 213 700
        C: AVBL nope
        S: 550 …
    ",
    )
    .await;
}

/// FAC-19.
#[tokio::test]
async fn times_before_1970_and_after_2038_have_their_year() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for time in ["19650203040506", "20990203040506"] {
        ftp.expect(&format!("MFMT {time} f.txt"), 213).await;
        ftp.play(&format!("C: MDTM f.txt\nS: 213 {time}")).await;
    }
}
