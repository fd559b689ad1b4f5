//! What dead uploads leave behind is gone an hour later; what lives stays.

use std::time::Duration;

use quaymaster::clock::{Clock, SystemClock, TestClock};
use quaymaster::jobs;
use tokio::io::AsyncWriteExt;

use crate::support::server::{TestServer, eventually};

/// The done-when: none remains an hour later.
#[tokio::test]
async fn what_dead_uploads_left_is_gone_an_hour_later_and_a_living_one_goes_on() {
    let clock = TestClock::at(SystemClock.now());
    let server = TestServer::with_clock(clock.clone()).await;
    let alice = server.account("alice").await;
    server.put(&alice, "report", b"old");
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR report", 150).await;
    data.write_all(b"new ").await.unwrap();
    eventually("an upload is under way", || {
        server.names(&alice, "").len() == 2
    })
    .await;
    let living = server.names(&alice, "").remove(0);
    for (folder, name) in [
        ("", ".fx~aaaaaaaaaaaaaaaa"),
        ("deep", ".fx~bbbbbbbbbbbbbbbb"),
    ] {
        let folder = server.home(&alice).join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), b"left behind").unwrap();
    }

    clock.advance(Duration::from_mins(20));
    jobs::staged::run(server.app()).await;
    let meanwhile = server.names(&alice, "");
    clock.advance(Duration::from_mins(40));
    jobs::staged::run(server.app()).await;

    assert_eq!(meanwhile.len(), 4, "{meanwhile:?}");
    assert_eq!(server.names(&alice, ""), [&living, "deep", "report"]);
    assert!(server.names(&alice, "deep").is_empty());
    let mut watcher = server.login("alice").await;
    assert_eq!(watcher.download("NLST -a").await, b"deep\r\nreport\r\n");
    data.write_all(b"report").await.unwrap();
    drop(data);
    ftp.expect_reply(226).await;
    assert_eq!(server.read(&alice, "report"), Some(b"new report".to_vec()));
    assert_eq!(server.names(&alice, ""), ["deep", "report"]);
}
