//! What administrators do is felt by open sessions.

use std::time::{Duration, Instant};

use quaymaster::hosting::accounts::AccountSettings;
use quaymaster::hosting::sessions::Order;
use quaymaster::model::{
    AccountLimits, AccountStatus, Actor, AuditAction, AuditEvent, Override, PermissionProfile,
};
use tokio::io::AsyncWriteExt;

use crate::support::samples::MADE;
use crate::support::server::{TestServer, eventually};

/// CTL-43.
#[tokio::test]
async fn a_disconnected_session_hears_421() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let id = server.app().sessions.snapshot()[0].id;

    server.app().sessions.order(
        id,
        Order::Disconnect("Closed by the administrator.".to_owned()),
    );

    ftp.play("S: 421 Closed by the administrator.").await;
    ftp.expect_end().await;
}

/// AUT-21, SEC-T25.
#[tokio::test]
async fn a_suspension_ends_a_running_transfer_within_a_second() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let since = Instant::now();

    server
        .app()
        .accounts
        .suspend(&Actor::system(), alice.id, "unpaid")
        .await
        .unwrap();

    ftp.expect_reply(426).await;
    ftp.expect_reply(421).await;
    ftp.expect_end().await;
    assert!(
        since.elapsed() < Duration::from_secs(1),
        "{:?}",
        since.elapsed()
    );
    eventually("the session is gone", || server.app().sessions.count() == 0).await;
}

/// An administrator's "abort this transfer".
#[tokio::test]
async fn an_aborted_transfer_hears_426_and_its_session_goes_on() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let _data = ftp.open_data().await;
    ftp.expect("STOR big", 150).await;
    let id = server.app().sessions.snapshot()[0].id;

    server.app().sessions.order(id, Order::AbortTransfer);

    ftp.expect_reply(426).await;
    ftp.expect("NOOP", 200).await;
}

/// S-30.
#[tokio::test]
async fn changed_permissions_hold_from_the_next_command_on() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("MKD before", 257).await;

    let settings = AccountSettings {
        permissions: PermissionProfile::ReadOnly,
        tls: alice.tls,
        limits: AccountLimits {
            bytes: Override::Own(Some(100)),
            ..alice.limits
        },
        ..AccountSettings::default()
    };
    server
        .app()
        .accounts
        .change(&Actor::system(), alice.id, alice.version, settings)
        .await
        .unwrap();

    ftp.expect("NOOP", 200).await;
    ftp.expect("MKD after", 550).await;
    let quota = ftp.expect("SITE QUOTA", 200).await;
    assert!(quota.lines[1].ends_with("limit=100"), "{quota:?}");
}

/// Settings that change are felt by open sessions too.
#[tokio::test]
async fn active_mode_is_switched_off_for_open_sessions() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("PORT 127,0,0,1,100,100", 200).await;

    server.set(&[("active_mode", "false")]).await;

    for _ in 0..100 {
        if ftp.say("PORT 127,0,0,1,100,100").await.code == 502 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("active mode is still on");
}

/// PRF-06.
#[tokio::test]
async fn at_shutdown_idle_sessions_hear_421_and_transfers_finish() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let home = server.home(&alice);
    let mut idle = server.login("alice").await;
    let mut busy = server.login("alice").await;
    let mut data = busy.open_data().await;
    busy.expect("STOR f", 150).await;

    let stopping = tokio::spawn(server.stop());
    idle.expect_reply(421).await;
    idle.expect_end().await;
    data.write_all(b"in time").await.unwrap();
    drop(data);

    busy.expect_reply(226).await;
    assert_eq!(std::fs::read(home.join("f")).unwrap(), b"in time");
    busy.expect_reply(421).await;
    busy.expect_end().await;
    stopping.await.unwrap();
}

/// A deleted account is nobody's any more.
#[tokio::test]
async fn a_deletion_ends_the_sessions_of_the_account() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;

    let files = quaymaster::hosting::accounts::Files::Keep;
    server
        .app()
        .accounts
        .delete(&Actor::system(), alice.id, (files, 7))
        .await
        .unwrap();

    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}

/// An exception that is taken back ends the sessions that lived on it.
#[tokio::test]
async fn without_its_exception_a_plain_session_ends() {
    let server = TestServer::start().await;
    let exception = crate::support::server::Allowed {
        tls: quaymaster::model::TlsRule::Optional,
        ..Default::default()
    };
    let camera = server.account_with("camera", exception).await;
    server.set(&[("tls_policy", "required")]).await;
    let mut ftp = server.login("camera").await;

    let settings = AccountSettings {
        permissions: camera.permissions,
        tls: quaymaster::model::TlsRule::Inherit,
        limits: camera.limits,
        ..AccountSettings::default()
    };
    server
        .app()
        .accounts
        .change(&Actor::system(), camera.id, camera.version, settings)
        .await
        .unwrap();

    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}

/// An older version meets what a newer one wrote; it still hears of everything after it.
#[tokio::test]
async fn a_change_that_cannot_be_followed_does_not_hide_the_next_one() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let db = &server.app().foundation.db;
    let event = |action, object_id| AuditEvent {
        seq: 0,
        at: MADE,
        admin_id: None,
        actor: "another process".to_owned(),
        ip: String::new(),
        action,
        object: String::new(),
        object_id,
        changes: Vec::new(),
    };
    let unreadable = ("idle_timeout", "300", "soon");
    let unreadable = [unreadable].map(|(key, before, after)| {
        let (before, after) = (before.to_owned(), after.to_owned());
        (key.to_owned(), before, after)
    });
    let seen = db.settings().await.unwrap().revision;

    let mut tx = db.begin().await.unwrap();
    tx.change_settings(seen, MADE, "another process", &unreadable)
        .await
        .unwrap();
    tx.append_audit(&event(AuditAction::SettingsChanged, String::new()))
        .await
        .unwrap();
    tx.set_account_status(alice.id, AccountStatus::Suspended, "unpaid", MADE)
        .await
        .unwrap();
    let id = alice.id.to_string();
    tx.append_audit(&event(AuditAction::AccountSuspended, id))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}
