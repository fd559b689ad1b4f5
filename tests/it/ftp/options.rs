//! What an administrator can change about listings, names, uploads and greetings.

use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::server::{TestServer, eventually};

async fn text(ftp: &mut FtpClient, command: &str) -> String {
    String::from_utf8(ftp.download(command).await).unwrap()
}

/// Sends `bytes` for `command` and breaks the data connection off when they have arrived.
async fn break_off(server: &TestServer, ftp: &mut FtpClient, command: &str, bytes: &[u8]) {
    let mut data = ftp.open_data().await;
    ftp.expect(command, 150).await;
    data.write_all(bytes).await.unwrap();
    eventually("the bytes arrived", || {
        let sessions = server.app().sessions.snapshot();
        let moved = |session: &quaymaster::hosting::sessions::SessionView| {
            session
                .transfer
                .as_ref()
                .map(|transfer| transfer.moved_bytes)
        };
        sessions
            .iter()
            .any(|session| moved(session) == Some(bytes.len() as u64))
    })
    .await;
    Pipe::Plain(data).reset();
    ftp.expect_reply(426).await;
}

/// CTL-02.
#[tokio::test]
async fn a_greeting_may_have_two_lines() {
    let server = TestServer::start().await;
    server.set(&[("banner", "a\\nb")]).await;
    let mut ftp = FtpClient::connect_silently(server.ftp(), [127, 0, 0, 1].into()).await;

    let greeting = ftp.reply().await;

    assert_eq!(greeting.lines, ["220-a", "220 b"]);
}

/// STO-26, FAC-02.
#[tokio::test]
async fn where_ascii_is_binary_no_byte_is_changed() {
    let server = TestServer::start().await;
    server.set(&[("ascii_conversion", "false")]).await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("TYPE A", 200).await;

    ftp.upload("STOR f.txt", b"a\r\nb\n").await;

    assert_eq!(server.read(&alice, "f.txt"), Some(b"a\r\nb\n".to_vec()));
    ftp.play("C: SIZE f.txt\nS: 213 5").await;
    assert_eq!(ftp.download("RETR f.txt").await, b"a\r\nb\n");
    ftp.expect("REST 3", 350).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"b\n");
}

/// LST-13.
#[tokio::test]
async fn names_with_a_leading_dot_are_shown_or_asked_for() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for name in [".htaccess", "f"] {
        server.put(&alice, name, b"");
    }
    let mut ftp = server.login("alice").await;

    assert_eq!(text(&mut ftp, "NLST").await, ".htaccess\r\nf\r\n");
    assert_eq!(text(&mut ftp, "LIST").await.lines().count(), 2);
    server.set(&[("list_dotfiles", "false")]).await;

    assert_eq!(text(&mut ftp, "NLST").await, "f\r\n");
    assert_eq!(text(&mut ftp, "NLST *").await, "f\r\n");
    assert_eq!(text(&mut ftp, "LIST").await.lines().count(), 1);
    assert_eq!(text(&mut ftp, "LIST -R").await.lines().count(), 1);
    for command in ["LIST -a", "LIST -la", "NLST -a", "NLST -a *", "MLSD"] {
        assert_eq!(
            text(&mut ftp, command).await.lines().count(),
            2,
            "{command}"
        );
    }
    for command in ["NLST .h*", "NLST .htaccess", "LIST .htaccess"] {
        assert!(
            text(&mut ftp, command).await.contains(".htaccess"),
            "{command}"
        );
    }
}

/// LST-12.
#[tokio::test]
async fn a_recursive_listing_goes_down_where_it_is_allowed() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for name in ["a/b/deep", "a/x", "c/y", "f"] {
        server.put(&alice, name, b"1");
    }
    std::os::unix::fs::symlink("..", server.home(&alice).join("a/up")).unwrap();
    let mut ftp = server.login("alice").await;
    let flat = text(&mut ftp, "LIST").await;
    assert_eq!(text(&mut ftp, "LIST -R").await, flat);

    server.set(&[("list_recursive", "true")]).await;
    let listing = text(&mut ftp, "LIST -R").await;

    let named: Vec<&str> = listing
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    let up = ["", "./a/up:", "a", "c", "f"];
    let before = [
        "a", "c", "f", "", "./a:", "b", "up", "x", "", "./a/b:", "deep",
    ];
    let after = ["", "./c:", "y"];
    assert_eq!(named, [&before[..], &up, &after].concat());
    assert!(listing.starts_with(&flat));
    assert!(text(&mut ftp, "LIST -R a").await.contains("\r\na/b:\r\n"));
    assert_eq!(text(&mut ftp, "NLST -R").await, "a\r\nc\r\nf\r\n");
    let status = ftp.expect("STAT -R", 213).await;
    assert!(status.lines.contains(&"./c:".to_owned()), "{status:?}");
}

/// STO-08.
#[tokio::test]
async fn where_all_is_kept_a_broken_upload_takes_the_place_of_the_old_file() {
    let server = TestServer::start().await;
    server.set(&[("interrupted_uploads", "keep")]).await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR f.txt", b"hello").await;

    break_off(&server, &mut ftp, "STOR f.txt", b"new").await;

    assert_eq!(server.read(&alice, "f.txt"), Some(b"new".to_vec()));
    assert_eq!(server.usage(&alice).bytes, 3);
    ftp.expect("REST 3", 350).await;
    assert_eq!(ftp.upload("STOR f.txt", b"er").await.code, 226);
    assert_eq!(server.read(&alice, "f.txt"), Some(b"newer".to_vec()));
}

/// STO-09.
#[tokio::test]
async fn where_nothing_is_kept_a_broken_upload_leaves_what_was_there() {
    let server = TestServer::start().await;
    server.set(&[("interrupted_uploads", "discard")]).await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.upload("STOR f.txt", b"hello").await;
    ftp.upload("STOR log", b"line").await;

    for command in ["STOR new", "STOR f.txt", "APPE log"] {
        break_off(&server, &mut ftp, command, b"++").await;
    }

    assert_eq!(server.names(&alice, ""), ["f.txt", "log"]);
    assert_eq!(server.read(&alice, "f.txt"), Some(b"hello".to_vec()));
    assert_eq!(server.read(&alice, "log"), Some(b"line".to_vec()));
    assert_eq!(server.usage(&alice).bytes, 9);
}

/// STO-20, DIR-10: as cameras expect it.
#[tokio::test]
async fn missing_folders_are_made_where_that_is_set() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("EPSV", 229).await;
    ftp.expect("STOR 2026/11/a.jpg", 550).await;
    ftp.expect("MKD a/b", 550).await;
    server.set(&[("create_folders", "true")]).await;

    assert_eq!(ftp.upload("STOR 2026/11/a.jpg", b"x").await.code, 226);
    assert_eq!(ftp.upload("APPE 2026/12/b.jpg", b"y").await.code, 226);
    ftp.play(
        "
        C: MKD a/b/c
        S: 257 \"/a/b/c\" created.
        C: MKD a/b/c
        S: 550 \"/a/b/c\": File exists.
        C: MKD 2026/11/a.jpg/d
        S: 550 …
    ",
    )
    .await;

    assert_eq!(server.read(&alice, "2026/11/a.jpg"), Some(b"x".to_vec()));
    assert_eq!(server.read(&alice, "2026/12/b.jpg"), Some(b"y".to_vec()));
    let made = server.journal(&alice).await;
    let made = made.iter().filter(|row| row.operation.as_str() == "mkdir");
    assert!(made.count() >= 6);
}

/// STO-21, SEC-T17.
#[tokio::test]
async fn a_forbidden_name_is_forbidden_to_every_verb_that_makes_names() {
    let server = TestServer::start().await;
    server
        .set(&[("denied_names", "*.php *.EXE"), ("create_folders", "true")])
        .await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "old.php", b"hello");
    let mut ftp = server.login("alice").await;

    for line in [
        "STOR .fx~abc",
        "STOR bad.php",
        "STOR BAD.PHP",
        "STOR ./a//../bad.php",
        "STOR a.exe",
        "STOR old.php",
        "STOR x.php/f.txt",
        "APPE bad.php",
        "STOU bad.php",
        "MKD bad.php",
        "MKD x.php/d",
    ] {
        ftp.expect("EPSV", 229).await;
        ftp.expect(line, 553).await;
    }
    ftp.expect("RNFR f.txt", 350).await;
    ftp.expect("RNTO a.exe", 553).await;

    assert_eq!(server.names(&alice, ""), ["f.txt", "old.php"]);
    assert_eq!(ftp.download("RETR old.php").await, b"hello");
    ftp.expect("DELE old.php", 250).await;
    assert_eq!(ftp.upload("STOR a.php.txt", b"x").await.code, 226);
}

/// TLS-31.
#[tokio::test]
async fn a_truncated_upload_is_stored_where_that_is_tolerated() {
    let server = TestServer::start().await;
    server.set(&[("tls_truncation_tolerated", "true")]).await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login_tls("alice").await;
    let data = ftp.open_data().await;
    ftp.expect("STOR f.txt", 150).await;
    let mut data = ftp.dress(data).await;
    data.write_all(&vec![7; 100_000]).await.unwrap();
    data.flush().await.unwrap();

    data.truncate().await;

    ftp.expect_reply(226).await;
    assert_eq!(server.read(&alice, "f.txt"), Some(vec![7; 100_000]));
}
