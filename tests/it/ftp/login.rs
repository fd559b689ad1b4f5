//! Who may log in, and what everybody hears who may not.

use std::time::{Duration, Instant};

use quaymaster::clock::TestClock;
use quaymaster::model::{Account, Actor, TlsRule};

use crate::support::ftp_client::FtpClient;
use crate::support::samples::{MADE, account_id};
use crate::support::server::{Allowed, PASSWORD, TestServer, eventually};

/// AUT-01, AUT-02, AUT-05.
#[tokio::test]
async fn a_known_and_an_unknown_name_hear_the_same() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;

    ftp.play(&format!(
        "
        C: USER nosuch
        S: 331 Password required.
        C: USER alice
        S: 331 Password required.
        C: PASS {PASSWORD}
        S: 230 Login successful.
    "
    ))
    .await;
}

/// AUT-03, AUT-04, AUT-18, AUT-23.
#[tokio::test]
async fn a_login_has_an_order() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.expect("USER", 501).await;
    ftp.expect("USER ", 501).await;
    ftp.expect(&format!("USER {}", "a".repeat(129)), 501).await;
    ftp.expect("PASS x", 503).await;
    ftp.expect("ACCT x", 503).await;
}

/// AUT-06, SEC-05.
#[tokio::test]
async fn a_wrong_password_takes_a_while() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;
    ftp.expect("USER alice", 331).await;
    let since = Instant::now();

    let refused = ftp.say("PASS wrong").await;

    assert_eq!(refused.lines, ["530 Login incorrect."]);
    assert!(since.elapsed() >= Duration::from_millis(800));
    ftp.expect("PWD", 530).await;
}

/// AUT-10.
#[tokio::test]
async fn too_many_wrong_passwords_end_the_session() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server.set(&[("max_login_failures", "2")]).await;
    let mut ftp = server.connect().await;

    ftp.expect("USER alice", 331).await;
    ftp.expect("PASS wrong", 530).await;
    ftp.expect("USER alice", 331).await;
    ftp.expect("PASS wrong", 421).await;

    ftp.expect_end().await;
}

/// AUT-11.
#[tokio::test]
async fn an_address_that_guesses_has_to_wait_and_no_other_has() {
    let clock = TestClock::at(MADE);
    let server = TestServer::with_clock(clock.clone()).await;
    server.account("alice").await;
    server.set(&[("max_login_failures_per_address", "3")]).await;
    let guess = || async {
        let mut ftp = server.connect_from([127, 0, 0, 2]).await;
        ftp.expect("USER alice", 331).await;
        ftp.expect("PASS wrong", 530).await;
    };
    tokio::join!(guess(), guess(), guess());

    // No password can be verified now, and the guesser's need not be.
    let held = server.hold_passwords().await;
    let mut guesser = server.connect_from([127, 0, 0, 2]).await;
    guesser.expect("USER alice", 331).await;
    let refused = guesser.say(&format!("PASS {PASSWORD}")).await;
    assert_eq!(refused.lines, ["530 Login incorrect."]);
    drop(held);

    let mut other = server.connect_from([127, 0, 0, 3]).await;
    other.log_in("alice", PASSWORD).await;
    clock.advance(Duration::from_secs(2));
    guesser.log_in("alice", PASSWORD).await;
}

/// AUT-11: customers behind one address.
#[tokio::test]
async fn an_account_that_is_known_at_an_address_does_not_wait_with_it() {
    let server = TestServer::with_clock(TestClock::at(MADE)).await;
    server.account("alice").await;
    server.account("bob").await;
    server.set(&[("max_login_failures_per_address", "1")]).await;
    server.login("alice").await;
    let mut bob = server.connect().await;
    bob.expect("USER bob", 331).await;
    bob.expect("PASS wrong", 530).await;

    server.login("alice").await;

    bob.expect("USER bob", 331).await;
    bob.expect(&format!("PASS {PASSWORD}"), 530).await;
}

/// A client whose password waits for its turn on the hashing pool; its account was looked up.
async fn verifying(server: &TestServer, name: &str) -> FtpClient {
    let busy = server.app().passwords.at_work();
    let mut ftp = server.connect().await;
    ftp.expect(&format!("USER {name}"), 331).await;
    ftp.send(format!("PASS {PASSWORD}\r\n")).await;
    eventually("the password waits", || {
        server.app().passwords.at_work() > busy
    })
    .await;
    ftp
}

#[tokio::test]
async fn a_suspension_while_the_password_is_verified_holds() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let held = server.hold_passwords().await;
    let mut ftp = verifying(&server, "alice").await;

    server
        .app()
        .accounts
        .suspend(&Actor::system(), alice.id, "unpaid")
        .await
        .unwrap();
    drop(held);

    ftp.play("S: 421 The account was changed, log in again.")
        .await;
    ftp.expect_end().await;
}

#[tokio::test]
async fn a_new_password_while_the_old_one_is_verified_holds() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let other = server.account("bob").await.password_hash;
    let held = server.hold_passwords().await;
    let mut ftp = verifying(&server, "alice").await;

    // The pool is taken, so the hash comes from somewhere else.
    let app = server.app();
    let mut tx = app.foundation.db.begin().await.unwrap();
    tx.set_account_password(alice.id, &other, app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    drop(held);

    ftp.play("S: 421 The account was changed, log in again.")
        .await;
    ftp.expect_end().await;
}

/// Another process may make an account; its login need not wait until this one has heard of it.
#[tokio::test]
async fn an_account_that_is_only_in_the_database_logs_in_and_uploads() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let bob = Account {
        id: account_id(1),
        username: "bob".parse().unwrap(),
        home: "harbour/bob-1".to_owned(),
        ..alice
    };
    let mut tx = server.app().foundation.db.begin().await.unwrap();
    tx.insert_account(&bob).await.unwrap();
    tx.commit().await.unwrap();

    let mut ftp = server.login("bob").await;
    let stored = ftp.upload("STOR a", b"1").await;

    assert_eq!(stored.code, 226);
    assert_eq!(server.usage(&bob).files, 1);
}

/// AUT-12.
#[tokio::test]
async fn a_suspended_account_is_not_told_from_a_wrong_password() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server
        .app()
        .accounts
        .suspend(&Actor::system(), alice.id, "unpaid")
        .await
        .unwrap();
    let mut ftp = server.connect().await;

    ftp.expect("USER alice", 331).await;
    let refused = ftp.say(&format!("PASS {PASSWORD}")).await;

    assert_eq!(refused.lines, ["530 Login incorrect."]);
}

/// AUT-13, AUT-18.
#[tokio::test]
async fn whoever_is_logged_in_cannot_log_in_twice() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect(&format!("PASS {PASSWORD}"), 503).await;
    ftp.expect("ACCT x", 202).await;
}

/// AUT-14, AUT-15.
#[tokio::test]
async fn another_user_begins_at_its_own_home_without_the_first_ones_port() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.account("bob").await;
    server.put(&alice, "d/a", b"1");
    let mut ftp = server.login("alice").await;
    ftp.expect("CWD d", 250).await;
    ftp.expect("EPSV", 229).await;

    ftp.expect("USER bob", 331).await;
    ftp.expect("LIST", 530).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 230).await;

    ftp.play(
        "
        C: PWD
        S: 257 \"/\" is the current directory
        C: LIST
        S: 425 …
    ",
    )
    .await;
}

/// AUT-16.
#[tokio::test]
async fn rein_leads_back_to_the_greeting() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("REIN", 220).await;

    ftp.expect("PWD", 530).await;
    ftp.expect("USER alice", 331).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 230).await;
    let status = ftp.expect("STAT", 211).await;
    assert!(
        status.lines.iter().any(|line| line.contains("TYPE: A")),
        "{status:?}"
    );
}

/// AUT-17.
#[tokio::test]
async fn rein_does_not_lead_out_of_tls() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;

    ftp.expect("REIN", 502).await;

    ftp.expect("PWD", 257).await;
}

/// AUT-19.
#[tokio::test]
async fn an_account_with_all_its_sessions_open_hears_421() {
    let server = TestServer::start().await;
    server
        .account_with(
            "alice",
            Allowed {
                sessions: Some(1),
                ..Allowed::default()
            },
        )
        .await;
    let mut first = server.login("alice").await;
    let mut second = server.connect().await;

    second.expect("USER alice", 331).await;
    second.expect(&format!("PASS {PASSWORD}"), 421).await;

    second.expect_end().await;
    first.expect("NOOP", 200).await;
}

/// AUT-20, S-14.
#[tokio::test]
async fn an_address_with_all_its_connections_open_hears_421_instead_of_220() {
    let server = TestServer::start().await;
    server.set(&[("max_sessions_per_address", "2")]).await;
    let _first = server.connect().await;
    let _second = server.connect().await;

    let mut third = FtpClient::connect_silently(server.ftp(), [127, 0, 0, 1].into()).await;

    third.expect_reply(421).await;
    third.expect_end().await;
    server
        .connect_from([127, 0, 0, 2])
        .await
        .expect("NOOP", 200)
        .await;
}

/// AUT-22.
#[tokio::test]
async fn a_quit_during_the_password_is_answered_after_it() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;

    ftp.send(format!("USER alice\r\nPASS {PASSWORD}\r\nQUIT\r\n"))
        .await;

    for code in [331, 230, 221] {
        ftp.expect_reply(code).await;
    }
}

/// AUT-30, AUT-31.
#[tokio::test]
async fn english_is_spoken() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.play(
        "
        C: LANG
        S: 200 …
        C: LANG EN
        S: 200 …
        C: LANG en-US
        S: 200 …
        C: LANG FR
        S: 504 …
        C: LANG a b
        S: 501 …
        C: CLNT Test
        S: 200 Noted.
    ",
    )
    .await;
}

/// TLS-08.
#[tokio::test]
async fn where_tls_is_required_no_password_is_asked_for_in_the_clear() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server.set(&[("tls_policy", "required")]).await;
    let mut ftp = server.connect().await;

    ftp.play(
        "
        C: FEAT
        S: 211-Features:
    ",
    )
    .await;
    let mut ftp = server.connect().await;
    for name in ["alice", "nosuch"] {
        let refused = ftp.say(&format!("USER {name}")).await;
        assert_eq!(refused.lines, ["530 TLS required; use AUTH TLS."]);
    }
    ftp.expect(&format!("PASS {PASSWORD}"), 530).await;

    ftp.secure().await;
    ftp.log_in("alice", PASSWORD).await;
}

/// The exception for an old device.
#[tokio::test]
async fn an_account_with_an_exception_logs_in_and_moves_files_in_the_clear() {
    let server = TestServer::start().await;
    let camera = server
        .account_with(
            "camera",
            Allowed {
                tls: TlsRule::Optional,
                ..Allowed::default()
            },
        )
        .await;
    server.set(&[("tls_policy", "required")]).await;

    let mut ftp = server.login("camera").await;
    let stored = ftp.upload("STOR a.jpg", b"jpeg").await;

    assert_eq!(stored.code, 226);
    assert_eq!(server.read(&camera, "a.jpg").as_deref(), Some(&b"jpeg"[..]));
}

/// TLS-09.
#[tokio::test]
async fn an_account_that_needs_tls_is_refused_in_the_clear() {
    let server = TestServer::start().await;
    server
        .account_with(
            "alice",
            Allowed {
                tls: TlsRule::Required,
                ..Allowed::default()
            },
        )
        .await;
    let mut ftp = server.connect().await;

    ftp.expect("USER alice", 331).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 530).await;

    ftp.secure().await;
    ftp.log_in("alice", PASSWORD).await;
}
