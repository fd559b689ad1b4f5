//! What a server that is killed had counted, the next one knows, and the command line tells.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::support::ftp_client::FtpClient;
use crate::support::process::Installation;
use crate::support::server::PASSWORD;

/// Bytes of the file; no multiple of any buffer.
const SIZE: u64 = 100_003;
/// Downloads of it that the allowance is good for.
const ALLOWED: u64 = 12;

/// A download that ended well is never forgotten, and what was not moved is never counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_downloaded_before_a_kill_still_counts() {
    let mut installation = Installation::new(10);
    installation.account("alice", &[]).await;
    installation.limit_downloads(ALLOWED * SIZE).await;
    let file = installation.home("alice").join("a");
    std::fs::write(file, vec![7; usize::try_from(SIZE).unwrap()]).unwrap();
    let mut complete = 0;
    let mut at_most = 0;

    for _ in 0..3 {
        let ftp = installation.start().await;
        let mut session = log_in(ftp, 1).await;
        for _ in 0..3 {
            assert_eq!(download(&mut session).await, Some(226));
            complete += 1;
            at_most += SIZE;
        }
        // Another one is on its way when the server dies.
        let mut other = log_in(ftp, 2).await;
        let mut data = other.open_data().await;
        other.expect("RETR a", 150).await;
        data.read_exact(&mut [0; 10]).await.unwrap();
        at_most += SIZE;
        counted(&installation, complete * SIZE).await;
        installation.kill();
    }

    let counted = moved(&installation).await;
    assert!(
        counted >= complete * SIZE && counted <= at_most,
        "{counted}"
    );
    let ftp = installation.start().await;
    let mut session = log_in(ftp, 1).await;
    let mut more = 0;
    while download(&mut session).await == Some(226) {
        more += 1;
    }
    // As many as there was room for, and the last byte of the allowance is used.
    assert_eq!(more, (ALLOWED * SIZE - counted) / SIZE);
    installation.stop().await;
    assert_eq!(moved(&installation).await, ALLOWED * SIZE);
    let ftp = installation.start().await;
    let mut session = log_in(ftp, 1).await;
    assert_eq!(download(&mut session).await, Some(450));
    installation.stop().await;
}

/// The command line sets what may be moved, and tells what was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_limits_what_is_moved_and_tells_it() {
    let mut installation = Installation::new(10);
    installation.account("alice", &[]).await;
    let set = ["account", "set", "alice", "--traffic-down", "150000"];
    let said = installation.run(&set).await;
    assert_eq!(said.trim(), "alice is changed.");
    let file = installation.home("alice").join("a");
    std::fs::write(file, vec![7; usize::try_from(SIZE).unwrap()]).unwrap();
    let before = installation.run(&["traffic", "show", "alice"]).await;
    assert!(
        has_line(&before, "downloads 0 B 146 KiB account"),
        "{before}"
    );
    let ftp = installation.start().await;
    let mut session = log_in(ftp, 1).await;

    assert_eq!(download(&mut session).await, Some(226));
    assert_eq!(download(&mut session).await, Some(426));
    counted(&installation, 150_000).await;

    let shown = installation.run(&["traffic", "show", "alice"]).await;
    for line in [
        "uploads 0 B none plan",
        "downloads 146 KiB 146 KiB account",
        "downloads 146 KiB none plan",
        "together 146 KiB none plan",
    ] {
        assert!(has_line(&shown, line), "{line}: {shown}");
    }
    let months = shown.lines().filter(|line| line.contains("-01 "));
    assert_eq!(months.count(), 2, "{shown}");
    let shared = installation
        .run(&["traffic", "show", "--customer", "Harbour"])
        .await;
    assert!(has_line(&shared, "downloads 146 KiB none plan"), "{shared}");
    // A running server follows within a second.
    let raise = ["account", "set", "alice", "--traffic-down", "plan"];
    installation.run(&raise).await;
    let mut reply = download(&mut session).await;
    for _ in 0..1_000 {
        if reply == Some(226) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        reply = download(&mut session).await;
    }
    assert_eq!(reply, Some(226));
    for wrong in [
        ["account", "set", "alice", "--traffic-down", "plenty"].as_slice(),
        &["traffic", "show", "nobody"],
        &["traffic", "show", "--customer", "nobody"],
        &["traffic", "show"],
    ] {
        let refused = installation.try_run(wrong).await;
        assert!(!refused.status.success(), "{wrong:?}");
    }
    installation.stop().await;
}

/// Whether there is a line of these words.
fn has_line(text: &str, words: &str) -> bool {
    let same = |line: &str| line.split_whitespace().eq(words.split_whitespace());
    text.lines().any(same)
}

/// Waits until so much is in the database, which takes less than a second where nobody else works.
async fn counted(installation: &Installation, bytes: u64) {
    for _ in 0..1_000 {
        let known = figures(installation).await;
        if known.len() == 2 && known.iter().all(|known| *known >= bytes) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not written within ten seconds");
}

/// What the database says that was downloaded; nobody writes to it.
async fn moved(installation: &Installation) -> u64 {
    let known = figures(installation).await;
    assert!(
        matches!(known[..], [account, customer] if account == customer),
        "{known:?}"
    );
    known[0]
}

/// The figures of the account and of its customer, read one after the other.
async fn figures(installation: &Installation) -> Vec<u64> {
    let db = installation.open_database().await;
    let latest = db.latest_traffic().await.unwrap();
    db.close().await;
    latest.iter().map(|it| it.traffic.moved.down).collect()
}

async fn log_in(ftp: SocketAddr, number: u8) -> FtpClient {
    let mut session = FtpClient::connect_from(ftp, IpAddr::from([127, 0, 4, number])).await;
    session.log_in("alice", PASSWORD).await;
    session
}

/// The final reply, whatever arrived.
async fn download(session: &mut FtpClient) -> Option<u16> {
    let mut data = session.open_data().await;
    let opening = session.say("RETR a").await;
    if opening.code != 150 {
        return Some(opening.code);
    }
    let _broken_off = data.read_to_end(&mut Vec::new()).await;
    Some(session.reply().await.code)
}
