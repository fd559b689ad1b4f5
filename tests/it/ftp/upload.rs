//! `STOR`, `APPE`, `STOU`: whole or not at all.

use quaymaster::model::{Operation, TransferResult};
use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::Pipe;
use crate::support::held::held;
use crate::support::server::{Allowed, TestServer, eventually};
use quaymaster::model::PermissionProfile;

/// STO-01, STO-02, STO-40.
#[tokio::test]
async fn a_file_is_there_when_226_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for (name, bytes) in [("n", &b"abc"[..]), ("empty", b"")] {
        assert_eq!(
            ftp.upload(&format!("STOR {name}"), bytes).await.lines,
            ["226 Transfer complete."]
        );
        assert_eq!(server.read(&alice, name).as_deref(), Some(bytes));
    }

    let mode = std::fs::metadata(server.home(&alice).join("n"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(ftp.download("RETR n").await, b"abc");
    let rows = server.journal(&alice).await;
    assert_eq!(
        (rows[0].operation, rows[0].bytes, rows[0].size),
        (Operation::Upload, 3, Some(3))
    );
    assert_eq!(
        (rows[0].result, rows[0].reply_code),
        (TransferResult::Complete, 226)
    );
}

/// STO-03.
#[tokio::test]
async fn readers_see_the_old_file_until_the_upload_is_complete() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let mut reader = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR f.txt", 150).await;
    data.write_all(b"new").await.unwrap();

    assert_eq!(reader.download("RETR f.txt").await, b"hello");
    drop(data);
    ftp.expect_reply(226).await;

    assert_eq!(reader.download("RETR f.txt").await, b"new");
}

/// STO-04, STO-06, STO-07.
#[tokio::test]
async fn an_overwrite_that_broke_off_leaves_the_old_file_and_cannot_be_continued() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR f.txt", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("the staged file is there", || {
        server.names(&alice, "").len() == 2
    })
    .await;

    Pipe::Plain(data).reset();
    ftp.expect_reply(426).await;

    assert_eq!(server.names(&alice, ""), ["f.txt"]);
    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"hello"[..]));
    ftp.expect("REST 5", 350).await;
    assert_eq!(ftp.upload("STOR f.txt", b"!").await.code, 550);
    assert_eq!(ftp.upload("APPE f.txt", b"!").await.code, 550);
    assert_eq!(ftp.upload("STOR f.txt", b"whole").await.code, 226);
    assert_eq!(ftp.upload("APPE f.txt", b"!").await.code, 226);
    assert_eq!(
        server.read(&alice, "f.txt").as_deref(),
        Some(&b"whole!"[..])
    );
}

/// STO-05, STO-41.
#[tokio::test]
async fn what_arrived_of_a_file_that_was_not_there_can_be_continued() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("bytes arrived", || {
        server
            .app()
            .sessions
            .snapshot()
            .iter()
            .any(|s| s.received_bytes == 3)
    })
    .await;

    ftp.expect("ABOR", 426).await;
    ftp.expect_reply(226).await;

    eventually("the part stands", || {
        server.read(&alice, "new").as_deref() == Some(b"abc")
    })
    .await;
    assert_eq!(server.usage(&alice).bytes, 3);
    ftp.expect("REST 3", 350).await;
    assert_eq!(ftp.upload("STOR new", b"def").await.code, 226);
    assert_eq!(server.read(&alice, "new").as_deref(), Some(&b"abcdef"[..]));
    assert_eq!(server.usage(&alice).bytes, 6);
    let rows = server.journal(&alice).await;
    assert_eq!(
        (rows[0].result, rows[0].reason.as_str()),
        (TransferResult::Aborted, "abor")
    );
    assert_eq!(
        (rows[1].offset, rows[1].bytes, rows[1].size),
        (3, 3, Some(6))
    );
}

/// STO-10, STO-11, STO-12, STO-13.
#[tokio::test]
async fn a_resumed_upload_continues_at_the_offset_and_nowhere_else() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (offset, bytes, code, after) in [
        (5, &b"!!"[..], 226, &b"hello!!"[..]),
        (2, b"Y", 226, b"heY"),
        (4, b"Z", 554, b"heY"),
    ] {
        ftp.expect(&format!("REST {offset}"), 350).await;
        assert_eq!(
            ftp.upload("STOR f.txt", bytes).await.code,
            code,
            "REST {offset}"
        );
        assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(after));
    }
    ftp.expect("REST 1", 350).await;
    assert_eq!(ftp.upload("STOR new", b"x").await.code, 554);
    assert_eq!(server.read(&alice, "new"), None);
}

/// STO-15, STO-16.
#[tokio::test]
async fn appe_adds_to_the_end_or_makes_the_file() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR f.txt", b"hello").await;

    assert_eq!(ftp.upload("APPE f.txt", b"++").await.code, 226);
    assert_eq!(ftp.upload("APPE new", b"z").await.code, 226);
    assert_eq!(
        server.read(&alice, "f.txt").as_deref(),
        Some(&b"hello++"[..])
    );
    ftp.expect("REST 2", 350).await;
    assert_eq!(ftp.upload("APPE f.txt", b"Q").await.code, 226);

    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"heQ"[..]));
    assert_eq!(server.usage(&alice).bytes, 4);
    assert_eq!(server.usage(&alice).files, 2);
}

/// STO-17, STO-18.
#[tokio::test]
async fn stou_chooses_a_name_and_tells_it_twice() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut names = Vec::new();

    for line in ["STOU", "STOU scan.pdf", "STOU scan.pdf"] {
        let stream = ftp.open_data().await;
        let opening = ftp.expect(line, 150).await;
        let name = opening
            .text()
            .strip_prefix("FILE: ")
            .expect("FILE: name")
            .to_owned();
        drop(stream);
        ftp.play(&format!(
            "S: 226 Transfer complete (unique file name: {name})."
        ))
        .await;
        names.push(name);
    }

    names.sort();
    assert_eq!(server.names(&alice, ""), names);
    assert!(
        names.iter().any(|name| name.starts_with("scan.pdf")),
        "{names:?}"
    );
}

/// STO-19, STO-20, STO-21, STO-22, SEC-T17.
#[tokio::test]
async fn an_upload_that_cannot_end_well_does_not_begin() {
    let server = TestServer::start().await;
    let alice = server
        .account_with(
            "alice",
            Allowed {
                permissions: PermissionProfile::NoDelete,
                ..Allowed::default()
            },
        )
        .await;
    server.put(&alice, "d/f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for (line, code) in [
        ("STOR d", 550),
        ("STOR nodir/x", 550),
        ("STOR .fx~abc", 553),
        ("STOR d/f.txt", 550),
        ("STOR d/f.txt/x", 550),
    ] {
        assert_eq!(ftp.upload(line, b"x").await.code, code, "{line}");
    }
    assert_eq!(ftp.upload("STOR d/new", b"x").await.code, 226);
    assert_eq!(server.names(&alice, "d"), ["f.txt", "new"]);
}

/// STO-24, STO-25, QUO-21.
#[tokio::test]
async fn in_ascii_only_whole_line_ends_are_converted() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("TYPE A", 200).await;

    assert_eq!(ftp.upload("STOR f", b"a\r\nb\rc\nd\r").await.code, 226);
    assert_eq!(
        server.read(&alice, "f").as_deref(),
        Some(&b"a\nb\rc\nd\r"[..])
    );
    assert_eq!(server.usage(&alice).bytes, 8);

    let mut data = ftp.open_data().await;
    ftp.expect("STOR g", 150).await;
    data.write_all(b"a\r").await.unwrap();
    eventually("the first part is written", || {
        server
            .app()
            .sessions
            .snapshot()
            .iter()
            .any(|session| session.received_bytes == 9)
    })
    .await;
    data.write_all(b"\nb").await.unwrap();
    drop(data);
    ftp.expect_reply(226).await;
    assert_eq!(server.read(&alice, "g").as_deref(), Some(&b"a\nb"[..]));
}

/// STO-27.
#[tokio::test]
async fn of_two_uploads_to_one_name_one_stands_entirely() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;
    let (one, two) = (vec![1; 700_000], vec![2; 900_000]);

    let (a, b) = tokio::join!(first.upload("STOR f", &one), second.upload("STOR f", &two));

    assert_eq!((a.code, b.code), (226, 226));
    let stands = server.read(&alice, "f").unwrap();
    assert!(stands == one || stands == two);
    assert_eq!(server.usage(&alice).bytes, stands.len() as u64);
    assert_eq!(server.usage(&alice).files, 1);
}

/// STO-28.
#[tokio::test]
async fn a_file_that_is_being_continued_is_busy() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;
    let mut data = first.open_data().await;
    first.expect("APPE f.txt", 150).await;
    data.write_all(b"+").await.unwrap();
    eventually("a byte was added", || {
        server.read(&alice, "f.txt").as_deref() == Some(b"hello+")
    })
    .await;

    second.expect("EPSV", 229).await;
    second.expect("APPE f.txt", 450).await;

    drop(data);
    first.expect_reply(226).await;
}

/// STO-29, ABO-15.
#[tokio::test]
async fn an_upload_whose_client_vanished_leaves_nothing_held() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR f.txt", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("the staged file is there", || {
        server.names(&alice, "").len() == 2
    })
    .await;

    ftp.vanish();

    eventually("nothing is left", || {
        server.names(&alice, "") == ["f.txt"]
            && server.app().sessions.count() == 0
            && server.app().passive_ports.counters().connected == 0
    })
    .await;
    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"hello"[..]));
    let rows = server.journal(&alice).await;
    assert_eq!(rows[0].reason, "client-gone");
}

/// STO-30, ABO-16.
#[tokio::test]
async fn a_client_that_quits_during_its_upload_gets_both_replies() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    ftp.send("QUIT\r\n").await;
    ftp.half_close().await;

    data.write_all(b"late").await.unwrap();
    drop(data);

    ftp.expect_reply(226).await;
    ftp.expect_reply(221).await;
    ftp.expect_end().await;
    assert_eq!(server.read(&alice, "f").as_deref(), Some(&b"late"[..]));
}

/// STO-35, STO-36.
#[tokio::test]
async fn an_upload_through_a_link_stays_inside() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let outside = tempfile::NamedTempFile::new().unwrap();
    let home = server.home(&alice);
    std::os::unix::fs::symlink("f.txt", home.join("inside")).unwrap();
    std::os::unix::fs::symlink(outside.path(), home.join("outside")).unwrap();
    let mut ftp = server.login("alice").await;

    assert_eq!(ftp.upload("STOR inside", b"new").await.code, 226);
    assert_eq!(ftp.upload("STOR outside", b"new").await.code, 550);

    assert!(home.join("inside").is_symlink());
    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"new"[..]));
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"");
}

/// STO-39.
#[tokio::test]
async fn an_announcement_is_no_promise() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("ALLO 10", 200).await;

    assert_eq!(ftp.upload("STOR f", b"12345").await.code, 226);
}

/// STO-32, STO-38.
#[tokio::test]
async fn an_upload_whose_place_vanished_is_not_confirmed() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/old", b"old");
    let home = server.home(&alice);
    let mut ftp = server.login("alice").await;

    let mut data = ftp.open_data().await;
    ftp.expect("STOR taken", 150).await;
    data.write_all(b"abc").await.unwrap();
    std::fs::create_dir(home.join("taken")).unwrap();
    drop(data);
    let refused = ftp.reply().await;
    assert!([550, 451].contains(&refused.code), "{refused:?}");
    assert_eq!(server.names(&alice, ""), ["d", "taken"]);

    let mut data = ftp.open_data().await;
    ftp.expect("STOR d/new", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("the staged file is there", || {
        server.names(&alice, "d").len() == 2
    })
    .await;
    std::fs::remove_dir_all(home.join("d")).unwrap();
    drop(data);
    let refused = ftp.reply().await;
    assert!([550, 451].contains(&refused.code), "{refused:?}");

    assert_eq!(server.usage(&alice).bytes, 0);
    ftp.expect("NOOP", 200).await;
}

/// DIR-28.
#[tokio::test]
async fn a_directory_goes_with_its_leftovers_but_not_under_an_upload() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "stale/.fx~abcdefghijklmnop", b"left over");
    std::fs::create_dir(server.home(&alice).join("live")).unwrap();
    let mut uploader = server.login("alice").await;
    let mut data = uploader.open_data().await;
    uploader.expect("STOR live/f", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("the staged file is there", || {
        server.names(&alice, "live").len() == 1
    })
    .await;
    let mut ftp = server.login("alice").await;

    ftp.expect("RMD stale", 250).await;
    ftp.play("C: RMD live\nS: 550 Directory busy.").await;

    drop(data);
    uploader.expect_reply(226).await;
    assert_eq!(server.names(&alice, ""), ["live"]);
}

/// STO-33 seen from a session: what another session uploads is never half there.
#[tokio::test]
async fn two_sessions_of_one_account_see_the_same_files() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;

    first.upload("STOR a", b"from the first").await;

    assert_eq!(second.download("RETR a").await, b"from the first");
    second.expect("DELE a", 250).await;
    first.expect("SIZE a", 550).await;
}

/// A client marks a byte as urgent in the middle of a long file.
#[tokio::test]
async fn what_stands_behind_urgent_data_is_stored() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;
    data.write_all(&vec![7; 300_000]).await.unwrap();
    let urgent = socket2::SockRef::from(&data).send_out_of_band(b"!");
    assert_eq!(urgent.unwrap(), 1);
    data.write_all(&vec![8; 100_000]).await.unwrap();
    data.shutdown().await.unwrap();

    ftp.expect_reply(226).await;

    assert_eq!(server.read(&alice, "new").unwrap().len(), 400_000);
}

#[tokio::test]
async fn an_upload_that_waits_for_its_client_holds_no_buffer() {
    let server = TestServer::start().await;
    let _alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;

    data.write_all(&vec![7; 8 << 20]).await.unwrap();

    let metrics = server.addresses().metrics.expect("metrics");
    let mut lent = Some(1);
    for _ in 0..1_000 {
        lent = held(metrics).await.get("buffers_lent").copied();
        if lent.is_none() {
            break;
        }
    }
    assert_eq!(lent, None);
    data.shutdown().await.unwrap();
    ftp.expect_reply(226).await;
}
