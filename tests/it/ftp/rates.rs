//! How fast bytes move where that is limited. What is asserted always is that nothing is faster; that
//! it is hardly slower either is asserted where the machine has nothing else to do (nightly).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use quaymaster::hosting::accounts::AccountSettings;
use quaymaster::model::{Account, AccountLimits, Actor, Limit, Override, TlsRule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::ftp_client::FtpClient;
use crate::support::server::{Allowed, TestServer, eventually, rounds};

const MIB: usize = 1 << 20;
const RATE: Limit = Some(MIB as u64);
/// What may be moved at once after a rest, and a little more.
const BURST: Duration = Duration::from_millis(300);

/// As many mebibytes at one a second; so many seconds.
fn mebibytes() -> usize {
    rounds(2, 4)
}

fn assert_paced(took: Duration, seconds: usize) {
    let due = Duration::from_secs(seconds as u64);
    assert!(took + BURST >= due, "{took:?} instead of {due:?}");
    let is_quiet = rounds(1, 2) > 1;
    assert!(!is_quiet || took <= due.mul_f64(1.05), "{took:?}");
}

async fn log_in(server: &TestServer, name: &str, with_tls: bool) -> FtpClient {
    if with_tls {
        server.login_tls(name).await
    } else {
        server.login(name).await
    }
}

/// Puts other rates in force while sessions work.
async fn set_rates(server: &TestServer, account: &Account, up: Limit, down: Limit) {
    let settings = AccountSettings {
        limits: AccountLimits {
            upload_rate: Override::Own(up),
            download_rate: Override::Own(down),
            ..account.limits
        },
        tls: account.tls,
        ..AccountSettings::default()
    };
    let accounts = &server.app().accounts;
    accounts
        .change(&Actor::system(), account.id, account.version, settings)
        .await
        .unwrap();
}

/// RAT-01, RAT-05.
#[tokio::test]
async fn a_download_takes_the_time_that_the_rate_gives_it() {
    let server = TestServer::start().await;
    let limited = Allowed {
        download_rate: RATE,
        tls: TlsRule::Optional,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let content = vec![7; mebibytes() * MIB];
    server.put(&alice, "big", &content);
    for with_tls in [false, true] {
        let mut ftp = log_in(&server, "alice", with_tls).await;
        let begun = Instant::now();

        let got = ftp.download("RETR big").await;

        assert_paced(begun.elapsed(), mebibytes());
        assert!(got == content);
    }
}

/// RAT-05.
#[tokio::test]
async fn an_upload_takes_the_time_that_the_rate_gives_it() {
    let server = TestServer::start().await;
    let limited = Allowed {
        upload_rate: RATE,
        tls: TlsRule::Optional,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let content = vec![7; mebibytes() * MIB];
    for with_tls in [false, true] {
        let mut ftp = log_in(&server, "alice", with_tls).await;
        let begun = Instant::now();

        let reply = ftp.upload("STOR big", &content).await;

        assert_paced(begun.elapsed(), mebibytes());
        assert_eq!(reply.code, 226);
        assert!(server.read(&alice, "big").unwrap() == content);
    }
}

/// RAT-02.
#[tokio::test]
async fn sessions_of_an_account_share_its_rate() {
    let server = TestServer::start().await;
    let limited = Allowed {
        download_rate: RATE,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    server.put(&alice, "part", &vec![7; mebibytes() * MIB / 4]);
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(server.login("alice").await);
    }
    let begun = Instant::now();

    let downloads = sessions.iter_mut().map(async |ftp| {
        ftp.download("RETR part").await;
        begun.elapsed()
    });
    let times = join_all(downloads).await;

    assert_paced(begun.elapsed(), mebibytes());
    // Nobody was served long before the others.
    let first = times.into_iter().min().unwrap();
    assert!(first > begun.elapsed().mul_f64(0.6), "{first:?}");
}

/// RAT-03.
#[tokio::test]
async fn a_throttled_transfer_delays_no_reply() {
    const PROMPT: Duration = Duration::from_secs(1);
    let server = TestServer::start().await;
    let limited = Allowed {
        download_rate: Some(10 << 10),
        upload_rate: Some(10 << 10),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    server.put(&alice, "big", &vec![7; MIB]);
    let mut other = server.login("alice").await;
    for command in ["RETR big", "STOR new"] {
        let mut ftp = server.login("alice").await;
        let mut data = ftp.open_data().await;
        ftp.expect(command, 150).await;
        if command.starts_with("STOR") {
            data.write_all(&[7; 10_000]).await.unwrap();
        }

        let begun = Instant::now();
        other.expect("NOOP", 200).await;
        ftp.expect("ABOR", 426).await;
        ftp.expect_reply(226).await;

        assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    }
}

/// RAT-04.
#[tokio::test]
async fn a_rate_that_is_lifted_no_longer_holds_a_running_transfer() {
    let server = TestServer::start().await;
    let limited = Allowed {
        download_rate: Some(1 << 10),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let content = vec![7; 5 * MIB];
    server.put(&alice, "big", &content);
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut got = vec![0];
    data.read_exact(&mut got).await.unwrap();

    set_rates(&server, &alice, None, None).await;

    data.read_to_end(&mut got).await.unwrap();
    ftp.expect_reply(226).await;
    assert!(got == content);
}

/// RAT-04.
#[tokio::test]
async fn a_rate_that_is_lowered_holds_for_a_running_transfer() {
    const SLOW: u64 = 512 << 10;
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR new", 150).await;
    data.write_all(&vec![7; MIB]).await.unwrap();
    let moved = || {
        server.app().sessions.snapshot()[0]
            .transfer
            .as_ref()
            .unwrap()
            .moved_bytes
    };
    eventually("the first mebibyte has arrived", || moved() == MIB as u64).await;

    set_rates(&server, &alice, Some(SLOW), None).await;
    // At the latest with the next login the account's new rate is in force.
    let _other = server.login("alice").await;
    let begun = Instant::now();
    data.write_all(&vec![7; MIB]).await.unwrap();
    drop(data);

    ftp.expect_reply(226).await;
    assert!(
        begun.elapsed() > Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

/// RAT-06.
#[tokio::test]
async fn a_slow_upload_leaves_downloads_alone() {
    let server = TestServer::start().await;
    let limited = Allowed {
        upload_rate: Some(1 << 10),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    let content = vec![7; 5 * MIB];
    server.put(&alice, "big", &content);
    let mut slow = server.login("alice").await;
    let mut data = slow.open_data().await;
    slow.expect("STOR new", 150).await;
    data.write_all(&[7; 10_000]).await.unwrap();

    let got = server.login("alice").await.download("RETR big").await;

    assert!(got == content);
    slow.expect("ABOR", 426).await;
}

#[tokio::test]
async fn all_accounts_share_the_rate_of_the_server() {
    let server = TestServer::start().await;
    server.set(&[("upload_rate", "1 MiB/s")]).await;
    let content = vec![7; mebibytes() * MIB / 2];
    let mut sessions = Vec::new();
    for name in ["alice", "bob"] {
        server.account(name).await;
        sessions.push(server.login(name).await);
    }
    let begun = Instant::now();

    let uploads = sessions
        .iter_mut()
        .map(async |ftp| ftp.upload("STOR new", &content).await);
    let replies = join_all(uploads).await;

    assert_paced(begun.elapsed(), mebibytes());
    assert!(replies.iter().all(|reply| reply.code == 226));
}

/// Folders are looked at while a slow download runs.
#[tokio::test]
async fn a_listing_is_not_throttled() {
    let server = TestServer::start().await;
    let limited = Allowed {
        download_rate: Some(1 << 10),
        ..Allowed::default()
    };
    let alice = server.account_with("alice", limited).await;
    for number in 0..1_000 {
        server.put(&alice, &format!("file-{number}"), b"");
    }

    let listed = server.login("alice").await.download("LIST").await;

    assert!(listed.len() > 50_000, "{}", listed.len());
}

#[tokio::test]
async fn a_rate_of_the_server_holds_for_running_transfers() {
    let server = TestServer::start().await;
    server.set(&[("download_rate", "1 KiB/s")]).await;
    let alice = server.account("alice").await;
    let content = vec![7; 5 * MIB];
    server.put(&alice, "big", &content);
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut got = vec![0];
    data.read_exact(&mut got).await.unwrap();

    server.set(&[("download_rate", "")]).await;

    data.read_to_end(&mut got).await.unwrap();
    ftp.expect_reply(226).await;
    assert!(got == content);
}

/// The end of a file costs nothing of the rate.
#[tokio::test]
async fn many_small_files_are_as_fast_as_a_large_one() {
    let server = TestServer::start().await;
    let limited = Allowed {
        upload_rate: RATE,
        ..Allowed::default()
    };
    server.account_with("alice", limited).await;
    for with_tls in [false, true] {
        let mut ftp = log_in(&server, "alice", with_tls).await;
        let begun = Instant::now();

        for number in 0..100 {
            let stored = ftp.upload(&format!("STOR {number}"), &[7; 5_000]).await;
            assert_eq!(stored.code, 226);
        }

        // Half a second by the rate; two and a half if each file cost another piece.
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
}
