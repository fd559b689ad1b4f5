//! Work in the background is continued by the next server.

use std::path::Path;
use std::time::Duration;

use quaymaster::clock::{Clock, SystemClock};
use quaymaster::model::{
    ImportFile, ImportId, ImportRow, Job, JobId, JobKind, JobLog, JobState, JobUnit, Progress,
    Usage,
};

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

/// The latest job of a list.
fn id_of(list: &str) -> String {
    let id = list.lines().nth(1).and_then(|line| line.split(' ').next());
    id.unwrap_or_else(|| panic!("no job: {list}")).to_owned()
}

/// Asks the command line about the latest job until it says `enough`; tells what it said.
async fn until(installation: &Installation, enough: impl Fn(&str) -> bool) -> String {
    let id = id_of(&installation.run(&["job", "list"]).await);
    for _ in 0..600 {
        let said = installation.run(&["job", "show", &id]).await;
        if enough(&said) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a job that takes more than half a minute");
}

/// The server writes what was counted within half a second; the command line reads what is written.
async fn until_written_down(installation: &Installation) {
    let files = FILES.to_string();
    for _ in 0..200 {
        let shown = installation.run(&["quota", "show", "alice"]).await;
        if shown.contains(&files) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("figures that are not written in ten seconds");
}

fn is_in_the_middle(said: &str) -> bool {
    let counts = [" files\n", " rows\n"];
    let has_begun = counts.iter().any(|count| said.contains(count));
    said.contains("(running)") && has_begun && !said.contains("\n0 ")
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

/// Queues the import of so many accounts, as a page does.
async fn queue_import(installation: &Installation, accounts: u64) {
    let (id, now) = (ImportId::from_parts(1, [1; 10]), SystemClock.now());
    let file = ImportFile {
        id,
        title: "birds".to_owned(),
        customer: Some("Harbour".to_owned()),
        changes_existing: true,
        new_customers: Vec::new(),
        created_at: now,
    };
    let row = |number: u64| ImportRow {
        number,
        wanted: format!("{{\"username\": \"bird-{number}\"}}"),
        ..ImportRow::default()
    };
    let rows: Vec<ImportRow> = (1..=accounts).map(row).collect();
    let spec = format!("{{\"import\": \"{id}\", \"name\": \"Ada\", \"role\": \"admin\"}}");
    let job = Job {
        id: JobId::from_parts(1, [1; 10]),
        kind: JobKind::Import,
        subject: file.title.clone(),
        subject_id: id.to_string(),
        spec,
        actor: "Ada".to_owned(),
        state: JobState::Queued,
        is_cancelled: false,
        progress: Progress {
            done: 0,
            total: None,
            unit: JobUnit::Rows,
        },
        result: String::new(),
        facts: Vec::new(),
        log: JobLog::default(),
        created_at: now,
        started_at: None,
        ended_at: None,
        version: 1,
    };
    let db = installation.open_database().await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_import(&file, &rows).await.unwrap();
    tx.insert_job(&job).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_died_with_its_server_goes_on_with_exactly_what_is_left() {
    let mut installation = Installation::new(5);
    // Makes the plan.
    installation.run(&["account", "list"]).await;
    installation.lift_limits().await;
    queue_import(&installation, 3_000).await;
    installation.start().await;

    until(&installation, is_in_the_middle).await;
    installation.kill();
    installation.start().await;
    let said = until(&installation, |said| said.contains("(done)")).await;

    assert!(
        said.contains("Begun again: the server ended in the middle."),
        "{said}"
    );
    // An account that was made before the kill is not found to be there already.
    assert!(said.contains("\n3000 created.\n"), "{said}");
    assert!(said.contains("New customers: Harbour"), "{said}");
    installation.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_is_cancelled_while_its_server_is_dead_stays_cancelled() {
    let mut installation = installation().await;
    let home = installation.home("alice");
    fill(&home, FILES);
    installation.start().await;

    installation.run(DELETE).await;
    until(&installation, is_in_the_middle).await;
    installation.kill();
    let list = installation.run(&["job", "list"]).await;
    let id = id_of(&list);
    installation.run(&["job", "cancel", &id]).await;
    installation.start().await;
    let said = until(&installation, |said| !said.contains("(running)")).await;

    assert!(said.contains("(cancelled)"), "{said}");
    assert!(said.contains("Cancelled in the middle."), "{said}");
    assert!(home.exists());
    let unasked = installation.try_run(&["job", "again", &id]).await;
    assert!(!unasked.status.success());
    assert!(home.exists());
    installation.run(&["job", "again", &id, "--yes"]).await;
    let said = until(&installation, |said| said.contains("(done)")).await;
    assert!(said.contains("The files are gone for good."), "{said}");
    assert!(!home.exists());
    installation.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_knows_how_much_there_is_and_goes_on_counting_after_a_restart() {
    let mut installation = installation().await;
    fill(&installation.home("alice"), FILES);
    installation.start().await;
    installation.run(&["quota", "reconcile", "alice"]).await;
    until_written_down(&installation).await;

    installation.run(DELETE).await;
    let before = done(&until(&installation, is_in_the_middle).await);
    installation.kill();
    installation.start().await;
    let again = until(&installation, |said| said.contains("Begun again")).await;
    let said = until(&installation, |said| said.contains("(done)")).await;

    assert_eq!(before.1, FILES as u64, "{before:?}");
    let again = done(&again);
    assert!(
        again.0 >= before.0 && again.1 == FILES as u64,
        "{before:?} {again:?}"
    );
    assert_eq!(done(&said), (FILES as u64, FILES as u64), "{said}");
    installation.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restoration_that_died_with_its_server_is_ended_by_the_next_one() {
    let mut installation = installation().await;
    let home = installation.home("alice");
    fill(&home, FILES);
    installation.start().await;
    installation
        .run(&["account", "delete", "alice", "--yes"])
        .await;
    until(&installation, |said| said.contains("(done)")).await;
    assert!(!home.exists());
    let list = installation.run(&["trash", "list"]).await;
    assert!(
        list.contains("alice") && list.contains("trashed until"),
        "{list}"
    );

    installation
        .run(&["trash", "restore", "alice", "--as", "alice2", "--no-wait"])
        .await;
    until(&installation, |said| !said.contains("(queued)")).await;
    installation.kill();
    let ftp = installation.start().await;
    until(&installation, |said| said.contains("(done)")).await;

    let all = Usage {
        bytes: 5 * FILES as u64,
        files: FILES as u64,
    };
    assert_eq!(installation.disk(), all);
    let mut session = FtpClient::connect(ftp).await;
    session.log_in("alice2", PASSWORD).await;
    assert_eq!(booked(&mut session).await, all);
    let none = installation.try_run(&["trash", "restore", "alice"]).await;
    assert!(!none.status.success());
    installation.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_restores_purges_and_says_what_is_in_the_way() {
    let mut installation = installation().await;
    fill(&installation.home("alice"), 3);
    installation.start().await;
    installation
        .run(&["account", "delete", "alice", "--yes"])
        .await;
    installation.account("alice", &[]).await;

    let taken = installation.try_run(&["trash", "restore", "alice"]).await;
    let said = installation
        .run(&["trash", "restore", "alice", "--as", "back"])
        .await;
    installation
        .run(&["account", "delete", "back", "--yes"])
        .await;
    let unasked = installation.try_run(&["trash", "purge", "back"]).await;
    let purged = installation.run(&["trash", "purge", "back", "--yes"]).await;
    let empty = installation.run(&["trash", "list"]).await;

    let refusal = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(
        refusal.contains("Another account is called alice"),
        "{refusal}"
    );
    assert!(said.contains("The account back is there again."), "{said}");
    assert!(!unasked.status.success());
    assert!(purged.contains("The files are gone for good."), "{purged}");
    assert_eq!(empty.lines().count(), 1, "{empty}");
    installation.stop().await;
}

/// `120 of 300 files`
fn done(said: &str) -> (u64, u64) {
    let line = said.lines().find(|line| line.ends_with(" files"));
    let words: Vec<&str> = line
        .unwrap_or_else(|| panic!("{said}"))
        .split(' ')
        .collect();
    (words[0].parse().unwrap(), words[2].parse().unwrap())
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
