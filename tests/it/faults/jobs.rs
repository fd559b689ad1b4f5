//! Work in the background is continued by the next server.

use std::path::Path;
use std::time::Duration;

use quaymaster::model::Usage;

use crate::support::ftp_client::FtpClient;
use crate::support::process::{Installation, booked};
use crate::support::server::PASSWORD;

/// Enough that a job is caught in the middle.
const FILES: usize = 40_000;

async fn installation() -> Installation {
    let installation = Installation::new(5);
    installation.account("alice", &[]).await;
    installation
}

fn fill(home: &Path, files: usize) {
    for folder in 0..10 {
        std::fs::create_dir_all(home.join(format!("d{folder}/below"))).unwrap();
    }
    for number in 0..files {
        let path = home.join(format!("d{}/below/f{number}", number % 10));
        std::fs::write(path, b"12345").unwrap();
    }
}

/// Asks the command line about the only job until it says `enough`; tells what it said.
async fn until(installation: &Installation, enough: impl Fn(&str) -> bool) -> String {
    let list = installation.run(&["job", "list"]).await;
    let id = list.lines().nth(1).and_then(|line| line.split(' ').next());
    let id = id.unwrap_or_else(|| panic!("no job: {list}")).to_owned();
    for _ in 0..600 {
        let said = installation.run(&["job", "show", &id]).await;
        if enough(&said) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a job that takes more than half a minute");
}

fn is_in_the_middle(said: &str) -> bool {
    said.contains("(running)") && !said.contains("\n0 ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_that_died_with_its_server_is_made_by_the_next_one() {
    let mut installation = installation().await;
    installation.start().await;
    fill(&installation.home("alice"), FILES);

    installation
        .run(&["quota", "reconcile", "alice", "--no-wait"])
        .await;
    until(&installation, is_in_the_middle).await;
    installation.kill();
    let ftp = installation.start().await;
    let said = until(&installation, |said| said.contains("(done)")).await;

    assert!(
        said.contains("Begun again: the server ended in the middle."),
        "{said}"
    );
    let all = Usage {
        bytes: 5 * FILES as u64,
        files: FILES as u64,
    };
    assert_eq!(installation.disk(), all);
    let mut session = FtpClient::connect(ftp).await;
    session.log_in("alice", PASSWORD).await;
    assert_eq!(booked(&mut session).await, all);
    installation.stop().await;
    assert_eq!(installation.recorded().await, (all, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_died_with_its_server_is_ended_by_the_next_one() {
    let mut installation = installation().await;
    let home = installation.home("alice");
    fill(&home, FILES);
    let beside = home.parent().unwrap().join("beside");
    std::fs::write(&beside, b"stays").unwrap();
    installation.start().await;

    installation.run(DELETE).await;
    until(&installation, is_in_the_middle).await;
    installation.kill();
    assert!(home.exists());
    installation.start().await;
    let said = until(&installation, |said| said.contains("(done)")).await;

    assert!(
        said.contains("Begun again: the server ended in the middle."),
        "{said}"
    );
    assert!(!home.exists());
    assert_eq!(std::fs::read(beside).unwrap(), b"stays");
    installation.stop().await;
}

const DELETE: &[&str] = &["account", "delete", "alice", "--files", "purge", "--yes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_waits_for_what_the_running_server_counts() {
    let mut installation = installation().await;
    installation.start().await;
    fill(&installation.home("alice"), 12);

    let said = installation.run(&["quota", "reconcile", "alice"]).await;
    let everybody = installation.run(&["quota", "reconcile", "--all"]).await;
    let shown = installation.run(&["quota", "show", "alice"]).await;

    assert!(said.contains("The disk had: 60 B in 12 files"), "{said}");
    assert!(everybody.contains("All books were right."), "{everybody}");
    assert!(shown.starts_with("ACCOUNT"), "{shown}");
    installation.stop().await;
    let shown = installation.run(&["quota", "show", "alice"]).await;
    assert!(shown.contains(" 60 B "), "{shown}");
}
