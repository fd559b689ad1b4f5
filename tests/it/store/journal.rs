//! The transfer journal.

use std::collections::BTreeMap;

use quaymaster::model::{
    Customer, HourTraffic, JournalEntry, JournalQuery, Operation, Override, Plan, TransferId,
    TransferResult,
};
use quaymaster::store::{Db, Engine};

use super::on_both_engines;
use crate::support::engines::TestDatabase;
use crate::support::samples::{self, MADE, account_id, customer_id, later, transfer, transfer_id};

on_both_engines!(a_transfer_reads_back_as_it_was_written, |db| {
    let entry = JournalEntry {
        operation: Operation::Rename,
        path: "/Ünï code".to_owned(),
        target: "/new".to_owned(),
        bytes: 5_000_000_000,
        offset: 7,
        size: None,
        size_before: Some(6_000_000_000),
        sha256: Some("9f86d081".to_owned()),
        result: TransferResult::Aborted,
        reason: "abor".to_owned(),
        reply_code: 426,
        ip: "2001:db8::7".parse().unwrap(),
        tls: false,
        ..transfer(1, 0)
    };

    append(&db, std::slice::from_ref(&entry)).await;

    assert_eq!(
        db.transfers(&JournalQuery::default()).await.unwrap(),
        [entry]
    );
});

on_both_engines!(every_row_of_a_batch_is_appended_once, |db| {
    // So many that each size of a statement is used, and one of them twice.
    let rows: Vec<_> = (1..=81).map(|number| transfer(number, 0)).collect();

    append(&db, &rows).await;

    let query = JournalQuery::default();
    assert_eq!(db.count_transfers(&query, 1_000).await.unwrap(), 81);
});

on_both_engines!(the_journal_is_filtered_counted_and_read_backwards, |db| {
    append(
        &db,
        &[
            transfer(1, 1),
            JournalEntry {
                account_id: account_id(2),
                customer_id: customer_id(2),
                username: "heron".to_owned(),
                ..transfer(2, 2)
            },
            JournalEntry {
                operation: Operation::Rename,
                target: "/done/Report_9.pdf".to_owned(),
                ..transfer(3, 3)
            },
            JournalEntry {
                result: TransferResult::Refused,
                ip: "198.51.100.1".parse().unwrap(),
                ..transfer(4, 4)
            },
        ],
    )
    .await;

    let query = JournalQuery::default;
    for (query, found) in [
        (query(), vec![4, 3, 2, 1]),
        (
            JournalQuery {
                text: "HERON".to_owned(),
                ..query()
            },
            vec![2],
        ),
        (
            JournalQuery {
                text: "file-3".to_owned(),
                ..query()
            },
            vec![3],
        ),
        (
            JournalQuery {
                text: "report_".to_owned(),
                ..query()
            },
            vec![3],
        ),
        (
            JournalQuery {
                text: "198.51".to_owned(),
                ..query()
            },
            vec![4],
        ),
        (
            JournalQuery {
                account_id: Some(account_id(2)),
                ..query()
            },
            vec![2],
        ),
        (
            JournalQuery {
                customer_id: Some(customer_id(2)),
                ..query()
            },
            vec![2],
        ),
        (
            JournalQuery {
                operation: Some(Operation::Rename),
                ..query()
            },
            vec![3],
        ),
        (
            JournalQuery {
                result: Some(TransferResult::Refused),
                ..query()
            },
            vec![4],
        ),
        (
            JournalQuery {
                from: Some(later(3)),
                ..query()
            },
            vec![4, 3],
        ),
        (
            JournalQuery {
                to: Some(later(3)),
                ..query()
            },
            vec![2, 1],
        ),
    ] {
        assert_eq!(numbers(&db, &query).await, found, "{query:?}");
        let count = db.count_transfers(&query, 3).await.unwrap();
        assert_eq!(count, found.len().min(3) as u64, "{query:?}");
    }
    let page = JournalQuery {
        before: Some(transfer_id(4, 4)),
        limit: 2,
        ..query()
    };
    assert_eq!(numbers(&db, &page).await, [3, 2]);
    assert_eq!(db.count_transfers(&page, 100).await.unwrap(), 4);
});

on_both_engines!(traffic_is_summed_by_the_hour_and_by_account, |db| {
    // `MADE` is a full hour.
    append(
        &db,
        &[
            transfer(1, -1),
            transfer(2, 0),
            JournalEntry {
                operation: Operation::Append,
                ..transfer(3, 3_599)
            },
            JournalEntry {
                operation: Operation::Download,
                bytes: 7,
                ..transfer(4, 3_600)
            },
            JournalEntry {
                operation: Operation::Delete,
                ..transfer(5, 3_600)
            },
            JournalEntry {
                account_id: account_id(2),
                username: "heron".to_owned(),
                bytes: 5_000_000_000,
                ..transfer(6, 3_601)
            },
        ],
    )
    .await;

    let hours = db.traffic_by_hour(MADE).await.unwrap();
    let hour = |hour, uploaded_bytes, downloaded_bytes, transfers| HourTraffic {
        hour,
        uploaded_bytes,
        downloaded_bytes,
        transfers,
    };
    assert_eq!(
        hours,
        [
            hour(MADE, 200, 0, 2),
            hour(later(3_600), 5_000_000_000, 7, 2)
        ]
    );

    let busiest = db.busiest_accounts(MADE, 10).await.unwrap();
    let summary: Vec<_> = busiest
        .iter()
        .map(|busy| {
            (
                busy.username.as_str(),
                busy.uploaded_bytes,
                busy.downloaded_bytes,
                busy.transfers,
            )
        })
        .collect();
    assert_eq!(
        summary,
        [("heron", 5_000_000_000, 0, 1), ("kestrel", 200, 7, 3)]
    );
    assert_eq!(db.busiest_accounts(MADE, 1).await.unwrap().len(), 1);
    assert_eq!(busiest[0].account_id, account_id(2));
});

on_both_engines!(a_path_is_found_by_what_it_begins_with, |db| {
    let of = |number: u8, path: &str, target: &str| JournalEntry {
        path: path.to_owned(),
        target: target.to_owned(),
        ..transfer(number, i64::from(number))
    };
    append(
        &db,
        &[
            of(1, "/in/a", ""),
            of(2, "/in", ""),
            of(3, "/In/a", ""),
            of(4, "/out/a", "/in/b"),
            of(5, "/in/a", "/in/c"),
            of(6, "/in%/ä", ""),
            JournalEntry {
                account_id: account_id(2),
                operation: Operation::Delete,
                ..of(7, "/in/a", "")
            },
        ],
    )
    .await;

    let query = |path: &str| JournalQuery {
        path: path.to_owned(),
        ..JournalQuery::default()
    };
    let of_account = |query| JournalQuery {
        account_id: Some(account_id(1)),
        ..query
    };
    for (query, found) in [
        (query("/"), vec![7, 6, 5, 4, 3, 2, 1]),
        (query("/in"), vec![7, 6, 5, 4, 2, 1]),
        (query("/in/"), vec![7, 5, 4, 1]),
        (query("/in/a"), vec![7, 5, 1]),
        (query("/in%/\u{e4}"), vec![6]),
        (query("/in_"), vec![]),
        (query("/in\0"), vec![]),
        (of_account(query("/in/")), vec![5, 4, 1]),
        (
            JournalQuery {
                operation: Some(Operation::Delete),
                ..query("/in/")
            },
            vec![7],
        ),
        (
            JournalQuery {
                from: Some(later(4)),
                to: Some(later(5)),
                ..query("/in/")
            },
            vec![4],
        ),
        (
            JournalQuery {
                before: Some(transfer_id(5, 5)),
                limit: 1,
                ..query("/in/")
            },
            vec![4],
        ),
    ] {
        assert_eq!(numbers(&db, &query).await, found, "{query:?}");
        if query.before.is_none() {
            let count = db.count_transfers(&query, 5).await.unwrap();
            assert_eq!(count, found.len().min(5) as u64, "{query:?}");
        }
    }
});

on_both_engines!(a_path_that_is_everywhere_is_read_in_pages, |db| {
    // More than are read before the index of paths is asked, of all and of one account; the path of the
    // first thousand is among the oldest, where only its index leads.
    let rows: Vec<_> = (0..21_500_u32)
        .map(|number| {
            let mut random = [0; 10];
            random[4..8].copy_from_slice(&number.to_be_bytes());
            let folder = if number < 1_000 { "old" } else { "new" };
            JournalEntry {
                id: TransferId::from_parts(1_800_000_000_000, random),
                path: format!("/in/{folder}/{number}"),
                account_id: account_id(if number % 2 == 0 { 1 } else { 2 }),
                ..transfer(1, 0)
            }
        })
        .collect();
    append(&db, &rows).await;

    for (path, owner, total) in [
        ("/in/", None, 21_500_usize),
        ("/in/old/", None, 1_000),
        ("/in/new/", Some(account_id(2)), 10_250),
        ("/in/n", None, 20_500),
        ("/in/none", None, 0),
    ] {
        let mut query = JournalQuery {
            path: path.to_owned(),
            account_id: owner,
            limit: 4_000,
            ..JournalQuery::default()
        };
        let mut found = Vec::new();
        loop {
            let page = db.transfers(&query).await.unwrap();
            let Some(last) = page.last() else { break };
            query.before = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found.len(), total, "{path}");
        assert!(
            found.windows(2).all(|pair| pair[0].id > pair[1].id),
            "{path}"
        );
        assert!(found.iter().all(|row| row.path.starts_with(path)), "{path}");
    }
});

on_both_engines!(a_long_path_is_stored_and_found, |db| {
    // Four bytes each: as long as an index of PostgreSQL can take, and longer.
    let path = format!("/{}", "\u{1f600}".repeat(1_000));
    let entry = JournalEntry {
        path: path.clone(),
        ..transfer(1, 0)
    };
    append(&db, std::slice::from_ref(&entry)).await;

    let query = JournalQuery {
        path,
        ..JournalQuery::default()
    };
    assert_eq!(db.transfers(&query).await.unwrap(), [entry]);
});

on_both_engines!(an_address_is_found_alone_and_in_its_network, |db| {
    let from = |number: u8, ip: &str| JournalEntry {
        ip: ip.parse().unwrap(),
        ..transfer(number, i64::from(number))
    };
    append(
        &db,
        &[
            from(1, "192.0.2.7"),
            from(2, "::ffff:192.0.2.7"),
            from(3, "192.0.2.70"),
            from(4, "192.0.3.7"),
            from(5, "2001:db8::7"),
            from(6, "2001:db8:1::7"),
        ],
    )
    .await;

    for (network, found) in [
        ("192.0.2.7/32", vec![2, 1]),
        ("192.0.2.0/24", vec![3, 2, 1]),
        ("192.0.0.0/16", vec![4, 3, 2, 1]),
        ("2001:db8::/48", vec![5]),
        ("2001:db8::7/128", vec![5]),
        ("0.0.0.0/0", vec![4, 3, 2, 1]),
        ("10.0.0.0/8", vec![]),
    ] {
        let query = JournalQuery {
            address: Some(network.parse().unwrap()),
            ..JournalQuery::default()
        };
        assert_eq!(numbers(&db, &query).await, found, "{network}");
        let count = db.count_transfers(&query, 10).await.unwrap();
        assert_eq!(count, found.len() as u64, "{network}");
        let of_account = JournalQuery {
            account_id: Some(account_id(1)),
            ..query
        };
        assert_eq!(numbers(&db, &of_account).await, found, "{network}");
    }
});

on_both_engines!(rare_results_and_operations_are_found_among_all, |db| {
    let every: Vec<JournalEntry> = (1..=9)
        .map(|number| JournalEntry {
            operation: Operation::ALL[usize::from(number) % Operation::ALL.len()],
            result: TransferResult::ALL[usize::from(number) % TransferResult::ALL.len()],
            ..transfer(number, i64::from(number))
        })
        .collect();
    append(&db, &every).await;

    let matching = |wanted: &dyn Fn(&JournalEntry) -> bool| -> Vec<u8> {
        let numbered = (1..=9).zip(&every).rev();
        numbered
            .filter(|(_, entry)| wanted(entry))
            .map(|(number, _)| number)
            .collect()
    };
    for operation in Operation::ALL {
        for result in TransferResult::ALL {
            let query = JournalQuery {
                operation: Some(*operation),
                result: Some(*result),
                ..JournalQuery::default()
            };
            let both = |it: &JournalEntry| it.operation == *operation && it.result == *result;
            assert_eq!(numbers(&db, &query).await, matching(&both), "{query:?}");
        }
        let query = JournalQuery {
            operation: Some(*operation),
            ..JournalQuery::default()
        };
        let one = |it: &JournalEntry| it.operation == *operation;
        assert_eq!(numbers(&db, &query).await, matching(&one), "{query:?}");
    }
});

on_both_engines!(old_transfers_of_a_customer_are_removed_oldest_first, |db| {
    append(
        &db,
        &[
            transfer(1, 1),
            transfer(2, 2),
            transfer(3, 3),
            transfer(4, 4),
            JournalEntry {
                customer_id: customer_id(2),
                ..transfer(5, 1)
            },
        ],
    )
    .await;

    let mut tx = db.begin().await.unwrap();
    let one = customer_id(1);
    assert_eq!(tx.delete_transfers(one, later(4), 2).await.unwrap(), 2);
    assert_eq!(tx.delete_transfers(one, later(4), 10).await.unwrap(), 1);
    tx.commit().await.unwrap();

    assert_eq!(numbers(&db, &JournalQuery::default()).await, [4, 5]);
});

on_both_engines!(customers_in_the_journal_are_told_one_by_one, |db| {
    assert_eq!(db.next_in_journal(None).await.unwrap(), None);
    append(
        &db,
        &[
            transfer(1, 2),
            transfer(2, 1),
            JournalEntry {
                customer_id: customer_id(2),
                ..transfer(3, 3)
            },
        ],
    )
    .await;

    let first = db.next_in_journal(None).await.unwrap();
    let second = db.next_in_journal(Some(customer_id(1))).await.unwrap();
    let third = db.next_in_journal(Some(customer_id(2))).await.unwrap();

    assert_eq!(first, Some((customer_id(1), transfer_id(2, 1))));
    assert_eq!(second, Some((customer_id(2), transfer_id(3, 3))));
    assert_eq!(third, None);
});

on_both_engines!(a_plan_says_how_long_its_customers_keep_the_journal, |db| {
    let mut tx = db.begin().await.unwrap();
    for (number, journal_days) in [
        (1, Override::Inherit),
        (2, Override::Own(Some(30))),
        (3, Override::Own(None)),
    ] {
        let plan = Plan {
            journal_days,
            is_default: number == 1,
            ..samples::plan(number)
        };
        tx.insert_plan(&plan).await.unwrap();
        let customer = Customer {
            plan_id: plan.id,
            ..samples::customer(number, &format!("Customer {number}"))
        };
        tx.insert_customer(&customer).await.unwrap();
    }
    tx.commit().await.unwrap();

    let rules = db.journal_rules().await.unwrap();

    assert_eq!(rules, [(customer_id(2), Some(30)), (customer_id(3), None)]);
});

on_both_engines!(the_latest_upload_of_each_account_is_noted, |db| {
    samples::store_accounts(&db, &["kestrel", "heron"]).await;
    let last = async |number| {
        let account = db.account(account_id(number)).await.unwrap();
        account.unwrap().last_upload_at
    };
    assert_eq!(last(1).await, None);

    for marks in [
        BTreeMap::from([(account_id(1), later(5)), (account_id(9), later(5))]),
        // One that came late, and one of another account.
        BTreeMap::from([(account_id(1), later(4)), (account_id(2), later(6))]),
        BTreeMap::new(),
    ] {
        let mut tx = db.begin().await.unwrap();
        tx.record_uploads(&marks).await.unwrap();
        tx.commit().await.unwrap();
    }

    assert_eq!(
        (last(1).await, last(2).await),
        (Some(later(5)), Some(later(6)))
    );
});

/// A row as the journal's first table holds it: one of a version that knew neither address keys nor
/// sizes before.
const FORMER: &str = "
    INSERT INTO transfer (
        transfer_id, session_id, account_id, customer_id, username, operation, path, target, bytes,
        byte_offset, size, started_at, ended_at, result, reason, reply_code, ip, tls)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

async fn insert_former(db: &Db, row: &JournalEntry) {
    macro_rules! insert {
        ($pool:expr) => {
            sqlx::query(FORMER)
                .bind(row.id.to_string())
                .bind(row.session_id.to_string())
                .bind(row.account_id.to_string())
                .bind(row.customer_id.to_string())
                .bind(&row.username)
                .bind(row.operation.as_str())
                .bind(&row.path)
                .bind(&row.target)
                .bind(row.bytes.cast_signed())
                .bind(row.offset.cast_signed())
                .bind(row.size.map(u64::cast_signed))
                .bind(row.started_at.as_millis())
                .bind(row.ended_at.as_millis())
                .bind(row.result.as_str())
                .bind(&row.reason)
                .bind(i64::from(row.reply_code))
                .bind(row.ip.to_string())
                .bind(row.tls)
                .execute($pool)
                .await
                .map(drop)
        };
    }
    let inserted = match db {
        Db::Sqlite { write, .. } => insert!(write),
        Db::Postgres(pool) => insert!(pool),
    };
    inserted.unwrap();
}

/// Rows of the journal's first table are in today's after the next start, each once.
#[tokio::test]
async fn rows_of_an_earlier_journal_are_kept() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::new(engine).await;
        let rows: Vec<JournalEntry> = (0..2_100_u32)
            .map(|number| {
                let mut random = [0; 10];
                random[6..].copy_from_slice(&number.to_be_bytes());
                JournalEntry {
                    id: TransferId::from_parts(1_800_000_000_000, random),
                    operation: Operation::Rename,
                    path: format!("/{}", "ä".repeat(599 + number as usize % 3)),
                    target: format!("/Ünï {number}"),
                    result: TransferResult::Refused,
                    reason: "exists".to_owned(),
                    ip: "2001:db8::7".parse().unwrap(),
                    ..transfer(1, 0)
                }
            })
            .collect();
        let db = database.open().await;
        for row in &rows {
            insert_former(&db, row).await;
        }
        append(&db, &[transfer(2, 5)]).await;
        db.close().await;

        let db = database.open().await;
        let all = JournalQuery {
            limit: 10_000,
            ..JournalQuery::default()
        };
        let mut found = db.transfers(&all).await.unwrap();
        db.close().await;
        let db = database.open().await;
        let again = db.count_transfers(&all, 10_000).await.unwrap();
        db.close().await;

        found.sort_by_key(|row| row.id);
        assert_eq!(found.pop(), Some(transfer(2, 5)));
        assert!(found == rows, "{engine:?}: {} rows", found.len());
        assert_eq!(again, 2_101);
    }
}

async fn append(db: &Db, entries: &[JournalEntry]) {
    let mut tx = db.begin().await.unwrap();
    tx.append_transfers(entries).await.unwrap();
    tx.commit().await.unwrap();
}

/// The numbers of the transfers that match.
async fn numbers(db: &Db, query: &JournalQuery) -> Vec<u8> {
    let found = db.transfers(query).await.unwrap();
    found
        .iter()
        .map(|entry| {
            (1..=9)
                .find(|number| {
                    entry
                        .id
                        .to_string()
                        .ends_with(&format!("{number:02x}").repeat(6))
                })
                .unwrap()
        })
        .collect()
}
