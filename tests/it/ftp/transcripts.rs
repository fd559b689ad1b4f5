//! What clients say that cannot be run here, line by line in their own order and spelling.

use quaymaster::model::Usage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::server::{Allowed, PASSWORD, TestServer};

async fn text(ftp: &mut FtpClient, command: &str) -> String {
    String::from_utf8(ftp.download(command).await).unwrap()
}

/// A session as a client opens it in the clear: `greeting` lines after the login.
async fn opened(server: &TestServer, greeting: &str) -> FtpClient {
    let mut ftp = server.connect().await;
    ftp.expect("USER alice", 331).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 230).await;
    ftp.play(greeting).await;
    ftp
}

/// Stores over an active connection, as devices without passive mode do.
async fn store_actively(ftp: &mut FtpClient, command: &str, bytes: &[u8]) -> String {
    let listener = ftp.listen_active().await;
    ftp.send(format!("{command}\r\n")).await;
    let (mut data, _) = listener.accept().await.unwrap();
    ftp.expect_reply(150).await;
    data.write_all(bytes).await.unwrap();
    drop(data);
    ftp.expect_reply(226).await.text().to_owned()
}

/// INT-05: the plugin is put into place file by file, after questions whether something is there.
#[tokio::test]
async fn wordpress_replaces_a_plugin() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "wp-content/plugins/hello/hello.php", b"old");
    let mut ftp = opened(
        &server,
        "
        C: SYST
        S: 215 UNIX Type: L8
        C: PWD
        S: 257 \"/\" is the current directory
        C: TYPE I
        S: 200 …
    ",
    )
    .await;
    let plugins = "/wp-content/plugins";

    // exists(): one line for what is there, none for what is not; is_dir(): CWD and back.
    let there = text(&mut ftp, &format!("NLST {plugins}/hello/hello.php")).await;
    assert_eq!(there, format!("{plugins}/hello/hello.php\r\n"));
    ftp.expect("EPSV", 229).await;
    ftp.expect(&format!("NLST {plugins}/hello.new"), 550).await;
    ftp.play(&format!(
        "
        C: CWD {plugins}/hello/
        S: 250 …
        C: CWD /
        S: 250 …
        C: MKD {plugins}/hello.new
        S: 257 \"{plugins}/hello.new\" created.
        C: SITE CHMOD 755 {plugins}/hello.new
        S: 200 …
    "
    ))
    .await;
    for name in ["hello.php", "readme.txt"] {
        let path = format!("{plugins}/hello.new/{name}");
        let address = ftp.pasv().await;
        let data = ftp.dial_data(address.port()).await;
        ftp.expect(&format!("STOR {path}"), 150).await;
        let mut data = Pipe::Plain(data);
        data.write_all(b"new").await.unwrap();
        data.finish().await;
        ftp.expect_reply(226).await;
        ftp.expect(&format!("SITE CHMOD 644 {path}"), 200).await;
    }
    let listing = text(&mut ftp, &format!("LIST -a {plugins}/hello")).await;
    assert!(listing.split_whitespace().count() >= 9, "{listing}");
    ftp.play(&format!(
        "
        C: DELE {plugins}/hello/hello.php
        S: 250 …
        C: RMD {plugins}/hello
        S: 250 …
        C: RNFR {plugins}/hello.new
        S: 350 …
        C: RNTO {plugins}/hello
        S: 250 …
        C: SIZE {plugins}/hello/hello.php
        S: 213 3
        C: QUIT
        S: 221 Goodbye.
    "
    ))
    .await;

    assert_eq!(
        server.names(&alice, "wp-content/plugins/hello"),
        ["hello.php", "readme.txt"]
    );
}

/// INT-08: the keepalive of commons-net counts its replies at the end of the transfer.
#[tokio::test]
async fn commons_net_keeps_its_control_connection_alive() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = opened(&server, "C: TYPE I\nS: 200 …\nC: FEAT\nS: 211-Features:").await;
    while ftp.read_line().await.is_some_and(|line| line != "211 End") {}
    let mut data = ftp.open_data().await;
    ftp.expect("STOR slow", 150).await;

    for _ in 0..60 {
        data.write_all(b"x").await.unwrap();
        ftp.send("NOOP\r\n").await;
    }
    drop(data);

    ftp.expect_reply(226).await;
    for _ in 0..60 {
        ftp.expect_reply(200).await;
    }
    ftp.play("C: SYST\nS: 215 UNIX Type: L8").await;
    assert_eq!(server.read(&alice, "slow"), Some(vec![b'x'; 60]));
}

/// INT-09.
#[tokio::test]
async fn fluentftp_verifies_and_resumes() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = opened(
        &server,
        "
        C: OPTS UTF8 ON
        S: 200 UTF8 enabled.
        C: SYST
        S: 215 UNIX Type: L8
        C: TYPE I
        S: 200 …
        C: SIZE /file.bin
        S: 550 …
    ",
    )
    .await;
    assert_eq!(ftp.upload("STOR /file.bin", b"hel").await.code, 226);
    ftp.play("C: SIZE /file.bin\nS: 213 3").await;
    assert_eq!(ftp.upload("APPE /file.bin", b"lo").await.code, 226);
    ftp.play(
        "
        C: OPTS HASH
        S: 200 SHA-256
        C: HASH /file.bin
        S: 213 SHA-256 0-4 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 /file.bin
        C: XCRC /file.bin
        S: 250 3610A686
        C: XMD5 /file.bin
        S: 250 5D41402ABC4B2A76B9719D911017C592
        C: MDTM /file.bin
        S: 213 2…
    ",
    )
    .await;
    ftp.expect("TYPE A", 200).await;
    assert_eq!(text(&mut ftp, "NLST /").await, "/file.bin\r\n");
}

/// INT-11: after a broken overwrite it continues from the size on the server, which is the old
/// file's. One 550 stops it.
#[tokio::test]
async fn filezilla_does_not_splice_two_versions() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.connect().await;
    ftp.secure().await;
    ftp.expect("USER alice", 331).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 230).await;
    ftp.play(
        "
        C: SYST
        S: 215 UNIX Type: L8
        C: CLNT FileZilla
        S: 200 …
        C: OPTS UTF8 ON
        S: 200 …
        C: PBSZ 0
        S: 200 PBSZ=0
        C: PROT P
        S: 200 …
        C: OPTS MLST type;size;modify;
        S: 200 MLST OPTS type;size;modify;
        C: CWD /
        S: 250 …
        C: TYPE I
        S: 200 …
    ",
    )
    .await;
    ftp.private = true;
    ftp.upload("STOR report.odt", b"the old report").await;

    let data = ftp.open_data().await;
    ftp.expect("STOR report.odt", 150).await;
    let mut data = ftp.dress(data).await;
    data.write_all(&vec![b'n'; 50_000]).await.unwrap();
    data.flush().await.unwrap();
    data.reset();
    ftp.expect_reply(426).await;
    ftp.play("C: SIZE report.odt\nS: 213 14\nC: REST 14\nS: 350 …")
        .await;
    let again = ftp.upload("STOR report.odt", &vec![b'n'; 40_000]).await;
    let appended = ftp.upload("APPE report.odt", &vec![b'n'; 40_000]).await;

    assert_eq!((again.code, appended.code), (550, 550));
    assert_eq!(
        server.read(&alice, "report.odt"),
        Some(b"the old report".to_vec())
    );
    let whole = ftp.upload("STOR report.odt", b"the new report").await;
    assert_eq!(whole.code, 226);
    ftp.expect("MFMT 20240101000000 report.odt", 213).await;
}

/// QUO-15: a transfer that fails after 150 is tried again, one whose command is refused is not. So a
/// file that does not fit costs one data transfer, and not one after the other.
#[tokio::test]
async fn filezilla_stops_after_one_transfer_of_what_does_not_fit() {
    let server = TestServer::start().await;
    let limited = Allowed {
        bytes: Some(1_000_000),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let mut ftp = opened(
        &server,
        "
        C: SYST
        S: 215 UNIX Type: L8
        C: CLNT FileZilla
        S: 200 …
        C: OPTS UTF8 ON
        S: 200 …
        C: PWD
        S: 257 \"/\" is the current directory
        C: TYPE I
        S: 200 …
    ",
    )
    .await;
    let mut transfers = 0;

    let refused = loop {
        let data = ftp.open_data().await;
        let opening = ftp.say("STOR backup.tar").await;
        if opening.code != 150 {
            break opening;
        }
        transfers += 1;
        assert!(transfers < 4, "its queue gives up by itself after three");
        let mut data = Pipe::Plain(data);
        let _refused_midway = data.write_all(&vec![7; 1_500_000]).await;
        data.finish().await;
        ftp.expect_reply(552).await;
        // It looks again what stands there; nothing does, so it would send the whole file.
        assert_eq!(text(&mut ftp, "MLSD").await, "");
    };

    assert_eq!((refused.code, transfers), (552, 1));
    assert_eq!(refused.text(), "Quota exceeded: 1000000 bytes available.");
    assert_eq!(server.usage(&alice), Usage::default());
    let rows = server.journal(&alice).await;
    let received: Vec<u64> = rows.iter().map(|row| row.bytes).collect();
    assert!(received[0] <= 1_000_000, "{received:?}");
    assert_eq!(received[1..], [0], "{received:?}");
}

/// QUO-15: neither is the rest of a file that did not fit when it was continued.
#[tokio::test]
async fn filezilla_stops_after_one_transfer_of_a_rest_that_does_not_fit() {
    let server = TestServer::start().await;
    let limited = Allowed {
        bytes: Some(1_000_000),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let mut ftp = opened(&server, "C: TYPE I\nS: 200 …").await;
    ftp.upload("STOR backup.tar", &vec![7; 500_000]).await;

    ftp.play("C: SIZE backup.tar\nS: 213 500000\nC: REST 500000\nS: 350 …")
        .await;
    let midway = ftp.upload("STOR backup.tar", &vec![7; 600_000]).await;
    ftp.play("C: SIZE backup.tar\nS: 213 500000\nC: REST 500000\nS: 350 …")
        .await;
    ftp.expect("EPSV", 229).await;
    let at_once = ftp.say("STOR backup.tar").await;

    assert_eq!((midway.code, at_once.code), (552, 552));
    assert_eq!(server.disk(&alice).bytes, 500_000);
    assert_eq!(server.usage(&alice), server.disk(&alice));
}

/// INT-12.
#[tokio::test]
async fn winscp_keeps_times_and_its_session() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = opened(
        &server,
        "
        C: SYST
        S: 215 UNIX Type: L8
        C: HOST unknown.test
        S: 503 …
        C: CLNT WinSCP-release-6.3
        S: 200 …
        C: OPTS UTF8 ON
        S: 200 …
        C: PWD
        S: 257 \"/\" is the current directory
        C: CWD .
        S: 250 …
        C: TYPE A
        S: 200 …
        C: REST 0
        S: 350 …
        C: TYPE I
        S: 200 …
    ",
    )
    .await;

    ftp.upload("STOR f.txt", b"hello").await;
    ftp.play(
        "
        C: MFMT 20240203040506 f.txt
        S: 213 Modify=20240203040506; f.txt
        C: MDTM 20240203040507 f.txt
        S: 213 20240203040507
        C: MLST f.txt
        S: 250-Listing /f.txt
        S:  type=file;size=5;modify=20240203040507;…
        S: 250 End
        C: SITE CHMOD 640 f.txt
        S: 200 …
        C: AVBL /
        S: 213 …
        C: REST 0
        S: 350 …
        C: PWD
        S: 257 …
        C: NOOP
        S: 200 …
    ",
    )
    .await;
    assert_eq!(text(&mut ftp, "LIST -a").await.lines().count(), 1);
    assert!(
        text(&mut ftp, "MLSD")
            .await
            .contains("modify=20240203040507;")
    );
    assert_eq!(server.read(&alice, "f.txt"), Some(b"hello".to_vec()));
}

/// INT-13.
#[tokio::test]
async fn windows_explorer_lists_and_renames() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "New folder/f.txt", b"hello");
    let mut ftp = opened(
        &server,
        "
        C: opts utf8 on
        S: 200 …
        C: syst
        S: 215 UNIX Type: L8
        C: site help
        S: 214-…
    ",
    )
    .await;
    while ftp
        .read_line()
        .await
        .is_some_and(|line| !line.starts_with("214 "))
    {}
    ftp.play(
        "
        C: PWD
        S: 257 \"/\" …
        C: noop
        S: 200 …
        C: CWD /New folder/
        S: 250 Directory changed to \"/New folder\".
        C: TYPE A
        S: 200 …
    ",
    )
    .await;
    let address = ftp.pasv().await;
    let data = ftp.dial_data(address.port()).await;
    ftp.expect("LIST", 150).await;
    let listing = Pipe::Plain(data).read_all().await.unwrap();
    ftp.expect_reply(226).await;
    assert!(listing.ends_with(b" f.txt\r\n"));
    ftp.play(
        "
        C: TYPE I
        S: 200 …
        C: size f.txt
        S: 213 5
        C: mdtm f.txt
        S: 213 20260102030405
        C: RNFR f.txt
        S: 350 …
        C: RNTO g.txt
        S: 250 …
        C: CWD /
        S: 250 …
        C: QUIT
        S: 221 …
    ",
    )
    .await;
}

/// INT-14.
#[tokio::test]
async fn windows_ftp_exe_works_in_active_mode() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = opened(
        &server,
        "
        C: OPTS UTF8 ON
        S: 200 …
        C: XPWD
        S: 257 \"/\" is the current directory
        C: XMKD in
        S: 257 \"/in\" created.
        C: CWD in
        S: 250 …
    ",
    )
    .await;

    // The type is still ASCII: nobody asked for another one.
    store_actively(&mut ftp, "STOR note.txt", b"one\r\ntwo\r\n").await;
    let listener = ftp.listen_active().await;
    ftp.send("NLST\r\n").await;
    let (data, _) = listener.accept().await.unwrap();
    ftp.expect_reply(150).await;
    let names = Pipe::Plain(data).read_all().await.unwrap();
    ftp.expect_reply(226).await;

    assert_eq!(names, b"note.txt\r\n");
    assert_eq!(
        server.read(&alice, "in/note.txt"),
        Some(b"one\ntwo\n".to_vec())
    );
    ftp.play(
        "
        C: DELE note.txt
        S: 250 …
        C: CWD ..
        S: 250 …
        C: XRMD in
        S: 250 …
        C: QUIT
        S: 221 …
    ",
    )
    .await;
}

/// INT-15.
#[tokio::test]
async fn cameras_find_their_folders_and_store_their_pictures() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;

    // Announces the size and wants nothing but 200.
    let mut ftp = opened(
        &server,
        "
        C: TYPE I
        S: 200 …
        C: CWD /cam/2026-11-22
        S: 550 …
        C: XMKD /cam
        S: 257 \"/cam\" created.
        C: XMKD /cam/2026-11-22
        S: 257 \"/cam/2026-11-22\" created.
        C: CWD /cam/2026-11-22
        S: 250 …
        C: size 001.jpg
        S: 550 …
        C: ALLO 5
        S: 200 ALLO OK.
    ",
    )
    .await;
    store_actively(&mut ftp, "STOR 001.jpg", b"12345").await;
    // Another one begins every path with two slashes, a third says CWD and a space.
    ftp.play(
        "
        C: CWD //cam
        S: 250 Directory changed to \"/cam\".
        C: CWD\u{20}
        S: 250 …
        C: MKD 2026-11-22
        S: 550 \"/cam/2026-11-22\": File exists.
    ",
    )
    .await;
    // And one pipes a script through nc.
    let mut piped = server.connect().await;
    piped
        .send(format!(
            "user alice\npass {PASSWORD}\nmkd yi\nmkd yi\nquit\n"
        ))
        .await;
    piped.half_close().await;
    for code in [331, 230, 257, 550, 221] {
        piped.expect_reply(code).await;
    }
    piped.expect_end().await;

    assert_eq!(server.names(&alice, ""), ["cam", "yi"]);
    assert_eq!(
        server.read(&alice, "cam/2026-11-22/001.jpg"),
        Some(b"12345".to_vec())
    );
}

/// INT-16.
#[tokio::test]
async fn scanners_store_under_names_of_the_server() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = opened(
        &server,
        "
        C: TYPE A N
        S: 200 Type set to A.
        C: TYPE L 8
        S: 200 Type set to I.
        C: TYPE I N
        S: 200 Type set to I.
        C: MODE S
        S: 200 …
        C: STRU F
        S: 200 …
    ",
    )
    .await;

    let mut named = Vec::new();
    for _ in 0..3 {
        let reply = store_actively(&mut ftp, "STOU scan.pdf", b"%PDF").await;
        let (_, name) = reply.split_once("unique file name: ").unwrap();
        named.push(name.trim_end_matches(").").to_owned());
    }
    ftp.play("C: QUIT\nS: 221 …").await;

    named.sort();
    assert_eq!(server.names(&alice, ""), named);
    assert_eq!(server.read(&alice, &named[2]), Some(b"%PDF".to_vec()));
}

/// INT-18: an empty listing, and a folder whose child has its own name, are no reason to give MLSD
/// up; the lines of `STAT` are those of `LIST`.
#[tokio::test]
async fn cyberduck_stays_with_mlsd() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "same/same", b"hello");
    let mut ftp = opened(&server, "C: TYPE I\nS: 200 …\nC: MKD empty\nS: 257 …").await;
    let features = ftp.expect("FEAT", 211).await;
    assert!(
        features
            .lines
            .iter()
            .any(|line| line.starts_with(" MLST type*;"))
    );

    assert_eq!(text(&mut ftp, "MLSD /empty").await, "");
    let same = text(&mut ftp, "MLSD /same").await;
    assert!(same.starts_with("type=file;size=5;") && same.ends_with("; same\r\n"));
    assert_eq!(same.lines().count(), 1);
    let status = ftp.expect("STAT /same", 213).await;
    let listing = text(&mut ftp, "LIST -a /same").await;
    assert_eq!(
        status.lines[1..status.lines.len() - 1].join("\r\n") + "\r\n",
        listing
    );
    // It probes links by going there.
    ftp.expect("CWD /same/same", 550).await;
}

/// CTL-22: somebody types it.
#[tokio::test]
async fn a_command_may_come_byte_by_byte() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    for byte in b"NOOP\r\n" {
        ftp.send([*byte]).await;
        // Each byte is a segment of its own that has been read before the next one comes.
        let mut nothing = [0];
        let moment = std::time::Duration::from_millis(20);
        if *byte != b'\n' {
            let early = tokio::time::timeout(moment, ftp.pipe().read(&mut nothing)).await;
            assert!(early.is_err(), "an answer to half a line");
        }
    }

    ftp.expect_reply(200).await;
}
