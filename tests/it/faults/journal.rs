//! The journal of a server that is killed.

use std::time::{Duration, Instant};

use quaymaster::model::{Operation, TransferResult};

use crate::support::ftp_client::FtpClient;
use crate::support::process::Installation;
use crate::support::server::PASSWORD;

#[tokio::test]
async fn what_a_client_was_told_a_second_ago_survives_a_kill() {
    let mut installation = Installation::new(4);
    installation.account("alice", &[]).await;
    let ftp = installation.start().await;
    let mut alice = FtpClient::connect(ftp).await;
    alice.log_in("alice", PASSWORD).await;
    for number in 0..20 {
        alice.expect(&format!("MKD d{number}"), 257).await;
        let stored = alice.upload(&format!("STOR d{number}/f"), b"hello").await;
        assert_eq!(stored.code, 226);
        alice.expect(&format!("RNFR d{number}/f"), 350).await;
        alice.expect(&format!("RNTO g{number}"), 250).await;
        alice.expect(&format!("RMD d{number}"), 250).await;
        alice.expect(&format!("DELE g{number}"), 250).await;
        alice.expect(&format!("DELE g{number}"), 550).await;
    }

    // The client goes on: the server has no quiet moment to tidy up in.
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(1) {
        alice.expect("NOOP", 200).await;
    }
    installation.kill();

    let rows = installation.journal().await;
    let count = |operation, result| {
        let its = rows
            .iter()
            .filter(|row| (row.operation, row.result) == (operation, result));
        its.count()
    };
    for operation in [
        Operation::Mkdir,
        Operation::Upload,
        Operation::Rename,
        Operation::Rmdir,
        Operation::Delete,
    ] {
        assert_eq!(
            count(operation, TransferResult::Complete),
            20,
            "{operation:?}"
        );
    }
    assert_eq!(count(Operation::Delete, TransferResult::Refused), 20);
    assert_eq!(rows.len(), 120);
}

#[tokio::test]
async fn the_command_line_finds_and_exports_what_a_server_recorded() {
    let mut installation = Installation::new(4);
    installation.account("alice", &[]).await;
    let ftp = installation.start().await;
    let mut alice = FtpClient::connect(ftp).await;
    alice.log_in("alice", PASSWORD).await;
    for name in ["in/a", "in/b", "out/c"] {
        let folder = name.split('/').next().unwrap();
        let made = alice.say(&format!("MKD {folder}")).await;
        assert!(matches!(made.code, 257 | 550), "{made:?}");
        assert_eq!(
            alice.upload(&format!("STOR {name}"), b"hello").await.code,
            226
        );
    }
    alice.expect("DELE in/a", 250).await;
    installation.stop().await;

    let found = installation
        .run(&["journal", "search", "--account", "alice", "--path", "/in/"])
        .await;
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), 4, "{found}");
    assert!(lines[0].starts_with("ENDED"), "{found}");
    assert!(
        lines[1].contains(" delete ") && lines[1].ends_with(" /in/a"),
        "{found}"
    );
    assert!(
        lines[2].contains(" upload ") && lines[2].ends_with(" /in/b"),
        "{found}"
    );

    let first = installation
        .run(&[
            "journal",
            "search",
            "--operation",
            "upload",
            "--limit",
            "1",
            "--json",
        ])
        .await;
    let row: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&row["path"], &row["bytes"]), (&"/out/c".into(), &5.into()));
    let id = row["id"].as_str().unwrap();
    let rest = installation
        .run(&[
            "journal",
            "search",
            "--operation",
            "upload",
            "--before",
            id,
            "--json",
        ])
        .await;
    assert_eq!(rest.lines().count(), 2, "{rest}");

    let csv = installation
        .run(&[
            "journal", "export", "--format", "csv", "--result", "complete",
        ])
        .await;
    assert!(
        csv.starts_with("\u{feff}ended,account,operation,path,"),
        "{csv}"
    );
    assert_eq!(csv.matches("\r\n").count(), 1 + 6, "{csv}");
    let json = installation
        .run(&[
            "journal",
            "export",
            "--format",
            "json",
            "--from",
            "2000-01-01",
            "--to",
            "2000-01-02",
        ])
        .await;
    assert_eq!(json, "");
}
