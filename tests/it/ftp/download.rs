//! `RETR`.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::support::ftp_client::Pipe;
use crate::support::server::TestServer;

/// RTR-01, RTR-14.
#[tokio::test]
async fn the_size_stands_at_the_end_of_150() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.put(&alice, "empty", b"");
    let mut ftp = server.login("alice").await;

    for (name, bytes) in [("f.txt", &b"hello"[..]), ("empty", b"")] {
        let stream = ftp.open_data().await;
        let opening = ftp.expect(&format!("RETR {name}"), 150).await;
        assert!(
            opening
                .text()
                .ends_with(&format!("({} bytes).", bytes.len())),
            "{opening:?}"
        );
        assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), bytes);
        ftp.play("S: 226 Transfer complete.").await;
    }
}

/// RTR-02, RTR-04, RTR-16.
#[tokio::test]
async fn only_regular_files_are_sent() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/a", b"1");
    let fifo = server.home(&alice).join("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(fifo)
            .status()
            .unwrap()
            .success()
    );
    let mut ftp = server.login("alice").await;

    for name in ["nope", "d", "fifo"] {
        ftp.expect("EPSV", 229).await;
        ftp.expect(&format!("RETR {name}"), 550).await;
    }
}

/// RTR-05, RTR-06.
#[tokio::test]
async fn a_restart_at_the_end_is_empty_and_beyond_it_refused() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.expect("REST 5", 350).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"");
    ftp.expect("REST 6", 350).await;
    ftp.expect("EPSV", 229).await;
    ftp.expect("RETR f.txt", 554).await;
}

/// RTR-09.
#[tokio::test]
async fn in_ascii_line_ends_travel_as_cr_lf() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"a\nb\r\nc");
    let mut ftp = server.login("alice").await;
    ftp.expect("TYPE A", 200).await;

    assert_eq!(ftp.download("RETR f.txt").await, b"a\r\nb\r\nc");
}

/// RTR-10.
#[tokio::test]
async fn a_file_beyond_four_gigabytes_can_be_continued() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", b"");
    let path = server.home(&alice).join("big");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"end", 5 << 30).unwrap();
    let mut ftp = server.login("alice").await;

    ftp.play("C: SIZE big\nS: 213 5368709123").await;
    ftp.expect("REST 5368709120", 350).await;
    assert_eq!(ftp.download("RETR big").await, b"end");
}

/// RTR-11.
#[tokio::test]
async fn a_file_that_shrinks_on_the_way_is_not_complete() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 32 << 20]);
    let mut ftp = server.login("alice").await;
    let mut stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut first = vec![0; 1_000];
    stream.read_exact(&mut first).await.unwrap();

    std::fs::File::options()
        .write(true)
        .open(server.home(&alice).join("big"))
        .unwrap()
        .set_len(1_000)
        .unwrap();
    let _broken_off = Pipe::Plain(stream).read_all().await;

    ftp.expect_reply(426).await;
}

/// RTR-12.
#[tokio::test]
async fn a_file_replaced_on_the_way_arrives_as_it_was() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let old = vec![7; 16 << 20];
    server.put(&alice, "big", &old);
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;

    let mut other = server.login("alice").await;
    assert_eq!(other.upload("STOR big", b"replaced").await.code, 226);

    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), old);
    ftp.expect_reply(226).await;
}

/// RTR-13.
#[tokio::test]
async fn a_client_that_closes_early_hears_426_and_goes_on() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 32 << 20]);
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;

    Pipe::Plain(stream).reset();

    ftp.expect_reply(426).await;
    ftp.expect("NOOP", 200).await;
}

/// CTL-27: a transfer that lasts longer than the idle timeout does not end the session.
#[tokio::test]
async fn a_session_is_not_idle_while_it_transfers() {
    let server = TestServer::start().await;
    server.set(&[("idle_timeout", "30")]).await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 32 << 20]);
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;

    tokio::time::sleep(Duration::from_millis(200)).await;
    let bytes = Pipe::Plain(stream).read_all().await.unwrap();

    assert_eq!(bytes.len(), 32 << 20);
    ftp.expect_reply(226).await;
}
