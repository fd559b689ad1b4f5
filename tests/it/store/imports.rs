//! Files with accounts that jobs work through.

use quaymaster::model::{
    ImportCount, ImportFile, ImportId, ImportResult, ImportRow, ImportRowQuery,
};
use quaymaster::store::Db;

use super::on_both_engines;
use crate::support::samples::later;

fn id(number: u8) -> ImportId {
    ImportId::from_parts(u64::from(number), [number; 10])
}

fn file(number: u8) -> ImportFile {
    ImportFile {
        id: id(number),
        title: "CSV: Ünï \"code\".csv".to_owned(),
        customer: Some("Harbour".to_owned()),
        changes_existing: true,
        new_customers: vec!["Quay, West".to_owned()],
        created_at: later(i64::from(number)),
    }
}

fn row(number: u64) -> ImportRow {
    ImportRow {
        number,
        place: format!("line {number}"),
        username: format!("bird-{number}"),
        wanted: format!("{{\"username\":\"bird-{number}\"}}"),
        old_home: "/srv/it's".to_owned(),
        told: vec!["A sentence.".to_owned()],
        is_done: false,
        result: ImportResult::default(),
    }
}

fn result(outcome: &str) -> ImportResult {
    ImportResult {
        outcome: outcome.to_owned(),
        detail: "notes: nothing → Moved".to_owned(),
        home: "harbour/bird".to_owned(),
    }
}

async fn store(db: &Db, number: u8, rows: u64) {
    let rows: Vec<ImportRow> = (1..=rows).map(row).collect();
    let mut tx = db.begin().await.unwrap();
    tx.insert_import(&file(number), &rows).await.unwrap();
    tx.commit().await.unwrap();
}

async fn numbers(db: &Db, query: ImportRowQuery) -> Vec<u64> {
    let rows = db.import_rows(id(1), &query).await.unwrap();
    rows.into_iter().map(|row| row.number).collect()
}

async fn settle(db: &Db, number: u64, outcome: &str, is_done: bool) -> bool {
    let mut tx = db.begin().await.unwrap();
    let settled = tx
        .settle_import_row(id(1), number, (&result(outcome), is_done))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    settled
}

on_both_engines!(a_file_and_its_rows_read_back_as_they_were_written, |db| {
    store(&db, 1, 150).await;
    store(&db, 2, 1).await;

    assert_eq!(db.import_file(id(1)).await.unwrap(), Some(file(1)));
    assert_eq!(db.import_file(id(3)).await.unwrap(), None);
    let all = ImportRowQuery {
        limit: 1_000,
        ..ImportRowQuery::default()
    };
    let rows = db.import_rows(id(1), &all).await.unwrap();
    assert_eq!(rows, (1..=150).map(row).collect::<Vec<_>>());
});

on_both_engines!(a_row_comes_to_its_end_once, |db| {
    store(&db, 1, 3).await;

    assert!(settle(&db, 1, "created", false).await);
    assert!(settle(&db, 1, "refused", true).await);
    assert!(!settle(&db, 1, "created", true).await);
    assert!(settle(&db, 2, "created", false).await);
    assert!(!settle(&db, 4, "created", true).await);

    let query = |outcome: &str, is_left, after| ImportRowQuery {
        outcome: outcome.to_owned(),
        is_left,
        after,
        limit: 10,
    };
    assert_eq!(numbers(&db, query("", false, 1)).await, [2, 3]);
    assert_eq!(numbers(&db, query("", true, 0)).await, [2, 3]);
    assert_eq!(numbers(&db, query("refused", false, 0)).await, [1]);
    assert_eq!(numbers(&db, query("refused", true, 0)).await, [0; 0]);
    let done = db
        .import_rows(id(1), &query("", false, 0))
        .await
        .unwrap()
        .remove(0);
    assert_eq!(done.result, result("refused"));
    assert!(done.is_done && done.wanted.is_empty());
    let mut counts = db.import_counts(id(1)).await.unwrap();
    counts.sort_by(|one, other| one.outcome.cmp(&other.outcome));
    let count = |outcome: &str, is_left| ImportCount {
        outcome: outcome.to_owned(),
        is_left,
        rows: 1,
    };
    assert_eq!(
        counts,
        [
            count("", true),
            count("created", true),
            count("refused", false)
        ]
    );
});

on_both_engines!(what_nobody_wanted_in_the_end_is_forgotten, |db| {
    store(&db, 1, 2).await;
    store(&db, 2, 2).await;
    settle(&db, 1, "created", false).await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.forget_imports_before(later(2)).await.unwrap(), 2);
    assert_eq!(tx.forget_imports_before(later(2)).await.unwrap(), 0);
    let names = ["A".to_owned()];
    tx.set_import_customers(id(2), &names).await.unwrap();
    tx.commit().await.unwrap();

    let rows = db.import_counts(id(1)).await.unwrap();
    assert!(rows.iter().all(|count| !count.is_left), "{rows:?}");
    let rows = db.import_counts(id(2)).await.unwrap();
    assert!(rows.iter().all(|count| count.is_left), "{rows:?}");
    let kept = db.import_file(id(2)).await.unwrap().unwrap();
    assert_eq!(kept.new_customers, names);

    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.delete_imports_before(later(3), 1).await.unwrap(), 1);
    tx.delete_import(id(2)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.import_file(id(1)).await.unwrap(), None);
    assert_eq!(db.import_counts(id(2)).await.unwrap(), []);
});
