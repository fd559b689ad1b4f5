//! Traffic of a month: exact to the byte on every way that bytes take, and counted anew by itself.

use std::time::Duration;

use futures_util::future::join_all;
use quaymaster::clock::{TestClock, Timestamp};
use quaymaster::hosting::accounts::{AccountSettings, Files};
use quaymaster::model::page::AuditQuery;
use quaymaster::model::{
    Account, AccountLimits, Actor, Limit, Moved, Override, PoolTraffic, ResetDay, Scope, TlsRule,
    Traffic, TrafficOwner, TransferResult,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::ftp_client::{FtpClient, Reply};
use crate::support::server::{Allowed, PASSWORD, TestServer, eventually};

/// 2026-11-10 12:00 UTC.
const NOW: Timestamp = Timestamp::from_seconds(1_794_312_000);
const MILLION: usize = 1_000_000;

fn down(bytes: usize) -> Allowed {
    let limit = Some(bytes as u64);
    allowed(Traffic {
        down: limit,
        ..Traffic::default()
    })
}

fn up(bytes: usize) -> Allowed {
    let limit = Some(bytes as u64);
    allowed(Traffic {
        up: limit,
        ..Traffic::default()
    })
}

fn allowed(traffic: Traffic<Limit>) -> Allowed {
    Allowed {
        traffic,
        tls: TlsRule::Optional,
        ..Allowed::default()
    }
}

async fn log_in(server: &TestServer, with_tls: bool, ascii: bool) -> FtpClient {
    let mut ftp = if with_tls {
        server.login_tls("alice").await
    } else {
        server.login("alice").await
    };
    if ascii {
        ftp.expect("TYPE A", 200).await;
    }
    ftp
}

/// Downloads as much as there is; how many bytes arrived, and the final reply.
async fn download(ftp: &mut FtpClient, name: &str) -> (usize, Reply) {
    let stream = ftp.open_data().await;
    let opening = ftp.say(&format!("RETR {name}")).await;
    if opening.code != 150 {
        return (0, opening);
    }
    let mut data = ftp.dress(stream).await;
    let mut got = Vec::new();
    let _broken_off = data.read_to_end(&mut got).await;
    (got.len(), ftp.reply().await)
}

/// Puts other limits of traffic in force while everything runs.
async fn set_traffic(server: &TestServer, account: &Account, traffic: Traffic<Limit>) {
    let accounts = &server.app().accounts;
    let now = accounts.details(account.id).await.unwrap().account;
    let settings = AccountSettings {
        limits: AccountLimits {
            traffic: traffic.map(Override::Own),
            ..now.limits
        },
        ..AccountSettings::of(&now)
    };
    let system = Actor::system();
    let changed = accounts.change(&system, now.id, now.version, settings);
    changed.await.unwrap();
}

/// QUO-24.
#[tokio::test]
async fn a_used_up_allowance_hears_450_until_the_month_is_over() {
    let clock = TestClock::at(NOW);
    let server = TestServer::with_clock(clock.clone()).await;
    let alice = server.account_with("alice", down(MILLION)).await;
    server.put(&alice, "a", &vec![7; MILLION]);
    server.put(&alice, "empty", b"");
    let mut ftp = server.login("alice").await;

    assert_eq!(download(&mut ftp, "a").await.0, MILLION);

    assert_eq!(server.moved(&alice).down, MILLION as u64);
    ftp.expect("EPSV", 229).await;
    ftp.play(
        "C: RETR a
         S: 450 Transfer allowance used up until 2026-12-01 00:00 UTC.
         C: RETR empty
         S: 450 Transfer allowance used up until 2026-12-01 00:00 UTC.
         C: RETR missing
         S: 550 No such file or directory.",
    )
    .await;
    assert_eq!(ftp.upload("STOR b", &vec![1; MILLION]).await.code, 226);
    let rows = server.journal(&alice).await;
    let refused = rows.iter().find(|row| row.reply_code == 450).unwrap();
    assert_eq!(
        (refused.result, refused.reason.as_str()),
        (TransferResult::Refused, "traffic")
    );

    // Nothing is restarted, and nobody logs in anew.
    clock.set(Timestamp::from_seconds(1_796_083_200));

    assert_eq!(server.moved(&alice).down, 0);
    assert_eq!(download(&mut ftp, "a").await.0, MILLION);
    assert_eq!(server.moved(&alice).down, MILLION as u64);
}

/// QUO-24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_down_lets_a_byte_more_through() {
    for (with_tls, ascii, size) in [
        (false, false, 50_000),
        (false, false, 20 * MILLION),
        (true, false, 50_000),
        (true, false, 3 * MILLION),
        (false, true, 3 * MILLION),
        (true, true, 50_000),
    ] {
        let limit = size * 2 / 3 + 1;
        let server = TestServer::start().await;
        let alice = server.account_with("alice", down(limit)).await;
        // Every line end of it becomes two bytes under `TYPE A`.
        server.put(&alice, "a", &vec![b'\n'; size]);
        let mut ftp = log_in(&server, with_tls, ascii).await;

        let (got, reply) = download(&mut ftp, "a").await;

        let way = format!("TLS {with_tls}, ASCII {ascii}, {size}");
        assert_eq!(reply.code, 426, "{way}: {reply:?}");
        assert!(
            reply
                .text()
                .starts_with("Transfer allowance used up until ")
        );
        assert!(got <= limit, "{way}: {got}");
        assert_eq!(server.moved(&alice).down, limit as u64, "{way}");
        assert_eq!(download(&mut ftp, "a").await.1.code, 450, "{way}");
    }
}

/// QUO-24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_up_lets_a_byte_more_through() {
    for (with_tls, ascii, size) in [
        (false, false, 50_000),
        (false, false, 20 * MILLION),
        (true, false, 50_000),
        (true, false, 3 * MILLION),
        (false, true, 3 * MILLION),
        (true, true, 50_000),
    ] {
        let limit = size * 2 / 3 + 1;
        let server = TestServer::start().await;
        let alice = server.account_with("alice", up(limit)).await;
        let mut ftp = log_in(&server, with_tls, ascii).await;
        // What crosses the connection counts, not what of it is stored.
        let content: Vec<u8> = b"\r\n".iter().copied().cycle().take(size).collect();

        let reply = ftp.upload("STOR a", &content).await;

        let way = format!("TLS {with_tls}, ASCII {ascii}, {size}");
        assert_eq!(reply.code, 426, "{way}: {reply:?}");
        assert_eq!(server.moved(&alice).up, limit as u64, "{way}");
        assert!(server.disk(&alice).bytes <= limit as u64, "{way}");
        assert_eq!(ftp.upload("STOR b", b"x").await.code, 450, "{way}");
    }
}

/// QUO-24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_ends_where_the_allowance_does_is_complete() {
    for (with_tls, ascii, size) in [
        (false, false, 1),
        (false, false, 128 * 1_024),
        (false, false, 9 * MILLION),
        (true, false, 3 * MILLION),
        (false, true, 300_000),
    ] {
        let server = TestServer::start().await;
        let limits = Traffic {
            both: Some(2 * size as u64),
            ..Traffic::default()
        };
        let alice = server.account_with("alice", allowed(limits)).await;
        let mut ftp = log_in(&server, with_tls, ascii).await;
        let content = vec![7; size];

        let stored = ftp.upload("STOR a", &content).await;
        assert_eq!(stored.code, 226, "{stored:?}");
        assert!(server.read(&alice, "a").unwrap() == content);
        let (got, reply) = download(&mut ftp, "a").await;

        assert_eq!((got, reply.code), (size, 226));
        assert_eq!(server.moved(&alice).both(), 2 * size as u64);
        assert_eq!(download(&mut ftp, "a").await.1.code, 450);
        assert_eq!(ftp.upload("STOR b", b"x").await.code, 450);
    }
}

#[tokio::test]
async fn what_was_moved_before_an_abort_counts() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", up(10 * MILLION)).await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR a", 150).await;
    data.write_all(&vec![7; 300_000]).await.unwrap();
    eventually("the bytes are received", || {
        server.moved(&alice).up == 300_000
    })
    .await;

    ftp.expect("ABOR", 426).await;
    ftp.expect_reply(226).await;

    assert_eq!(server.moved(&alice).up, 300_000);
    assert_eq!(server.moved_together().up, 300_000);
}

#[tokio::test]
async fn a_listing_is_free_up_to_a_mebibyte() {
    const EXEMPT: u64 = 1 << 20;
    let server = TestServer::start().await;
    let alice = server.account_with("alice", down(3 * MILLION)).await;
    for number in 0..4_500 {
        server.put(&alice, &format!("d/{number}{}", "x".repeat(200)), b"");
    }
    server.put(&alice, "rest", &vec![7; 3 * MILLION]);
    let mut ftp = server.login("alice").await;
    assert!(!ftp.download("LIST").await.is_empty());
    assert_eq!(server.moved(&alice).down, 0);

    let listed = ftp.download("MLSD d").await.len() as u64;

    assert!(listed > EXEMPT, "{listed}");
    assert_eq!(server.moved(&alice).down, listed - EXEMPT);
    // When nothing is left, what is free is free all the same.
    assert_eq!(download(&mut ftp, "rest").await.1.code, 426);
    assert!(!ftp.download("LIST").await.is_empty());
    let mut data = ftp.open_data().await;
    ftp.expect("MLSD d", 150).await;
    let mut got = Vec::new();
    let _broken_off = data.read_to_end(&mut got).await;
    ftp.expect_reply(426).await;
    assert_eq!(server.moved(&alice).down, 3 * MILLION as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_downloads_at_once_move_the_allowance_and_not_a_byte_more() {
    const LIMIT: usize = 5 * MILLION + 17;
    let server = TestServer::with_ports(30).await;
    let alice = server.account_with("alice", down(LIMIT)).await;
    server.put(&alice, "a", &vec![7; 700_001]);
    server.put(&alice, "short", &vec![7; 30_011]);
    let downloads = (0..12_u8).map(|number| {
        let server = &server;
        async move {
            let mut ftp = server.connect_from([127, 0, 1, number]).await;
            if number % 3 == 0 {
                ftp.secure().await;
            }
            ftp.log_in("alice", PASSWORD).await;
            if number % 3 == 0 {
                ftp.protect().await;
            }
            let name = if number % 2 == 0 { "a" } else { "short" };
            let mut complete = 0;
            loop {
                let (got, reply) = download(&mut ftp, name).await;
                match reply.code {
                    226 => complete += got,
                    426 | 450 => return complete,
                    _ => panic!("{reply:?}"),
                }
            }
        }
    });

    let complete: usize = join_all(downloads).await.into_iter().sum();

    assert!(complete <= LIMIT, "{complete}");
    assert_eq!(server.moved(&alice).down, LIMIT as u64);
    assert_eq!(server.moved_together().down, LIMIT as u64);
}

#[tokio::test]
async fn accounts_share_what_their_customer_may_move() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let bob = server.account("bob").await;
    server.put(&alice, "a", &vec![7; MILLION]);
    server.put(&bob, "a", &vec![7; MILLION]);
    let pool = |bytes| PoolTraffic {
        limits: Traffic {
            both: Override::Own(Some(bytes)),
            ..Traffic::default()
        },
        ..PoolTraffic::default()
    };
    let mut first = server.login("alice").await;
    let mut second = server.login("bob").await;
    server.limit_traffic(pool(1_500_000)).await;
    let is_counted = || {
        let books = server.app().ledger.traffic().account(bob.id).unwrap();
        books.begin_exempting(0).is_some()
    };
    eventually("the limit is in force", is_counted).await;

    assert_eq!(download(&mut first, "a").await.1.code, 226);
    assert_eq!(download(&mut second, "a").await.1.code, 426);
    assert_eq!(first.upload("STOR b", b"x").await.code, 450);
    assert_eq!(server.moved_together().both(), 1_500_000);
    assert_eq!(server.moved(&bob).down, 500_000);

    server.limit_traffic(pool(3_000_000)).await;

    let mut reply = second.upload("STOR b", b"x").await;
    for _ in 0..1_000 {
        if reply.code == 226 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        reply = second.upload("STOR b", b"x").await;
    }
    assert_eq!(reply.code, 226);
    let query = AuditQuery {
        limit: 10,
        ..AuditQuery::default()
    };
    let entries = server.app().audit.page(&query).await.unwrap();
    let told = entries.iter().any(|entry| {
        entry.changes.iter().any(|(name, before, after)| {
            name == "shared traffic" && before != "from plan" && before != after
        })
    });
    assert!(told, "{entries:?}");
}

#[tokio::test]
async fn an_allowance_is_raised_and_lowered_while_everything_runs() {
    let server = TestServer::start().await;
    let alice = server.account_with("alice", down(MILLION)).await;
    server.put(&alice, "a", &vec![7; MILLION]);
    let mut ftp = server.login("alice").await;
    assert_eq!(download(&mut ftp, "a").await.1.code, 226);
    assert_eq!(download(&mut ftp, "a").await.1.code, 450);
    let limit = |bytes| Traffic {
        down: Some(bytes),
        ..Traffic::default()
    };

    set_traffic(&server, &alice, limit(2_000_000)).await;
    assert_eq!(download(&mut ftp, "a").await.1.code, 226);

    // Below what is used: nothing more until the month is over.
    set_traffic(&server, &alice, limit(500)).await;
    assert_eq!(download(&mut ftp, "a").await.1.code, 450);
    assert_eq!(server.moved(&alice).down, 2_000_000);

    set_traffic(&server, &alice, Traffic::default()).await;
    assert_eq!(download(&mut ftp, "a").await.1.code, 226);
}

#[tokio::test]
async fn another_reset_day_moves_the_end_of_the_month_only() {
    let clock = TestClock::at(NOW);
    let server = TestServer::with_clock(clock.clone()).await;
    let alice = server.account_with("alice", down(MILLION)).await;
    server.put(&alice, "a", &vec![7; MILLION]);
    let mut ftp = server.login("alice").await;
    assert_eq!(download(&mut ftp, "a").await.1.code, 226);

    server
        .limit_traffic(PoolTraffic {
            reset_day: ResetDay::new(15).unwrap(),
            ..PoolTraffic::default()
        })
        .await;

    let nov_15 = Timestamp::from_seconds(1_794_700_800);
    let ends = || {
        let traffic = server.app().ledger.traffic();
        let period = traffic.traffic(alice.id, ResetDay::default()).period;
        period.end == nov_15
    };
    eventually("the month ends sooner", ends).await;
    ftp.expect("EPSV", 229).await;
    ftp.play(
        "C: RETR a
         S: 450 Transfer allowance used up until 2026-11-15 00:00 UTC.",
    )
    .await;
    clock.set(nov_15);
    assert_eq!(download(&mut ftp, "a").await.1.code, 226);

    let app = server.app().clone();
    let owner = TrafficOwner::Account(alice.id);
    let mut written = Vec::new();
    for _ in 0..1_000 {
        written = app.foundation.db.traffic(owner, 12).await.unwrap();
        if written.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let periods: Vec<_> = written.iter().map(|it| it.period).collect();
    assert_eq!(periods.len(), 2);
    assert_eq!((periods[1].end, periods[0].begin), (nov_15, nov_15));
    assert!(written.iter().all(|it| it.moved.down == MILLION as u64));
}

/// What is refused before 150 has changed nothing, also where missing folders are made.
#[tokio::test]
async fn an_upload_that_is_refused_leaves_no_folders_behind() {
    let server = TestServer::start().await;
    server.set(&[("create_folders", "true")]).await;
    let used_up = server.account_with("alice", up(10)).await;
    let full = Allowed {
        bytes: Some(10),
        tls: TlsRule::Optional,
        ..Allowed::default()
    };
    let full = server.account_with("bob", full).await;
    let mut first = server.login("alice").await;
    let mut second = server.login("bob").await;
    for ftp in [&mut first, &mut second] {
        assert_eq!(ftp.upload("STOR a/b", &[7; 10]).await.code, 226);
    }

    for verb in ["STOR", "APPE"] {
        let line = format!("{verb} 2026/11/a");
        assert_eq!(first.upload(&line, b"x").await.code, 450);
        assert_eq!(second.upload(&line, b"x").await.code, 552);
    }

    assert_eq!(server.names(&used_up, ""), ["a"]);
    assert_eq!(server.names(&full, ""), ["a"]);
    for account in [&used_up, &full] {
        let rows = server.journal(account).await;
        let made = rows.iter().filter(|row| row.operation.as_str() == "mkdir");
        assert_eq!(made.count(), 1);
    }
    // With room there is a folder again.
    set_traffic(&server, &used_up, Traffic::default()).await;
    assert_eq!(first.upload("STOR 2026/11/a", b"x").await.code, 226);
    assert_eq!(server.read(&used_up, "2026/11/a"), Some(b"x".to_vec()));
}

#[tokio::test]
async fn what_is_left_of_the_month_is_told_with_the_quota() {
    let server = TestServer::with_clock(TestClock::at(NOW)).await;
    let limits = Traffic {
        down: Some(1_000),
        both: Some(0),
        ..Traffic::default()
    };
    let alice = server.account_with("alice", allowed(limits)).await;
    let bob = server.account_with("bob", up(1_000)).await;
    server
        .limit_traffic(PoolTraffic {
            limits: Traffic {
                both: Override::Own(Some(5_000)),
                ..Traffic::default()
            },
            ..PoolTraffic::default()
        })
        .await;
    let is_shared = || {
        let books = server.app().ledger.traffic().account(bob.id).unwrap();
        let (_, limits) = books.figures(Scope::Customer);
        limits.both == Some(5_000)
    };
    eventually("the limit is in force", is_shared).await;
    let mut other = server.login("bob").await;
    assert_eq!(other.upload("STOR a", &[7; 300]).await.code, 226);
    let mut ftp = server.login("alice").await;

    ftp.play(
        "
        C: SITE QUOTA
        S: 200-Quota:
        S:  bytes used=0 limit=none
        S:  files used=0 limit=none
        S:  traffic down used=0 limit=1000 until=20261201000000
        S:  traffic both used=0 limit=0 until=20261201000000
        S:  shared traffic both used=300 limit=5000 until=20261201000000
        S: 200 End
    ",
    )
    .await;
    assert_eq!(server.moved(&alice), Moved::default());
}

#[tokio::test]
async fn a_customer_that_is_deleted_has_used_up_nothing() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server
        .limit_traffic(PoolTraffic {
            limits: Traffic {
                up: Override::Own(Some(1_000)),
                ..Traffic::default()
            },
            ..PoolTraffic::default()
        })
        .await;
    let app = server.app();
    let traffic = app.ledger.traffic();
    let is_counted = || {
        traffic
            .account(alice.id)
            .unwrap()
            .figures(Scope::Customer)
            .1
            .up
            .is_some()
    };
    eventually("the limit is in force", is_counted).await;
    let mut ftp = server.login("alice").await;
    assert_eq!(ftp.upload("STOR a", &[7; 1_000]).await.code, 226);
    assert_eq!(traffic.nearly_used(90).len(), 1);

    let system = Actor::system();
    let gone = app.accounts.delete(&system, alice.id, (Files::Keep, 7));
    gone.await.unwrap();
    // Until the month is over, what its accounts moved counts.
    assert_eq!(traffic.nearly_used(90).len(), 1);
    let customer = server.customer().id;
    app.customers.delete(&system, customer).await.unwrap();

    eventually("it is forgotten", || traffic.nearly_used(90).is_empty()).await;
}
