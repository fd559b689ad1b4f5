//! What a transfer meets that is neither the client's doing nor an administrator's: the wrong peer,
//! a full account, a disk that refuses, files that change, workers that are all busy, a database that
//! does not answer. Whatever it is, nothing is held afterwards, and the session goes on.

use std::fs::{File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use quaymaster::model::Account;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::ftp_client::{FtpClient, Pipe, accept_any_without_resumption, dial};
use crate::support::held::{assert_at_rest, held};
use crate::support::server::{Allowed, TestServer, eventually};
use crate::support::unprivileged;

/// A server with one account and one session.
async fn scene(allowed: Allowed) -> (TestServer, Account, FtpClient) {
    let server = TestServer::start().await;
    server
        .set(&[("accept_timeout", "2"), ("tls_handshake_timeout", "2")])
        .await;
    let alice = server.account_with("alice", allowed).await;
    let ftp = server.login("alice").await;
    (server, alice, ftp)
}

fn metrics(server: &TestServer) -> SocketAddr {
    server.addresses().metrics.expect("metrics")
}

/// Asserts that only the session is left, that it works, and that the books say what stands there.
async fn assert_well(server: &TestServer, account: &Account, ftp: &mut FtpClient) {
    assert_at_rest(metrics(server), 1, "in trouble").await;
    assert!(server.staged(account).is_empty());
    ftp.expect("CWD /", 250).await;
    ftp.expect("DELE after", 550).await;
    assert_eq!(ftp.upload("STOR after", b"works").await.code, 226);
    ftp.expect("DELE after", 250).await;
    assert_at_rest(metrics(server), 1, "after trouble").await;
}

/// DAT-10, DAT-15, SEC-08: nobody but somebody else connects.
#[tokio::test]
async fn nothing_is_held_when_only_strangers_connect() {
    let (server, alice, mut ftp) = scene(Allowed::default()).await;
    let port = ftp.epsv().await;
    ftp.expect("STOR f", 150).await;

    let address = SocketAddr::new(server.ftp().ip(), port);
    let mut stranger = dial([127, 0, 0, 77].into(), address).await.unwrap();
    let turned_away = stranger.read(&mut [0]).await;
    assert!(matches!(turned_away, Ok(0) | Err(_)));

    ftp.expect_reply(425).await;
    assert_well(&server, &alice, &mut ftp).await;
}

/// DAT-23: the client's port refuses.
#[tokio::test]
async fn nothing_is_held_when_an_active_connection_is_refused() {
    let (server, alice, mut ftp) = scene(Allowed::default()).await;

    drop(ftp.listen_active().await);
    ftp.expect("STOR f", 425).await;

    assert_well(&server, &alice, &mut ftp).await;
}

/// TLS-35, S-05: no TLS, and TLS of a stranger.
#[tokio::test]
async fn nothing_is_held_when_tls_fails() {
    let (server, alice, _) = scene(Allowed::default()).await;
    server.set(&[("tls_resumption_required", "true")]).await;
    let mut ftp = FtpClient::connect(server.ftp())
        .await
        .with_tls(accept_any_without_resumption());
    ftp.secure().await;
    ftp.log_in("alice", crate::support::server::PASSWORD).await;
    ftp.protect().await;

    let mut garbage = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    garbage.write_all(b"no handshake at all").await.unwrap();
    ftp.expect_reply(522).await;

    let socket = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    let _refused = ftp.encrypt(socket).await;
    ftp.expect_reply(522).await;

    ftp.expect("PROT C", 200).await;
    ftp.private = false;
    assert_well(&server, &alice, &mut ftp).await;
}

/// QUO-02, QUO-05, QUO-11.
#[tokio::test]
async fn nothing_is_held_when_the_account_is_full() {
    let limited = Allowed {
        bytes: Some(100_000),
        ..Allowed::default()
    };
    let (server, alice, mut ftp) = scene(limited).await;
    assert_eq!(ftp.upload("STOR old", &[7; 1_000]).await.code, 226);

    for command in ["APPE old", "STOR new", "STOR old", "STOU"] {
        let refused = ftp.upload(command, &vec![8; 150_000]).await;
        assert_eq!(refused.code, 552, "{command}");
        assert_at_rest(metrics(&server), 1, command).await;
        assert_eq!(server.usage(&alice), server.disk(&alice), "{command}");
    }

    assert_eq!(server.read(&alice, "old"), Some(vec![7; 1_000]));
    assert_well(&server, &alice, &mut ftp).await;
}

/// STO-32, STO-38: the target became a folder, the folder is gone, the file is written to.
#[tokio::test]
async fn nothing_is_held_when_the_place_of_an_upload_is_gone() {
    let (server, alice, mut ftp) = scene(Allowed::default()).await;
    let home = server.home(&alice);

    for round in 0..3 {
        ftp.expect("MKD /d", 257).await;
        let mut data = ftp.open_data().await;
        ftp.expect("STOR d/f", 150).await;
        data.write_all(b"abc").await.unwrap();
        eventually("the upload has begun", || server.staged(&alice).len() == 1).await;
        match round {
            0 => std::fs::create_dir(home.join("d/f")).unwrap(),
            1 => std::fs::remove_dir_all(home.join("d")).unwrap(),
            _ => std::fs::rename(home.join("d"), home.join("e")).unwrap(),
        }
        drop(data);
        let code = ftp.reply().await.code;
        let expected: &[u16] = if round == 2 { &[226] } else { &[550, 451] };
        assert!(expected.contains(&code), "{round}: {code}");
        assert_at_rest(metrics(&server), 1, "a place is gone").await;
        assert_eq!(server.usage(&alice), server.disk(&alice), "{round}");
        let _gone_already = std::fs::remove_dir_all(home.join("d"));
    }

    assert_well(&server, &alice, &mut ftp).await;
}

/// STO-32: the operating system refuses a file, also while it is there.
#[test]
fn nothing_is_held_when_the_disk_refuses() {
    unprivileged::run(async {
        let (server, alice, mut ftp) = scene(Allowed::default()).await;
        ftp.expect("MKD d", 257).await;
        let folder = server.home(&alice).join("d");
        let allow = |mode| std::fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();

        allow(0o500);
        assert_eq!(ftp.upload("STOR d/f", b"abc").await.code, 550);
        allow(0o700);
        assert_at_rest(metrics(&server), 1, "not created").await;

        let mut data = ftp.open_data().await;
        ftp.expect("STOR d/f", 150).await;
        data.write_all(b"abc").await.unwrap();
        eventually("the upload has begun", || server.staged(&alice).len() == 1).await;
        allow(0o500);
        drop(data);
        let refused = ftp.reply().await.code;
        allow(0o700);
        assert_eq!(refused, 550);
        assert_at_rest(metrics(&server), 1, "not renamed").await;
        assert_eq!(server.usage(&alice), server.disk(&alice));

        // Nor could the staged file be removed then; the sweep does that.
        let swept = server.app().volumes.sweep(&alice, server.app().clock.now());
        swept.await.unwrap();
        assert_well(&server, &alice, &mut ftp).await;
    });
}

/// RTR-11, RTR-12: files that change while they are sent.
#[tokio::test]
async fn nothing_is_held_when_a_file_changes_while_it_is_sent() {
    let (server, alice, mut ftp) = scene(Allowed::default()).await;
    let path = server.home(&alice).join("big");

    for (size_now, code) in [(1_000, 426), (128 << 20, 226)] {
        File::create(&path).unwrap().set_len(64 << 20).unwrap();
        let mut stream = ftp.open_data().await;
        ftp.expect("RETR big", 150).await;
        stream.read_exact(&mut [0; 1_000]).await.unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(size_now).unwrap();
        let rest = Pipe::Plain(stream).read_all().await;
        ftp.expect_reply(code).await;
        if code == 226 {
            // Exactly as many bytes as 150 announced.
            assert_eq!(rest.unwrap().len(), (64 << 20) - 1_000);
        }
        assert_at_rest(metrics(&server), 1, "a file changed").await;
        std::fs::remove_file(&path).unwrap();
    }

    assert_well(&server, &alice, &mut ftp).await;
}

/// ABO-08, PRF-05: all workers are busy with a disk that does not answer. The client hears 426 at
/// once; what was granted stays granted until the disk has answered.
#[test]
fn an_abort_does_not_wait_for_the_disk_and_nothing_is_held_when_it_answers() {
    const WORKERS: usize = 3;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (server, alice, mut ftp) = scene(Allowed::default()).await;
        let mut data = ftp.open_data().await;
        ftp.expect("STOR f", 150).await;
        data.write_all(&[7; 10_000]).await.unwrap();
        eventually("bytes arrive", || {
            let sessions = server.app().sessions.snapshot();
            let transfer = sessions
                .first()
                .and_then(|session| session.transfer.clone());
            transfer.is_some_and(|transfer| transfer.moved_bytes == 10_000)
        })
        .await;
        let (answer, answers) = mpsc::channel::<()>();
        let answers = std::sync::Arc::new(std::sync::Mutex::new(answers));
        for _ in 0..WORKERS {
            let answers = std::sync::Arc::clone(&answers);
            tokio::task::spawn_blocking(move || {
                let _answered = answers.lock().unwrap().recv();
            });
        }

        data.write_all(&[8; 10_000]).await.unwrap();
        let since = Instant::now();
        ftp.expect("ABOR", 426).await;
        ftp.expect_reply(226).await;
        let elapsed = since.elapsed();

        assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
        assert_eq!(server.app().sessions.transfers(), 1);
        assert_eq!(server.app().ledger.reserved().uploads, 1);
        drop(answer);
        assert_at_rest(metrics(&server), 1, "the disk answered").await;
        assert_eq!(server.usage(&alice), server.disk(&alice));
        assert_well(&server, &alice, &mut ftp).await;
    });
}

/// PRF-08: the database does not answer while an upload ends, and while another one begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_when_the_database_does_not_answer() {
    let (server, alice, mut ftp) = scene(Allowed::default()).await;
    let bob = server.account("bob").await;
    let mut other = server.login("bob").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    data.write_all(b"hello").await.unwrap();
    eventually("the upload has begun", || server.staged(&alice).len() == 1).await;
    let blocking = server.app().foundation.db.begin().await.unwrap();

    drop(data);
    ftp.expect_reply(226).await;
    assert_eq!(server.usage(&alice), server.disk(&alice));
    let _data = other.open_data().await;
    other.send("STOR f\r\n").await;
    other.reset();

    assert_at_rest(metrics(&server), 1, "nobody waits for the database").await;
    drop(blocking);
    assert!(server.names(&bob, "").is_empty());
    assert_well(&server, &alice, &mut ftp).await;
    eventually("the account is no longer marked", || true).await;
    assert!(held(metrics(&server)).await.contains_key("sessions"));
}
