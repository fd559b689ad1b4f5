//! A suspension or a rule for a folder on the command line reaches a running transfer of another
//! process.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::ftp_client::FtpClient;
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, eventually};

/// From the end of the command to the end of the session.
const SOON: Duration = Duration::from_secs(1);

/// Whoever ends a session by the command line waits no longer than somebody at a page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_on_the_command_line_ends_a_transfer_within_a_second() {
    let mut installation = Installation::new(5);
    installation.account("alice", &[]).await;
    let ftp = installation.start().await;
    let mut session = FtpClient::connect(ftp).await;
    session.log_in("alice", PASSWORD).await;
    let mut data = session.open_data().await;
    session.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    eventually("bytes arrived", || {
        let staged = installation.staged();
        staged
            .iter()
            .any(|file| file.metadata().is_ok_and(|file| file.len() == 3))
    })
    .await;

    let suspend = ["account", "suspend", "alice", "--reason", "unpaid"];
    installation.run(&suspend).await;
    let since = Instant::now();

    session.expect_reply(426).await;
    session.expect_reply(421).await;
    session.expect_end().await;
    let took = since.elapsed();
    assert!(took < SOON, "{took:?}");
    let more = data.read(&mut [0; 1]).await;
    assert!(matches!(more, Ok(0) | Err(_)), "{more:?}");
    let mut refused = FtpClient::connect(ftp).await;
    refused.expect("USER alice", 331).await;
    refused.expect(&format!("PASS {PASSWORD}"), 530).await;
    installation.run(&["account", "resume", "alice"]).await;
    let mut session = FtpClient::connect(ftp).await;
    session.log_in("alice", PASSWORD).await;
    assert_eq!(booked(&mut session).await, installation.disk());
    println!("{took:?} from the end of the command to the end of the session");
}

/// A rule for a folder comes from another process too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_set_on_the_command_line_ends_the_transfer_that_it_forbids() {
    let mut installation = Installation::new(5);
    installation.account("alice", &[]).await;
    let ftp = installation.start().await;
    let mut session = FtpClient::connect(ftp).await;
    session.log_in("alice", PASSWORD).await;
    let mut data = session.open_data().await;
    session.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();

    let set = ["account", "rules", "set", "alice", "/", "--permissions"];
    installation
        .run(&[&set[..], &["list,download"]].concat())
        .await;
    let since = Instant::now();
    session.expect_reply(426).await;
    let took = since.elapsed();

    assert!(took < SOON, "{took:?}");
    session.expect("MKD d", 550).await;
    let told = installation
        .run(&["account", "rules", "test", "alice", "/x"])
        .await;
    assert!(told.contains("/x allows download,list."), "{told}");
    assert!(told.contains("The rule for / decides."), "{told}");
    let listed = installation
        .run(&["account", "rules", "list", "alice"])
        .await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    installation
        .run(&["account", "rules", "remove", "alice", "/"])
        .await;
    let ends = tokio::time::Instant::now() + SOON;
    while session.say("MKD d").await.code != 257 {
        assert!(tokio::time::Instant::now() < ends, "the rule still holds");
    }
}

/// What is ruled on the command line holds for the sessions of another process, and that one writes
/// down whom it ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_set_on_the_command_line_end_whom_they_shut_out() {
    let mut installation = Installation::new(5);
    installation.account("alice", &[]).await;
    installation.account("bob", &[]).await;
    let ftp = installation.start().await;
    let mut alice = FtpClient::connect(ftp).await;
    alice.log_in("alice", PASSWORD).await;
    let mut data = alice.open_data().await;
    alice.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let mut bob = FtpClient::connect(ftp).await;
    bob.log_in("bob", PASSWORD).await;

    let shut_out = ["account", "set", "alice", "--deny-from", "127.0.0.0/8"];
    installation.run(&shut_out).await;
    let since = Instant::now();

    alice.expect_reply(426).await;
    alice.expect_reply(421).await;
    let took = since.elapsed();
    assert!(took < SOON, "{took:?}");
    let expire = ["account", "set", "bob", "--expires", "2020-01-02 03:04"];
    installation.run(&expire).await;
    let since = Instant::now();
    bob.play("S: 421 The account has expired.").await;
    let took = since.elapsed();
    assert!(took < SOON, "{took:?}");
    let mut refused = FtpClient::connect(ftp).await;
    refused.expect("USER alice", 331).await;
    refused.expect(&format!("PASS {PASSWORD}"), 530).await;
    let listed = installation.run(&["account", "list", "bob"]).await;
    assert!(listed.contains("expired"), "{listed}");
    let back = [
        "account",
        "set",
        "alice",
        "--deny-from",
        "none",
        "--umask",
        "077",
    ];
    installation.run(&back).await;
    let same = installation.run(&back).await;
    assert!(same.contains("alice stays as it is."), "{same}");
    let mut alice = FtpClient::connect(ftp).await;
    alice.log_in("alice", PASSWORD).await;
}
