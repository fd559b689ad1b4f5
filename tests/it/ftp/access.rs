//! When, from where and how an account can be used, and what open sessions feel of it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use quaymaster::clock::{TestClock, Timestamp};
use quaymaster::hosting::accounts::{AccountSettings, Files};
use quaymaster::model::{
    Account, Actor, LoginRules, NetworkRules, Override, Secret, SessionRules, TlsRule, VirtualPath,
};
use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::FtpClient;
use crate::support::samples::{MADE, later};
use crate::support::server::{Allowed, PASSWORD, TestServer, eventually};

/// The end of an account that has come.
const LONG_AGO: Timestamp = Timestamp::from_seconds(1_000_000_000);

/// From a change to what a session feels of it.
const SOON: Duration = Duration::from_secs(1);

fn allowed(rules: AccountSettings) -> Allowed {
    Allowed {
        rules,
        ..Allowed::default()
    }
}

fn session(session: SessionRules) -> Allowed {
    allowed(AccountSettings {
        session,
        ..AccountSettings::default()
    })
}

fn networks(allowed: &str, denied: &str) -> NetworkRules {
    NetworkRules {
        allowed: allowed.parse().unwrap(),
        denied: denied.parse().unwrap(),
    }
}

fn path(path: &str) -> VirtualPath {
    VirtualPath::root().resolve(path).unwrap()
}

async fn begins_in(ftp: &mut FtpClient) -> String {
    let told = ftp.expect("PWD", 257).await;
    let mut quoted = told.text().split('"').skip(1);
    quoted.next().unwrap_or_default().to_owned()
}

async fn is_refused(mut ftp: FtpClient) {
    ftp.expect("USER alice", 331).await;
    let refused = ftp.say(&format!("PASS {PASSWORD}")).await;
    assert_eq!(refused.lines, ["530 Login incorrect."]);
}

/// AUT-12.
#[tokio::test]
async fn an_account_that_has_expired_hears_what_a_wrong_password_hears() {
    let clock = TestClock::at(MADE);
    let server = TestServer::with_clock(clock.clone()).await;
    let login = LoginRules {
        expires_at: Some(later(60)),
        ..LoginRules::default()
    };
    let rules = AccountSettings {
        login,
        ..AccountSettings::default()
    };
    let alice = server.account_with("alice", allowed(rules)).await;
    clock.set(later(59));
    server.login("alice").await.expect("QUIT", 221).await;

    clock.set(later(60));

    is_refused(server.connect().await).await;
    server
        .rule(&alice, |rules| rules.login.expires_at = Some(later(61)))
        .await;
    server.login("alice").await.expect("NOOP", 200).await;
}

#[tokio::test]
async fn a_client_that_never_pauses_is_told_that_its_account_has_expired() {
    let clock = TestClock::at(MADE);
    let server = TestServer::with_clock(clock.clone()).await;
    let alice = server.account("alice").await;
    server
        .rule(&alice, |rules| rules.login.expires_at = Some(later(60)))
        .await;
    let mut ftp = server.login("alice").await;
    ftp.expect("NOOP", 200).await;

    clock.set(later(60));
    ftp.send("DELE a\r\nNOOP\r\n".repeat(50)).await;

    ftp.play("S: 421 The account has expired.").await;
    ftp.expect_end().await;
}

#[tokio::test]
async fn sessions_and_transfers_end_when_their_account_expires() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut idle = server.login("alice").await;
    let mut busy = server.login("alice").await;
    let mut data = busy.open_data().await;
    busy.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let end = server.app().clock.now().plus(Duration::from_millis(1_500));
    server
        .rule(&alice, |rules| rules.login.expires_at = Some(end))
        .await;
    idle.expect("NOOP", 200).await;
    assert!(server.app().clock.now() < end, "the machine is too slow");

    idle.play("S: 421 The account has expired.").await;
    busy.expect_reply(426).await;
    busy.play("S: 421 The account has expired.").await;

    let now = server.app().clock.now();
    assert!(now >= end, "too early");
    assert!(now.since(end) < SOON, "{:?} late", now.since(end));
    idle.expect_end().await;
    busy.expect_end().await;
    let row = server.journal(&alice).await.remove(0);
    assert_eq!(row.reason, "disconnected");
    assert_eq!(server.usage(&alice), server.disk(&alice));
}

#[tokio::test]
async fn a_later_end_is_felt_by_an_open_session() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let first = server.app().clock.now().plus(Duration::from_millis(700));
    server
        .rule(&alice, |rules| rules.login.expires_at = Some(first))
        .await;
    server
        .rule(&alice, |rules| rules.login.expires_at = None)
        .await;

    eventually("the first end has come", || {
        server.app().clock.now() > first
    })
    .await;

    ftp.expect("NOOP", 200).await;
}

#[tokio::test]
async fn an_end_in_the_past_ends_every_session_of_the_account_and_says_how_many() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.account("bob").await;
    let mut first = server.login("alice").await;
    let mut second = server.login("alice").await;
    let mut data = second.open_data().await;
    second.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let mut other = server.login("bob").await;
    let since = Instant::now();

    server
        .rule(&alice, |rules| rules.login.expires_at = Some(LONG_AGO))
        .await;

    first.play("S: 421 The account has expired.").await;
    second.expect_reply(426).await;
    second.expect_reply(421).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    other.expect("NOOP", 200).await;
    server.expect_ended("alice", 2, "changed account").await;
}

/// AUT-12.
#[tokio::test]
async fn an_account_is_used_from_its_networks_only() {
    let server = TestServer::start().await;
    let login = LoginRules {
        networks: networks("127.0.0.0/29\n::ffff:127.0.1.0/120", "127.0.0.3"),
        ..LoginRules::default()
    };
    let rules = AccountSettings {
        login,
        ..AccountSettings::default()
    };
    server.account_with("alice", allowed(rules)).await;

    for welcome in [[127, 0, 0, 2], [127, 0, 1, 9]] {
        let mut ftp = server.connect_from(welcome).await;
        ftp.log_in("alice", PASSWORD).await;
    }
    is_refused(server.connect_from([127, 0, 0, 3]).await).await;
    is_refused(server.connect_from([127, 0, 0, 9]).await).await;
    is_refused(FtpClient::connect(server.ftp_v6()).await).await;
}

#[tokio::test]
async fn a_narrower_network_ends_the_sessions_outside_of_it() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut inside = server.login("alice").await;
    let mut outside = server.connect_from([127, 0, 0, 2]).await;
    outside.log_in("alice", PASSWORD).await;
    let mut data = outside.open_data().await;
    outside.expect("STOR big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let since = Instant::now();

    server
        .rule(&alice, |rules| {
            rules.login.networks = networks("", "127.0.0.2");
        })
        .await;

    outside.expect_reply(426).await;
    outside
        .play("S: 421 The account can no longer be used from your address.")
        .await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    outside.expect_end().await;
    inside.expect("NOOP", 200).await;
    server.expect_ended("alice", 1, "changed account").await;
}

/// AUT-19.
#[tokio::test]
async fn an_account_has_so_many_sessions_at_each_address() {
    let server = TestServer::start().await;
    let limited = Allowed {
        sessions: Some(3),
        sessions_per_address: Some(1),
        ..Allowed::default()
    };
    server.account_with("alice", limited).await;
    let first = server.login("alice").await;

    let mut second = server.connect().await;
    second.expect("USER alice", 331).await;
    let refused = second.say(&format!("PASS {PASSWORD}")).await;

    assert_eq!(
        refused.lines,
        ["421 Too many sessions for this account from your address, try again later."]
    );
    second.expect_end().await;
    let mut elsewhere = server.connect_from([127, 0, 0, 2]).await;
    elsewhere.log_in("alice", PASSWORD).await;
    drop(first);
    eventually("the first is gone", || server.app().sessions.count() == 1).await;
    server.login("alice").await.expect("NOOP", 200).await;
}

#[tokio::test]
async fn a_session_begins_in_its_start_folder_while_there_is_one() {
    let server = TestServer::start().await;
    let rules = SessionRules {
        start: path("/in/today"),
        ..SessionRules::default()
    };
    let alice = server.account_with("alice", session(rules)).await;

    assert_eq!(begins_in(&mut server.login("alice").await).await, "/");
    server.put(&alice, "in/today/f", b"abc");
    let mut ftp = server.login("alice").await;

    assert_eq!(begins_in(&mut ftp).await, "/in/today");
    assert_eq!(ftp.expect("SIZE f", 213).await.text(), "3");
    ftp.expect("CDUP", 250).await;
}

#[tokio::test]
async fn a_session_does_not_begin_in_a_file() {
    let server = TestServer::start().await;
    let rules = SessionRules {
        start: path("/in/f"),
        ..SessionRules::default()
    };
    let alice = server.account_with("alice", session(rules)).await;
    server.put(&alice, "in/f", b"a file");

    assert_eq!(begins_in(&mut server.login("alice").await).await, "/");
}

/// SIT-03.
#[tokio::test]
async fn a_umask_takes_bits_from_whatever_is_made_or_changed() {
    let server = TestServer::start().await;
    let rules = SessionRules {
        umask: "027".parse().unwrap(),
        ..SessionRules::default()
    };
    let alice = server.account_with("alice", session(rules)).await;
    let mut ftp = server.login("alice").await;
    let mode = |name: &str| {
        let entry = server.home(&alice).join(name);
        entry.metadata().unwrap().permissions().mode() & 0o7_777
    };

    assert_eq!(ftp.upload("STOR f", b"abc").await.code, 226);
    assert_eq!(ftp.upload("APPE a", b"abc").await.code, 226);
    ftp.expect("MKD d", 257).await;
    assert_eq!([mode("f"), mode("a"), mode("d")], [0o640, 0o640, 0o750]);

    ftp.expect("SITE CHMOD 777 f", 200).await;
    ftp.expect("SITE CHMOD 777 d", 200).await;
    assert_eq!([mode("f"), mode("d")], [0o750, 0o750]);

    server
        .rule(&alice, |rules| rules.session.umask = "077".parse().unwrap())
        .await;
    ftp.expect("NOOP", 200).await;
    assert_eq!(ftp.upload("STOR f", b"abc").await.code, 226);
    assert_eq!(mode("f"), 0o600);
}

/// DAT-28.
#[tokio::test]
async fn active_mode_is_what_the_account_says_whatever_the_server_says() {
    let server = TestServer::start().await;
    let active = |is_allowed| SessionRules {
        active_mode: Override::Own(is_allowed),
        ..SessionRules::default()
    };
    let alice = server.account_with("alice", session(active(false))).await;
    server.account_with("bob", session(active(true))).await;
    server.account("carol").await;
    let port = "PORT 127,0,0,1,100,100";
    let eprt = "EPRT |1|127.0.0.1|25700|";

    let mut refused = server.login("alice").await;
    refused.expect(port, 502).await;
    refused.expect(eprt, 502).await;
    refused.expect("EPSV", 229).await;
    server.login("carol").await.expect(port, 200).await;
    server.set(&[("active_mode", "false")]).await;

    server.login("carol").await.expect(port, 502).await;
    server.login("bob").await.expect(eprt, 200).await;
    server
        .rule(&alice, |rules| {
            rules.session.active_mode = Override::Own(true);
        })
        .await;
    refused.expect("NOOP", 200).await;
    refused.expect(port, 200).await;
}

/// STO-21, SEC-T08.
#[tokio::test]
async fn a_forbidden_name_is_refused_by_everything_that_makes_names() {
    let server = TestServer::start().await;
    let rules = SessionRules {
        denied_names: Override::Own("*.php .ht* secret?".parse().unwrap()),
        ..SessionRules::default()
    };
    let alice = server.account_with("alice", session(rules)).await;
    server.put(&alice, "old.php", b"abc");
    server.put(&alice, "f", b"abc");
    server
        .set(&[("denied_names", "*.exe"), ("create_folders", "true")])
        .await;
    let mut ftp = server.login("alice").await;
    ftp.expect("RNFR f", 350).await;

    for command in [
        "RNTO f.PHP",
        "STOR a.php",
        "STOR /d/../A.pHp",
        "STOR x.exe",
        "STOR old.php",
        "STOR .htaccess/f",
        "APPE .htaccess",
        "APPE old.php",
        "STOU b.Php",
        "MKD .HTdocs",
        "MKD new/secret1",
    ] {
        let refused = ftp.say(command).await;
        assert_eq!(refused.lines, ["553 File name not allowed."], "{command}");
    }

    assert_eq!(server.names(&alice, ""), ["f", "new", "old.php"]);
    for command in ["SIZE old.php", "MDTM old.php"] {
        ftp.expect(command, 213).await;
    }
    assert_eq!(ftp.upload("STOR a.php5", b"").await.code, 226);
    ftp.expect("RNFR old.php", 350).await;
    ftp.expect("RNTO old.txt", 250).await;
    server
        .rule(&alice, |rules| {
            rules.session.denied_names = Override::Inherit;
        })
        .await;
    ftp.expect("NOOP", 200).await;
    assert_eq!(ftp.upload("STOR a.php", b"").await.code, 226);
    ftp.expect("MKD x.exe", 553).await;
}

/// Names are forbidden by the plan unless the account has a list of its own.
#[tokio::test]
async fn a_plan_forbids_names_for_accounts_that_do_not() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let rules = SessionRules {
        denied_names: Override::Own("*.sh".parse().unwrap()),
        ..SessionRules::default()
    };
    server.account_with("bob", session(rules)).await;
    let mut alice = server.login("alice").await;
    let mut bob = server.login("bob").await;
    alice.expect("MKD a.php", 257).await;

    let names = "*.php".parse().unwrap();
    server.change_plan(|plan| plan.denied_names = names).await;

    let since = Instant::now();
    while alice.say("MKD b.php").await.code != 553 {
        assert!(since.elapsed() < SOON, "the plan is not felt");
        alice.say("RMD b.php").await;
    }
    bob.expect("MKD b.php", 257).await;
    bob.expect("MKD b.sh", 553).await;
}

/// S-30, SEC-T25: whatever takes a login away says in the audit log how many sessions it ended.
#[tokio::test]
async fn every_revocation_says_how_many_sessions_it_ended() {
    let server = TestServer::start().await;
    let actor = Actor::system();
    let accounts = &server.app().accounts;
    let open = async |account: &Account| {
        let name = account.username.as_str();
        [server.login(name).await, server.login(name).await]
    };
    let told = async |object: &str, by: &str| server.expect_ended(object, 2, by).await;
    let exception = Allowed {
        tls: TlsRule::Optional,
        ..Allowed::default()
    };

    let suspended = server.account("suspended").await;
    let sessions = open(&suspended).await;
    accounts.suspend(&actor, suspended.id, "").await.unwrap();
    all_end(sessions).await;
    told("suspended", "suspended account").await;

    let deleted = server.account("deleted").await;
    let sessions = open(&deleted).await;
    accounts
        .delete(&actor, deleted.id, (Files::Keep, 7))
        .await
        .unwrap();
    all_end(sessions).await;
    told("deleted", "deleted account").await;

    let renewed = server.account("renewed").await;
    let sessions = open(&renewed).await;
    let password = Secret::new("another horse battery".to_owned());
    accounts
        .set_password(&actor, renewed.id, password)
        .await
        .unwrap();
    all_end(sessions).await;
    told("renewed", "reset password of account").await;

    let plain = server.account_with("plain", exception).await;
    let sessions = open(&plain).await;
    server
        .rule(&plain, |rules| rules.tls = TlsRule::Required)
        .await;
    all_end(sessions).await;
    told("plain", "changed account").await;

    let last = server.account("last").await;
    let sessions = open(&last).await;
    let customer = server.customer();
    let customers = &server.app().customers;
    customers.suspend(&actor, customer.id).await.unwrap();
    all_end(sessions).await;
    told(&customer.name, "suspended customer").await;
}

/// A change that takes nothing away ends nobody, and says nothing.
#[tokio::test]
async fn a_harmless_change_leaves_no_entry_about_sessions() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;

    server
        .rule(&alice, |rules| rules.notes = "A note".to_owned())
        .await;

    ftp.expect("NOOP", 200).await;
    assert!(server.ended("alice").await.is_empty());
}

async fn all_end(sessions: [FtpClient; 2]) {
    let since = Instant::now();
    for mut session in sessions {
        session.expect_reply(421).await;
        session.expect_end().await;
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
}
