//! `ABOR`, and what a session does while it transfers.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::server::{TestServer, eventually, rounds};

/// A session with a download that has begun and cannot end: nobody reads on.
async fn stuck_download(server: &TestServer) -> (FtpClient, TcpStream) {
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 64 << 20]);
    let mut ftp = server.login("alice").await;
    let mut stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut first = [0; 1_000];
    stream.read_exact(&mut first).await.unwrap();
    (ftp, stream)
}

/// ABO-01.
#[tokio::test]
async fn there_is_nothing_to_abort() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.play("C: ABOR\nS: 225 No transfer to abort.").await;
}

/// ABO-03.
#[tokio::test]
async fn a_transfer_that_waits_for_its_client_is_aborted() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("EPSV", 229).await;
    ftp.play(
        "
        C: LIST
        S: 150 …
        C: ABOR
        S: 426 Transfer aborted.
        S: 226 ABOR successful.
    ",
    )
    .await;

    assert_eq!(server.app().passive_ports.counters().reserved, 0);
}

/// ABO-04, ABO-06, ABO-07, ABO-17.
#[tokio::test]
async fn a_download_that_nobody_reads_is_aborted_at_once() {
    let server = TestServer::start().await;
    let (mut ftp, mut stream) = stuck_download(&server).await;
    let since = Instant::now();

    ftp.send(b"\xff\xf4\xff\xf2ABOR\r\n").await;
    ftp.play("S: 426 Transfer aborted.\nS: 226 ABOR successful.")
        .await;

    assert!(
        since.elapsed() < Duration::from_millis(500),
        "{:?}",
        since.elapsed()
    );
    let mut rest = Vec::new();
    assert!(stream.read_to_end(&mut rest).await.is_err() || rest.len() < 64 << 20);
    ftp.expect("NOOP", 200).await;
    assert!(!ftp.download("LIST").await.is_empty());
}

/// ABO-09, CTL-20.
#[tokio::test]
async fn what_is_sent_during_a_transfer_is_answered_after_it_in_order() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = stuck_download(&server).await;

    ftp.send("NOOP\r\nPWD\r\nSIZE big\r\n").await;
    Pipe::Plain(stream).read_all().await.unwrap();

    for code in [226, 200, 257, 213] {
        ftp.expect_reply(code).await;
    }
}

/// ABO-10.
#[tokio::test]
async fn stat_tells_at_once_how_far_the_transfer_is() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = stuck_download(&server).await;

    let status = ftp.expect("STAT", 211).await;

    let progress = status
        .lines
        .iter()
        .find(|line| line.contains("Transfer running"))
        .unwrap();
    assert!(progress.contains("of 67108864 bytes"), "{progress}");
    Pipe::Plain(stream).read_all().await.unwrap();
    ftp.expect_reply(226).await;
}

/// ABO-11.
#[tokio::test]
async fn quit_waits_for_the_transfer() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = stuck_download(&server).await;

    ftp.send("QUIT\r\nNOOP\r\n").await;
    let bytes = Pipe::Plain(stream).read_all().await.unwrap();

    assert_eq!(bytes.len(), (64 << 20) - 1_000);
    ftp.expect_reply(226).await;
    ftp.expect_reply(221).await;
    ftp.expect_end().await;
}

/// ABO-12.
#[tokio::test]
async fn the_next_transfer_may_be_asked_for_during_this_one() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = stuck_download(&server).await;

    ftp.send("EPSV\r\nRETR big\r\n").await;
    Pipe::Plain(stream).read_all().await.unwrap();
    ftp.expect_reply(226).await;
    let port = crate::support::ftp_client::epsv_port(ftp.expect_reply(229).await.text());
    let second = ftp.dial_data(port).await;
    ftp.expect_reply(150).await;

    assert_eq!(
        Pipe::Plain(second).read_all().await.unwrap().len(),
        64 << 20
    );
    ftp.expect_reply(226).await;
}

/// ABO-13.
#[tokio::test]
async fn noops_may_wait_by_the_hundred_and_other_commands_by_the_dozen() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = stuck_download(&server).await;

    ftp.send("NOOP\r\n".repeat(500)).await;
    Pipe::Plain(stream).read_all().await.unwrap();
    ftp.expect_reply(226).await;
    for _ in 0..500 {
        ftp.expect_reply(200).await;
    }

    let mut stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut first = [0; 1_000];
    stream.read_exact(&mut first).await.unwrap();
    ftp.send("PWD\r\n".repeat(65)).await;
    ftp.expect_reply(426).await;
    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}

/// ABO-14.
#[tokio::test]
async fn an_abor_in_the_last_moment_gets_exactly_two_replies() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for _ in 0..rounds(100, 10) {
        let stream = ftp.open_data().await;
        ftp.expect("RETR f.txt", 150).await;
        drop(stream);
        ftp.send("ABOR\r\n").await;
        let first = ftp.reply().await.code;
        let second = ftp.reply().await.code;
        assert!(
            matches!((first, second), (226, 225 | 226) | (426, 226)),
            "{first} {second}"
        );
        ftp.play("C: SYST\nS: 215 UNIX Type: L8").await;
    }
}

/// ABO-05, QUO-09: what arrived of a new file stays, and is booked before 426.
#[tokio::test]
async fn an_aborted_upload_is_booked_before_its_reply() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;
    data.write_all(&[7; 5_000]).await.unwrap();
    eventually("bytes arrived", || {
        server
            .app()
            .sessions
            .snapshot()
            .iter()
            .any(|session| session.received_bytes == 5_000)
    })
    .await;

    ftp.expect("ABOR", 426).await;

    assert_eq!(server.usage(&alice).bytes, 5_000);
    assert_eq!(
        server.read(&alice, "new").map(|bytes| bytes.len()),
        Some(5_000)
    );
    ftp.expect_reply(226).await;
}

/// ABO-21, S-17: nothing is held after many transfers that ended anyhow.
#[tokio::test]
async fn nothing_is_held_after_a_hundred_broken_transfers() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 1 << 20]);
    for round in 0..rounds(100, 100) {
        let mut ftp = server.login("alice").await;
        let mut stream = ftp.open_data().await;
        let line = if round % 2 == 0 {
            "RETR big"
        } else {
            "STOR big"
        };
        ftp.expect(line, 150).await;
        let _perhaps = stream.write_all(b"abc").await;
        match round % 4 {
            0 | 1 => Pipe::Plain(stream).reset(),
            _ => ftp.vanish(),
        }
    }

    eventually("nothing is held", || {
        let counters = server.app().passive_ports.counters();
        server.app().sessions.count() == 0 && counters.reserved == 0 && counters.connected == 0
    })
    .await;
    eventually("no staged file is left", || {
        server.names(&alice, "") == ["big"]
    })
    .await;
}

/// The network takes whatever the disk gives, and the socket is never full.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_to_a_fast_client_is_aborted_at_once() {
    const MUCH: u64 = 64 << 20;
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let big = std::fs::File::create(server.home(&alice).join("big")).unwrap();
    big.set_len(64 << 30).unwrap();
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    ftp.expect("RETR big", 150).await;
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    let reader = std::thread::spawn(move || throw_away(&stream.into(), &counted));
    let so_far = || taken.load(Ordering::Relaxed);
    eventually("much has come", || so_far() > MUCH).await;

    ftp.expect("ABOR", 426).await;
    let told = so_far();

    tokio::task::spawn_blocking(move || reader.join().unwrap())
        .await
        .unwrap();
    assert!(
        so_far() - told < MUCH,
        "{} bytes after 426",
        so_far() - told
    );
}

/// Counts what arrives and does not even look at it.
fn throw_away(socket: &socket2::Socket, counted: &AtomicU64) {
    /// `MSG_TRUNC`: the system drops the bytes.
    const TRUNCATE: i32 = 0x20;
    let mut space = vec![MaybeUninit::uninit(); 4 << 20];
    while let Ok(taken @ 1..) = socket.recv_with_flags(&mut space, TRUNCATE) {
        counted.fetch_add(taken as u64, Ordering::Relaxed);
    }
}
