//! Checksums of uploads: computed while a file arrives, told by the journal.

use std::process::Command;
use std::time::{Duration, Instant};

use quaymaster::hosting::accounts::AccountSettings;
use quaymaster::model::{Account, Checksum, JournalEntry, Override, SessionRules, TransferResult};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::FtpClient;
use crate::support::process::Installation;
use crate::support::server::{Allowed, PASSWORD, TestServer, eventually};

/// Sizes around the edges of buffers and hops: nothing, what is written on the spot, what takes a hop,
/// exactly a buffer, and several runs.
const SIZES: [usize; 8] = [0, 5, 65_536, 65_537, 131_072, 131_073, 262_144, 9_000_001];

/// How long a change may take to be felt.
const SOON: Duration = Duration::from_secs(10);

async fn careful() -> (TestServer, Account) {
    let server = TestServer::start().await;
    server.set(&[("checksum", "sha256")]).await;
    let alice = server.account("alice").await;
    (server, alice)
}

fn content(length: usize) -> Vec<u8> {
    let numbers = 0..u32::try_from(length / 4 + 1).unwrap();
    let bytes = numbers.flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes());
    bytes.take(length).collect()
}

fn sum(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn sums(rows: Vec<JournalEntry>) -> Vec<Option<String>> {
    rows.into_iter().map(|row| row.sha256).collect()
}

async fn stores_all_sizes(server: &TestServer, alice: &Account, mut ftp: FtpClient) {
    for length in SIZES {
        let (command, bytes) = (format!("STOR f{length}"), content(length));
        assert_eq!(ftp.upload(&command, &bytes).await.code, 226, "{length}");
    }

    let rows = server.journal(alice).await;
    assert_eq!(rows.len(), SIZES.len());
    for (row, length) in rows.into_iter().zip(SIZES) {
        let stored = server.read(alice, &format!("f{length}")).unwrap();
        assert_eq!(stored, content(length), "{length}");
        assert_eq!(row.sha256, Some(sum(&stored)), "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_upload_of_any_size_has_the_checksum_of_its_file() {
    let (server, alice) = careful().await;
    let ftp = server.login("alice").await;

    stores_all_sizes(&server, &alice, ftp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_upload_of_any_size_has_the_checksum_of_its_file() {
    let (server, alice) = careful().await;
    let ftp = server.login_tls("alice").await;

    stores_all_sizes(&server, &alice, ftp).await;
}

#[tokio::test]
async fn a_text_has_the_checksum_of_what_was_stored_not_of_what_was_sent() {
    let (server, alice) = careful().await;
    let mut ftp = server.login("alice").await;
    ftp.expect("TYPE A", 200).await;
    let long = b"line\r\n".repeat(50_000);

    ftp.upload("STOR short", b"a\r\nb\r\nc\r").await;
    ftp.upload("STOR long", &long).await;

    let stored = ["short", "long"].map(|name| server.read(&alice, name).unwrap());
    assert_eq!(stored[0], b"a\nb\nc\r");
    assert_eq!(stored[1], b"line\n".repeat(50_000));
    let told = sums(server.journal(&alice).await);
    assert_eq!(told, stored.map(|bytes| Some(sum(&bytes))));
}

#[tokio::test]
async fn only_a_file_that_arrived_as_a_whole_has_a_checksum() {
    let (server, alice) = careful().await;
    let mut ftp = server.login("alice").await;

    ftp.upload("APPE new", b"hello").await;
    ftp.upload("APPE new", b" you").await;
    ftp.expect("REST 5", 350).await;
    ftp.upload("STOR new", b", all").await;
    ftp.upload("STOR new", b"replaced").await;
    ftp.upload("STOU", b"unique").await;

    let told = sums(server.journal(&alice).await);
    assert_eq!(
        told,
        [
            Some(sum(b"hello")),
            None,
            None,
            Some(sum(b"replaced")),
            Some(sum(b"unique"))
        ]
    );
    assert_eq!(
        server.read(&alice, "new").as_deref(),
        Some(&b"replaced"[..])
    );
}

#[tokio::test]
async fn what_broke_off_has_no_checksum() {
    let (server, alice) = careful().await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;
    data.write_all(&[7; 5_000]).await.unwrap();
    eventually("bytes arrived", || {
        let sessions = server.app().sessions.snapshot();
        sessions
            .iter()
            .any(|session| session.received_bytes == 5_000)
    })
    .await;

    ftp.expect("ABOR", 426).await;
    ftp.expect_reply(226).await;

    let row = server.journal(&alice).await.remove(0);
    assert_eq!(
        (row.result, row.size),
        (TransferResult::Aborted, Some(5_000))
    );
    assert_eq!(row.sha256, None);
}

/// Account, plan, server: the first that says something decides, from the next upload on.
#[tokio::test]
async fn open_sessions_follow_when_account_plan_or_server_change_their_mind() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let unwilling = AccountSettings {
        session: SessionRules {
            checksum: Override::Own(Checksum::Off),
            ..SessionRules::default()
        },
        ..AccountSettings::default()
    };
    let unwilling = Allowed {
        rules: unwilling,
        ..Allowed::default()
    };
    let heron = server.account_with("heron", unwilling).await;
    let (mut ftp, mut other) = (server.login("alice").await, server.login("heron").await);
    let mut store = async || {
        ftp.upload("STOR f", b"hello").await;
        other.upload("STOR f", b"hello").await;
        server.journal(&alice).await.pop().unwrap().sha256
    };
    let hello = Some(sum(b"hello"));

    let at_first = store().await;
    server.set(&[("checksum", "sha256")]).await;
    let by_server = store().await;
    let off = Override::Own(Checksum::Off);
    server.change_plan(|plan| plan.checksum = off).await;
    let since = Instant::now();
    while store().await == hello {
        assert!(since.elapsed() < SOON, "the plan is not felt");
    }
    let own = Override::Own(Checksum::Sha256);
    server
        .rule(&alice, |rules| rules.session.checksum = own)
        .await;
    let by_account = store().await;

    assert_eq!((at_first, by_server), (None, hello.clone()));
    assert_eq!(by_account, hello);
    let told = sums(server.journal(&heron).await);
    assert!(told.len() > 3 && told.iter().all(Option::is_none));
}

/// The setting of a running server, changed by another process; and another program that computes the
/// same.
#[tokio::test]
async fn a_setting_on_the_command_line_holds_for_a_running_server() {
    let mut place = Installation::new(5);
    place.account("alice", &[]).await;
    place.set(&[("tls_policy", "optional")]).await;
    let mut ftp = FtpClient::connect(place.start().await).await;
    ftp.log_in("alice", PASSWORD).await;

    let before = place.run(&["settings", "get", "checksum"]).await;
    let told = place.run(&["settings", "set", "checksum=sha256"]).await;
    let changed = place.run(&["settings", "list", "--changed"]).await;
    let wrong = place.try_run(&["settings", "set", "checksum=md4"]).await;
    let unknown = place.try_run(&["settings", "set", "colour=blue"]).await;

    assert_eq!((before.trim(), told.trim()), ("off", "checksum = sha256"));
    assert!(changed.contains("checksum = sha256\n"), "{changed}");
    assert!(!changed.contains("durability"), "{changed}");
    let complaint = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        complaint.contains("checksum: Choose one of: off sha256"),
        "{complaint}"
    );
    assert!(!wrong.status.success() && !unknown.status.success());
    // The server looks for changes once a second; every upload says whether it has.
    let since = Instant::now();
    let told = loop {
        ftp.upload("STOR f", b"hello").await;
        let latest = place.journal().await.into_iter().next();
        if let Some(told) = latest.and_then(|row| row.sha256) {
            break told;
        }
        assert!(since.elapsed() < SOON, "the setting is not felt");
    };
    let file = place.home("alice").join("f");
    let printed = Command::new("sha256sum").arg(file).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed.split(' ').next(), Some(told.as_str()));
    place.stop().await;
}
