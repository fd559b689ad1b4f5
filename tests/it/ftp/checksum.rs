//! `HASH` and the older checksum verbs.

use std::fs::File;
use std::time::{Duration, Instant};

use quaymaster::model::{Account, PermissionProfile};

use crate::support::ftp_client::FtpClient;
use crate::support::server::{Allowed, TestServer};

const SHA_256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// A file without blocks on the disk whose checksum takes longer than any test.
fn endless(server: &TestServer, account: &Account) {
    let path = server.home(account).join("endless");
    File::create(path).unwrap().set_len(1 << 42).unwrap();
}

/// Has a checksum computed that does not end, and waits until that has begun.
async fn busy(server: &TestServer, account: &str) -> FtpClient {
    let mut ftp = server.login(account).await;
    ftp.send("HASH endless\r\nSTAT\r\n").await;
    ftp.expect_reply(211).await;
    ftp
}

/// FAC-13.
#[tokio::test]
async fn a_hash_names_its_algorithm_its_span_and_its_file() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "empty", b"");
    let mut ftp = server.login("alice").await;

    ftp.play(&format!(
        "
        C: HASH f.txt
        S: 213 SHA-256 0-4 {SHA_256} f.txt
        C: HASH /f.txt
        S: 213 SHA-256 0-4 {SHA_256} /f.txt
        C: HASH empty
        S: 213 SHA-256 0-0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 empty
    "
    ))
    .await;
}

/// PAR-11.
#[tokio::test]
async fn another_algorithm_is_chosen_by_its_name() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: OPTS HASH
        S: 200 SHA-256
        C: OPTS HASH SHA-1
        S: 200 SHA-1
        C: OPTS HASH NOPE
        S: 501 …
        C: OPTS HASH
        S: 200 SHA-1
        C: HASH f.txt
        S: 213 SHA-1 0-4 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d f.txt
        C: OPTS HASH crc32
        S: 200 CRC32
        C: HASH f.txt
        S: 213 CRC32 0-4 3610a686 f.txt
    ",
    )
    .await;
    let features = ftp.expect("FEAT", 211).await;
    let hash = " HASH SHA-256;SHA-512;SHA-1;MD5;CRC32*".to_owned();
    assert!(features.lines.contains(&hash), "{features:?}");
}

/// FAC-14.
#[tokio::test]
async fn only_files_have_a_hash() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("HASH d", 553),
        ("HASH nope", 550),
        ("HASH", 501),
        ("XCRC d", 553),
        ("XCRC nope", 550),
        ("XCRC", 501),
        ("MD5 d/f.txt", 502),
    ] {
        ftp.expect(line, code).await;
    }
}

/// FAC-15.
#[tokio::test]
async fn the_older_verbs_know_quotes_and_parts() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "with space", b"hello");
    server.put(&alice, "a 0 5", b"");
    let mut ftp = server.login("alice").await;

    ftp.play(&format!(
        "
        C: XCRC f.txt
        S: 250 3610A686
        C: XCRC \"with space\"
        S: 250 3610A686
        C: XCRC with space
        S: 250 3610A686
        C: XCRC \"with space\" 0 5
        S: 250 3610A686
        C: XCRC f.txt 1 1
        S: 250 00000000
        C: XCRC a 0 5
        S: 250 00000000
        C: XMD5 \"f.txt\"
        S: 250 5D41402ABC4B2A76B9719D911017C592
        C: XSHA1 f.txt
        S: 250 AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D
        C: XSHA f.txt
        S: 250 AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D
        C: XSHA256 f.txt 0 5
        S: 250 {}
        C: XSHA512 f.txt
        S: 250 9B71D224BD62F3785D96D46AD3EA3D73…
        C: XCRC f.txt 0 6
        S: 501 …
        C: XCRC f.txt 3 2
        S: 501 …
    ",
        SHA_256.to_uppercase()
    ))
    .await;
}

/// FAC-16.
#[tokio::test]
async fn a_drop_box_tells_no_checksums() {
    let server = TestServer::start().await;
    let allowed = Allowed {
        permissions: PermissionProfile::UploadOnly,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", allowed).await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for name in ["f.txt", "nope"] {
        ftp.expect(&format!("HASH {name}"), 552).await;
        ftp.expect(&format!("XCRC {name}"), 550).await;
    }
}

/// FAC-17, SEC-T21: two at a time, and nobody else waits for them.
#[tokio::test]
async fn a_third_hash_of_one_account_is_refused() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    endless(&server, &alice);
    server.account("bob").await;
    let mut first = busy(&server, "alice").await;
    let _second = busy(&server, "alice").await;
    let mut bob = server.login("bob").await;

    let mut third = server.login("alice").await;
    for _ in 0..100 {
        third.expect("HASH endless", 450).await;
    }
    third.expect("XCRC endless", 450).await;
    let since = Instant::now();
    bob.upload("STOR a", b"hello").await;
    bob.expect("HASH a", 213).await;
    assert!(since.elapsed() < Duration::from_secs(5));

    first.expect("ABOR", 426).await;
    first.expect_reply(226).await;
    third.send("HASH endless\r\nSTAT\r\n").await;
    third.expect_reply(211).await;
}

/// ABO-18.
#[tokio::test]
async fn a_hash_that_takes_too_long_is_aborted() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    endless(&server, &alice);
    let mut ftp = busy(&server, "alice").await;

    ftp.play(
        "
        C: NOOP
        C: ABOR
        S: 426 Transfer aborted.
        S: 226 ABOR successful.
        S: 200 NOOP ok.
    ",
    )
    .await;
}

/// A client that goes away takes its checksum with it.
#[tokio::test]
async fn a_hash_ends_with_its_session() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    endless(&server, &alice);
    busy(&server, "alice").await.vanish();
    let mut quitter = busy(&server, "alice").await;
    quitter.send("QUIT\r\n").await;
    quitter.half_close().await;
    for code in [426, 221] {
        quitter.expect_reply(code).await;
    }
    quitter.expect_end().await;
    let mut ftp = server.login("alice").await;
    let _other = busy(&server, "alice").await;

    for _ in 0..500 {
        ftp.send("HASH endless\r\nSTAT\r\n").await;
        let reply = ftp.reply().await;
        if reply.code == 211 {
            return;
        }
        ftp.expect_reply(211).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the places of sessions that are gone were never free");
}
