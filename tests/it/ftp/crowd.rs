//! Many clients at once.

use crate::support::server::{Allowed, PASSWORD, TestServer};

/// DAT-40: two ports serve two hundred sessions from a hundred addresses at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_from_a_hundred_addresses_share_two_ports() {
    let server = TestServer::with_ports(2).await;
    server
        .set(&[("max_login_failures", "50"), ("passive_wait", "30")])
        .await;
    let mut accounts = Vec::new();
    for number in 0..20 {
        let name = format!("u{number}");
        let account = server.account_with(&name, Allowed::default()).await;
        server.put(&account, "f", name.as_bytes());
        accounts.push(name);
    }
    let mut sessions = Vec::new();
    for number in 0..200_usize {
        let last = u8::try_from(number % 100).unwrap() + 1;
        let mut ftp = server.connect_from([127, 0, 2, last]).await;
        let name = &accounts[number % accounts.len()];
        ftp.log_in(name, PASSWORD).await;
        sessions.push((number, name.clone(), ftp));
    }
    assert_eq!(server.app().sessions.count(), 200);

    let transfers = sessions
        .into_iter()
        .map(|(number, name, mut ftp)| async move {
            let bytes = format!("{number}:").repeat(20_000).into_bytes();
            let stored = ftp.upload(&format!("STOR own{number}"), &bytes).await;
            assert_eq!(stored.code, 226, "{number}: {stored:?}");
            assert_eq!(
                ftp.download(&format!("RETR own{number}")).await,
                bytes,
                "{number}"
            );
            assert_eq!(ftp.download("RETR f").await, name.as_bytes(), "{number}");
        });
    futures_util::future::join_all(transfers).await;

    let counters = server.app().passive_ports.counters();
    assert_eq!((counters.reserved, counters.connected), (0, 0));
    assert_eq!(counters.connected_total, 600);
}

/// SEC-T10: strangers who only wait do not keep anybody out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_silent_strangers_keep_nobody_out() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut strangers = Vec::new();
    for number in 0..300_usize {
        let last = u8::try_from(number % 100).unwrap() + 1;
        strangers.push(server.connect_from([127, 0, 4, last]).await);
    }

    let mut ftp = server.login("alice").await;

    ftp.expect("PWD", 257).await;
    assert_eq!(server.app().sessions.count(), 301);
}
