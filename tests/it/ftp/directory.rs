//! Directories, names, deletion, renames.

use quaymaster::model::{Operation, PermissionProfile, TransferResult};

use crate::support::server::{Allowed, TestServer};

/// DIR-01, DIR-02, DIR-03, DIR-04, DIR-05, DIR-07.
#[tokio::test]
async fn walking_about_never_leaves_the_home() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/b/x", b"1");
    let mut ftp = server.login("alice").await;

    ftp.play(
        r#"
        C: PWD
        S: 257 "/" is the current directory
        C: MKD a"b
        S: 257 "/a""b" created.
        C: CWD a"b
        S: 250 Directory changed to "/a""b".
        C: PWD
        S: 257 "/a""b" is the current directory
        C: CDUP
        S: 250 …
        C: CDUP
        S: 250 …
        C: CWD ../../..
        S: 250 Directory changed to "/".
        C: CWD
        S: 250 Directory changed to "/".
        C: CWD //d//./b/..
        S: 250 Directory changed to "/d".
        C: CWD
        S: 250 Directory changed to "/d".
    "#,
    )
    .await;
}

/// DIR-06, DIR-09, DIR-10, DIR-12, DIR-13, DIR-25.
#[tokio::test]
async fn what_cannot_be_done_with_directories_is_refused() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "d/a", b"1");
    let mut ftp = server.login("alice").await;

    for line in [
        "CWD nope",
        "CWD f.txt",
        "MKD a/b",
        "RMD d",
        "RMD f.txt",
        "DELE d",
        "RMD /",
        "RMD .",
        "MKD .",
        "MKD ..",
        "MKD /",
        "DELE nope",
        "RNFR nope",
    ] {
        ftp.expect(line, 550).await;
    }
    let exists = ftp.expect("MKD d", 550).await;
    assert!(exists.text().contains("File exists"), "{exists:?}");
    ftp.play("C: PWD\nS: 257 \"/\" is the current directory")
        .await;
}

/// DIR-08.
#[tokio::test]
async fn the_old_spellings_mean_the_same() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("XPWD", 257),
        ("XMKD x", 257),
        ("XCWD x", 250),
        ("XCUP", 250),
        ("XRMD x", 250),
    ] {
        ftp.expect(line, code).await;
    }
}

/// DIR-11, DIR-14, DIR-15, DIR-18.
#[tokio::test]
async fn deletions_and_renames_happen_and_stand_in_the_journal() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR f.txt", b"hello").await;
    ftp.upload("STOR g", b"replaced").await;

    ftp.play(
        "
        C: MKD d
        S: 257 …
        C: RNFR f.txt
        S: 350 Ready for RNTO.
        C: RNTO g
        S: 250 Rename successful.
        C: DELE g
        S: 250 File deleted.
        C: DELE g
        S: 550 No such file or directory.
        C: RMD d
        S: 250 Directory removed.
    ",
    )
    .await;

    assert_eq!(server.usage(&alice).bytes, 0);
    assert_eq!(server.usage(&alice).files, 0);
    let rows = server.journal(&alice).await;
    for told in [
        (Operation::Upload, "/f.txt", "", TransferResult::Complete),
        (Operation::Upload, "/g", "", TransferResult::Complete),
        (Operation::Mkdir, "/d", "", TransferResult::Complete),
        (Operation::Rename, "/f.txt", "/g", TransferResult::Complete),
        (Operation::Delete, "/g", "", TransferResult::Complete),
        (Operation::Delete, "/g", "", TransferResult::Refused),
        (Operation::Rmdir, "/d", "", TransferResult::Complete),
    ] {
        let count = rows
            .iter()
            .filter(|row| {
                let row = (
                    row.operation,
                    row.path.as_str(),
                    row.target.as_str(),
                    row.result,
                );
                row == told
            })
            .count();
        assert_eq!(count, 1, "{told:?}");
    }
    assert_eq!(rows.len(), 7);
}

/// DIR-16, DIR-17, ABO-20.
#[tokio::test]
async fn rnto_follows_rnfr_or_nothing() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: RNTO g
        S: 503 …
        C: RNFR f.txt
        S: 350 …
        C: PWD
        S: 257 …
        C: RNTO g
        S: 503 …
        C: RNFR f.txt
        S: 350 …
        C: ABOR
        S: 225 …
        C: RNTO g
        S: 503 …
        C: RNFR f.txt
        S: 350 …
        C: NOOP
        S: 200 …
        C: RNTO g
        S: 250 …
    ",
    )
    .await;
}

/// DIR-18, DIR-19, DIR-20.
#[tokio::test]
async fn a_rename_replaces_nothing_it_may_not_replace() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/b/x", b"1");
    server.put(&alice, "e/x", b"1");
    let mut ftp = server.login("alice").await;

    for target in ["d/b/c", "e"] {
        ftp.expect("RNFR d", 350).await;
        ftp.expect(&format!("RNTO {target}"), 550).await;
    }
}

/// DIR-21.
#[tokio::test]
async fn a_name_may_have_255_bytes() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect(&format!("MKD {}", "x".repeat(255)), 257).await;
    ftp.expect(&format!("MKD {}", "x".repeat(256)), 501).await;
}

/// DIR-22, RTR-17.
#[tokio::test]
async fn unusual_names_survive_every_verb() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for name in [
        " lead", "trail ", "ünï", "a;b", "a -> b", "-l", "100%", "it's",
    ] {
        assert_eq!(
            ftp.upload(&format!("STOR {name}"), name.as_bytes())
                .await
                .code,
            226,
            "{name}"
        );
        assert_eq!(server.names(&alice, ""), [name]);
        let listed = String::from_utf8(ftp.download("MLSD").await).unwrap();
        assert!(listed.ends_with(&format!("; {name}\r\n")), "{listed:?}");
        assert_eq!(ftp.download(&format!("RETR {name}")).await, name.as_bytes());
        ftp.expect(&format!("DELE {name}"), 250).await;
    }
}

/// DIR-24.
#[tokio::test]
async fn a_directory_that_vanished_can_be_left() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut other = server.login("alice").await;
    ftp.expect("MKD d", 257).await;
    ftp.expect("CWD d", 250).await;

    other.expect("RMD d", 250).await;

    ftp.expect("EPSV", 229).await;
    ftp.expect("LIST", 550).await;
    ftp.expect("PWD", 257).await;
    ftp.expect("CDUP", 250).await;
}

/// STO-23, LST-32, RTR-07, SEC-T24: what a profile does not include is refused.
#[tokio::test]
async fn a_reader_writes_nothing_and_a_drop_box_shows_nothing() {
    let server = TestServer::start().await;
    let reader = server
        .account_with(
            "reader",
            Allowed {
                permissions: PermissionProfile::ReadOnly,
                ..Allowed::default()
            },
        )
        .await;
    let dropbox = server
        .account_with(
            "dropbox",
            Allowed {
                permissions: PermissionProfile::UploadOnly,
                ..Allowed::default()
            },
        )
        .await;
    server.put(&reader, "f.txt", b"hello");
    server.put(&dropbox, "f.txt", b"hello");
    let mut ftp = server.login("reader").await;

    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
    for line in [
        "MKD d",
        "RMD d",
        "DELE f.txt",
        "RNFR f.txt",
        "MFMT 20240101000000 f.txt",
        "SITE CHMOD 600 f.txt",
    ] {
        ftp.expect(line, 550).await;
    }
    for line in ["STOR x", "STOR f.txt", "APPE f.txt", "STOU"] {
        ftp.expect("EPSV", 229).await;
        ftp.expect(line, 550).await;
    }
    assert_eq!(server.names(&reader, ""), ["f.txt"]);

    let mut ftp = server.login("dropbox").await;
    assert_eq!(ftp.upload("STOR x", b"1").await.code, 226);
    for line in [
        "LIST",
        "NLST",
        "MLSD",
        "RETR f.txt",
        "STOR f.txt",
        "APPE f.txt",
    ] {
        ftp.expect("EPSV", 229).await;
        let refused = ftp.say(line).await;
        assert_eq!(refused.lines, ["550 Permission denied."], "{line}");
    }
    for line in [
        "SIZE f.txt",
        "SIZE nope",
        "MDTM f.txt",
        "MLST f.txt",
        "STAT f.txt",
        "DELE f.txt",
    ] {
        let refused = ftp.say(line).await;
        assert_eq!(refused.lines, ["550 Permission denied."], "{line}");
    }
}
