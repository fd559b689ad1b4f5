//! The transfer journal.

use quaymaster::model::{HourTraffic, JournalEntry, JournalQuery, Operation, TransferResult};
use quaymaster::store::Db;

use super::on_both_engines;
use crate::support::samples::{MADE, account_id, customer_id, later, transfer, transfer_id};

on_both_engines!(a_transfer_reads_back_as_it_was_written, |db| {
    let entry = JournalEntry {
        operation: Operation::Rename,
        path: "/Ünï code".to_owned(),
        target: "/new".to_owned(),
        bytes: 5_000_000_000,
        offset: 7,
        size: None,
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
        before: Some(transfer_id(4)),
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

on_both_engines!(old_transfers_are_removed_oldest_first, |db| {
    append(
        &db,
        &[
            transfer(1, 1),
            transfer(2, 2),
            transfer(3, 3),
            transfer(4, 4),
        ],
    )
    .await;

    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.delete_transfers_before(later(4), 2).await.unwrap(), 2);
    assert_eq!(tx.delete_transfers_before(later(4), 10).await.unwrap(), 1);
    tx.commit().await.unwrap();

    assert_eq!(numbers(&db, &JournalQuery::default()).await, [4]);
});

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
                .find(|number| transfer_id(*number) == entry.id)
                .unwrap()
        })
        .collect()
}
