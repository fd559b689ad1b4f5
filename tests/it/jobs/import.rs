//! Many accounts are imported in the background.

use std::ops::ControlFlow;

use quaymaster::hosting::imports::{
    Existing, ImportError, Imports, Mode, Order, Record, Source, Tally,
};
use quaymaster::model::{
    Actor, AuditAction, AuditQuery, ImportId, ImportRow, ImportRowQuery, Job, JobKind, JobState,
};
use quaymaster::store::Engine;

use super::{ended, fact};
use crate::support::engines::TestDatabase;
use crate::support::server::TestServer;

const HASH: &str = "$1$quaysalt$CZToviFmw60gDuam1t4gW/";
/// More than are made at once.
const COUNT: u64 = 250;

fn order(mode: Mode) -> Order {
    Order {
        title: "a test".to_owned(),
        customer: Some("Harbour".to_owned()),
        existing: Existing::Keep,
        mode,
    }
}

/// So many accounts, one that is there already, one for another customer, and one that is refused.
fn records() -> Vec<Record> {
    let line = |number| format!("bird-{number},,{HASH},/srv/bird-{number}\n");
    let birds: String = (1..=COUNT).map(line).collect();
    let csv = format!(
        "username,customer,password_hash,home\n{birds}\
         taken,,{HASH},\nheron,Quay West,{HASH},\nbird-1,,,\n"
    );
    Source::Csv.read(csv.as_bytes()).unwrap()
}

async fn keep(server: &TestServer) -> ImportId {
    let (actor, order) = (Actor::system(), order(Mode::Perform));
    let imports = server.app().imports();
    imports.keep(&actor, &records(), &order).await.unwrap()
}

async fn run(server: &TestServer, id: ImportId, mode: Mode) -> Job {
    let imports = server.app().imports();
    let job = imports.queue(&Actor::system(), id, mode).await.unwrap();
    ended(server, job.id).await
}

async fn tally(server: &TestServer, id: ImportId) -> Tally {
    server.app().imports().kept(id).await.unwrap().tally
}

async fn rows(server: &TestServer, id: ImportId, outcome: &str) -> Vec<ImportRow> {
    let query = ImportRowQuery {
        outcome: outcome.to_owned(),
        limit: 1_000,
        ..ImportRowQuery::default()
    };
    server.app().imports().rows(id, &query).await.unwrap()
}

async fn imported(server: &TestServer) -> Vec<Vec<String>> {
    let query = AuditQuery {
        limit: 1_000,
        ..AuditQuery::default()
    };
    let log = server.app().audit.page(&query).await.unwrap();
    log.into_iter()
        .filter(|entry| entry.action == AuditAction::AccountsImported)
        .map(|entry| entry.changes.into_iter().map(|(_, _, now)| now).collect())
        .collect()
}

#[tokio::test]
async fn a_file_is_looked_through_and_taken_over_in_the_background_on_sqlite() {
    looked_through_and_taken_over(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_file_is_looked_through_and_taken_over_in_the_background_on_postgres() {
    looked_through_and_taken_over(Engine::Postgres).await;
}

async fn looked_through_and_taken_over(engine: Engine) {
    let database = TestDatabase::new(engine).await;
    let server = TestServer::on_database(database.url()).await;
    server.account("taken").await;
    let id = keep(&server).await;

    let checked = run(&server, id, Mode::Rehearse).await;

    assert_eq!(checked.kind, JobKind::CheckImport);
    assert_eq!(fact(&checked, "created"), "251");
    assert_eq!(fact(&checked, "different and left"), "1");
    assert_eq!(fact(&checked, "refused"), "1");
    assert_eq!(fact(&checked, "New customers"), "Quay West");
    assert_eq!(
        checked.result,
        "Nothing is changed yet. What would be done: 251 created · 1 different and left · 1 refused."
    );
    assert_eq!(checked.progress.done, COUNT + 3);
    assert_eq!(tally(&server, id).await.left, COUNT + 2);
    let heron = "heron".parse().unwrap();
    let found = server.app().accounts.by_username(&heron).await.unwrap();
    assert_eq!(found, None);
    assert!(imported(&server).await.is_empty());

    let done = run(&server, id, Mode::Perform).await;

    assert_eq!(fact(&done, "created"), "251");
    assert_eq!(imported(&server).await, [["251", "0", "1", "0", "1"]]);
    let after = tally(&server, id).await;
    assert_eq!((after.left, after.total), (0, COUNT + 3));
    let created = rows(&server, id, "created").await;
    assert_eq!(created.len(), 251);
    for row in &created {
        assert!(row.wanted.is_empty(), "a hash is left: {row:?}");
        assert!(row.result.home.contains(&row.username), "{row:?}");
    }
    assert_eq!(created[0].old_home, "/srv/bird-1");
    let refused = rows(&server, id, "refused").await;
    assert_eq!(
        refused[0].result.detail,
        "user name: stands on line 2 already"
    );
    let mut ftp = server.connect().await;
    ftp.log_in("bird-250", "Harbour-lights 7").await;

    let again = run(&server, id, Mode::Perform).await;
    assert_eq!(again.state, JobState::Done);
    assert_eq!(tally(&server, id).await, after);
}

#[tokio::test]
async fn what_is_left_of_an_import_is_taken_over_by_the_next_job() {
    let server = TestServer::start().await;
    let (actor, imports) = (Actor::system(), server.app().imports());
    let id = keep(&server).await;
    let app = server.app();
    let first = imports.queue(&actor, id, Mode::Perform).await.unwrap();
    let refused = imports.queue(&actor, id, Mode::Perform).await;
    assert!(matches!(refused, Err(ImportError::Active)), "{refused:?}");
    let cancelled = app.jobs.cancel(&actor, first.id).await;
    let first = ended(&server, first.id).await;

    let rest = run(&server, id, Mode::Perform).await;

    assert_eq!(rest.state, JobState::Done, "{cancelled:?} {first:?}");
    let after = tally(&server, id).await;
    assert_eq!((after.counts.created, after.left), (COUNT + 2, 0));
    assert_eq!(after.counts.refused, 1);
}

#[tokio::test]
async fn rows_that_were_settled_before_are_not_judged_again() {
    let server = TestServer::start().await;
    let (actor, imports) = (Actor::system(), server.app().imports());
    let order = order(Mode::Perform);
    let records = records();
    let id = imports.keep(&actor, &records, &order).await.unwrap();
    // As a server leaves it that dies behind the first batch.
    let first = records[..Imports::BATCH].to_vec();
    let watch = |_| ControlFlow::Continue(());
    let report = imports.run(&actor, first, &order, watch).await.unwrap();
    let mut tx = server.app().foundation.db.begin().await.unwrap();
    for (number, row) in (1..).zip(&report.rows) {
        let settled = row.row(number).result;
        assert!(
            tx.settle_import_row(id, number, (&settled, true))
                .await
                .unwrap()
        );
    }
    tx.commit().await.unwrap();

    let rest = run(&server, id, Mode::Perform).await;

    assert_eq!(fact(&rest, "created"), (COUNT + 2).to_string());
    let counts = tally(&server, id).await.counts;
    assert_eq!((counts.unchanged, counts.differing), (0, 0));
}

#[tokio::test]
async fn a_file_that_is_forgotten_cannot_be_taken_over() {
    let server = TestServer::start().await;
    let (actor, imports) = (Actor::system(), server.app().imports());
    let id = keep(&server).await;
    let later = server
        .app()
        .clock
        .now()
        .plus(std::time::Duration::from_secs(1));

    assert_eq!(
        imports
            .forget(later, quaymaster::clock::Timestamp::default())
            .await
            .unwrap(),
        0
    );
    let nothing = run(&server, id, Mode::Perform).await;
    assert_eq!(nothing.result, "1 refused.");
    assert_eq!(imports.forget(later, later).await.unwrap(), 1);

    let gone = imports.queue(&actor, id, Mode::Perform).await;
    assert!(matches!(gone, Err(ImportError::NotFound)), "{gone:?}");
}
