//! Every function of the store, on both engines.

mod accounts;
mod administration;
mod imports;
mod jobs;
mod journal;
mod tenants;
mod traffic;
mod trash;
mod volumes;

use quaymaster::model::{Plan, Window};
use quaymaster::store::{Conflict, DatabaseUrl, Db, Engine, StoreError};

use crate::support::engines::{TestDatabase, on_both_engines};
use crate::support::samples::{self, MADE};

on_both_engines!(every_statement_can_be_prepared, |db| {
    let prepared = db.prepare_all().await.unwrap();

    assert!(prepared > 60, "{prepared}");
});

on_both_engines!(changes_that_are_not_committed_never_happened, |db| {
    db.ping().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.insert_plan(&samples::plan(1)).await.unwrap();

    drop(tx);

    assert_eq!(db.plans().await.unwrap(), []);
});

on_both_engines!(a_mark_is_set_replaced_and_removed, |db| {
    let mut tx = db.begin().await.unwrap();
    tx.set_service_fact("stopped", "dirty").await.unwrap();
    tx.set_service_fact("stopped", "clean").await.unwrap();
    tx.commit().await.unwrap();
    let mark = db.service_fact("stopped").await.unwrap();
    assert_eq!(mark.as_deref(), Some("clean"));

    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_service_fact("stopped").await.unwrap());
    assert!(!tx.delete_service_fact("stopped").await.unwrap());
    tx.commit().await.unwrap();

    assert_eq!(db.service_fact("stopped").await.unwrap(), None);
});

on_both_engines!(many_writers_take_turns, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;

    let writers = (0..20_u8).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await?;
            tx.count_accounts_of_customer(samples::customer_id(1))
                .await?;
            let id = samples::account_id(1);
            tx.record_account_login(id, MADE, &format!("192.0.2.{number}"))
                .await?;
            tx.commit().await
        })
    });

    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
});

on_both_engines!(
    an_amount_beyond_the_engine_is_refused_with_its_place,
    |db| {
        let mut tx = db.begin().await.unwrap();
        let plan = Plan {
            pool_bytes: Some(u64::MAX),
            ..samples::plan(1)
        };

        let refused = tx.insert_plan(&plan).await.unwrap_err();

        assert!(
            matches!(
                refused,
                StoreError::BadRow {
                    table: "plan",
                    column: "pool_bytes",
                    ..
                }
            ),
            "{refused:?}"
        );
        drop(tx);
    }
);

#[tokio::test]
async fn a_database_file_outlives_the_process_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;

    let database = TestDatabase::new(Engine::Sqlite).await;
    let db = database.open().await;
    samples::store_accounts(&db, &["kestrel"]).await;
    db.close().await;

    let db = database.open().await;

    assert!(db.account(samples::account_id(1)).await.unwrap().is_some());
    let DatabaseUrl::Sqlite(path) = database.url() else {
        unreachable!("made as a file")
    };
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    let url = "postgres:///none?host=/nowhere&user=nobody";

    let refused = Db::open(&url.parse().unwrap()).await.unwrap_err();

    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}

/// The rows of one page, for tests of orders.
fn first(limit: u64) -> Window {
    Window { offset: 0, limit }
}

/// Asserts that a change was refused because of `conflict`.
fn assert_conflict<T: std::fmt::Debug>(outcome: Result<T, StoreError>, conflict: Conflict) {
    assert_eq!(outcome.unwrap_err().conflict(), Some(conflict));
}
