//! The writer of the journal, what it does when there is too much, what is kept, and files of it.

use quaymaster::events::Events;
use quaymaster::hosting::journal::Journal;
use quaymaster::hosting::journal_export::{ExportFormat, JournalExport};
use quaymaster::model::{
    Customer, CustomerId, JournalEntry, JournalQuery, Override, Plan, TransferId, TransferResult,
};
use quaymaster::store::Db;
use quaymaster::telemetry::JournalTally;

use crate::support::engines::on_both_engines;
use crate::support::samples::{self, account_id, customer_id, later, transfer};

/// Rows that may wait for the writer.
const QUEUE: u64 = 8_192;

on_both_engines!(
    what_finds_no_place_is_counted_and_the_rest_is_stored,
    |db| {
        let (journal, writer) = Journal::new(db.clone(), Events::new());
        for number in 0..QUEUE + 3 {
            journal.record(numbered(&journal, number));
        }

        assert_eq!(
            journal.tally(),
            JournalTally {
                waiting: QUEUE,
                lost: 3
            }
        );
        let writing = tokio::spawn(writer.run());
        assert!(journal.flush().await);
        assert_eq!(journal.tally().waiting, 0);
        assert_eq!(count(&db).await, QUEUE);
        drop(journal);
        writing.await.unwrap();
    }
);

on_both_engines!(refused_commands_leave_room_for_what_others_did, |db| {
    let (journal, writer) = Journal::new(db.clone(), Events::new());
    for number in 0..QUEUE {
        journal.record(JournalEntry {
            result: TransferResult::Refused,
            ..numbered(&journal, number)
        });
    }
    for number in 0..QUEUE / 4 {
        journal.record(numbered(&journal, number));
    }

    let lost = journal.tally().lost;
    assert!((QUEUE / 4 - 1..=QUEUE / 4).contains(&lost), "{lost}");
    let writing = tokio::spawn(writer.run());
    assert!(journal.flush().await);
    let query = JournalQuery {
        result: Some(TransferResult::Complete),
        ..JournalQuery::default()
    };
    let complete = db.count_transfers(&query, 10_000).await.unwrap();
    assert!(complete >= QUEUE / 4 - 1, "{complete}");
    drop(journal);
    writing.await.unwrap();
});

on_both_engines!(a_row_that_cannot_be_stored_keeps_out_no_other, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;
    let (journal, writer) = Journal::new(db.clone(), Events::new());
    let writing = tokio::spawn(writer.run());
    for number in 0..5 {
        let bytes = if number == 2 { u64::MAX } else { number };
        journal.record(JournalEntry {
            bytes,
            ..numbered(&journal, number)
        });
    }

    assert!(journal.flush().await);

    assert_eq!(
        journal.tally(),
        JournalTally {
            waiting: 0,
            lost: 1
        }
    );
    assert_eq!(count(&db).await, 4);
    let account = db.account(account_id(1)).await.unwrap().unwrap();
    assert_eq!(account.last_upload_at, Some(later(0)));
    drop(journal);
    writing.await.unwrap();
});

on_both_engines!(a_row_that_is_there_already_is_not_lost, |db| {
    let (journal, writer) = Journal::new(db.clone(), Events::new());
    let writing = tokio::spawn(writer.run());
    let again = numbered(&journal, 1);
    journal.record(again.clone());
    assert!(journal.flush().await);
    journal.record(again);
    journal.record(numbered(&journal, 2));

    assert!(journal.flush().await);

    assert_eq!(journal.tally(), JournalTally::default());
    assert_eq!(count(&db).await, 2);
    drop(journal);
    writing.await.unwrap();
});

on_both_engines!(ids_are_in_the_order_in_which_things_happened, |db| {
    let (journal, _writer) = Journal::new(db, Events::new());

    let ids: Vec<TransferId> = (0..70_000).map(|_| journal.id(later(7))).collect();

    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(TransferId::first_at(later(7)) <= ids[0]);
    assert!(*ids.last().unwrap() < TransferId::first_at(later(8)));
});

on_both_engines!(
    the_journal_is_kept_as_long_as_plans_and_settings_say,
    |db| {
        let days = |days: i64| later(days * 86_400);
        let mut tx = db.begin().await.unwrap();
        for (number, journal_days) in [
            (1, Override::Inherit),
            (2, Override::Own(Some(200))),
            (3, Override::Own(None)),
            (4, Override::Own(Some(10))),
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
        let (journal, _writer) = Journal::new(db.clone(), Events::new());
        // Customer 5 is gone. More rows than are removed at once.
        let rows = (1..=5).flat_map(|number| {
            let journal = &journal;
            (0..600).map(move |hours: i64| {
                let ended_at = later(hours * 3_600);
                JournalEntry {
                    id: journal.id(ended_at),
                    customer_id: customer_id(number),
                    ended_at,
                    ..transfer(number, 0)
                }
            })
        });
        tx.append_transfers(&rows.collect::<Vec<_>>())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        // Of 25 days, those are gone that ended more than so many days before the 101st.
        let removed = journal.shorten(days(101), 90).await.unwrap();

        // Eleven days by the settings; all of them by the plan.
        assert_eq!(removed, 11 * 24 + 600 + 11 * 24);
        for (number, left) in [(1, 600 - 264), (2, 600), (3, 600), (4, 0), (5, 600 - 264)] {
            assert_eq!(
                of_customer(&db, customer_id(number)).await,
                left,
                "{number}"
            );
        }
        assert_eq!(journal.shorten(days(101), 90).await.unwrap(), 0);
    }
);

on_both_engines!(a_file_has_every_row_that_matches, |db| {
    let (journal, writer) = Journal::new(db.clone(), Events::new());
    let writing = tokio::spawn(writer.run());
    for number in 0..1_234 {
        let path = if number % 2 == 0 {
            "/=cmd"
        } else {
            "/in/ä,\"b"
        };
        journal.record(JournalEntry {
            path: path.to_owned(),
            username: "=kestrel".to_owned(),
            ..numbered(&journal, number)
        });
    }

    let csv = file(&journal, "", ExportFormat::Csv).await;
    assert_eq!(csv.matches("\r\n").count(), 1_235);
    assert!(csv.starts_with("\u{feff}ended,account,operation,path,new path,bytes,"));
    assert!(
        csv.contains(",\"'=kestrel\",upload,\"/in/ä,\"\"b\",,"),
        "{}",
        csv.lines().nth(1).unwrap_or_default()
    );
    let json = file(&journal, "/in/", ExportFormat::Json).await;
    assert_eq!(json.lines().count(), 617);
    let mut bytes: Vec<u64> = Vec::new();
    for line in json.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&row["path"], &row["account"]),
            (&"/in/ä,\"b".into(), &"=kestrel".into())
        );
        bytes.push(row["bytes"].as_u64().unwrap());
    }
    // Latest first, each once.
    assert!(bytes.windows(2).all(|pair| pair[0] == pair[1] + 2));
    let nothing = file(&journal, "/nothing", ExportFormat::Csv).await;
    assert_eq!(nothing.lines().count(), 1);
    assert_eq!(file(&journal, "/nothing", ExportFormat::Json).await, "");
    drop(journal);
    writing.await.unwrap();
});

async fn file(journal: &Journal, path: &str, format: ExportFormat) -> String {
    let query = JournalQuery {
        path: path.to_owned(),
        ..JournalQuery::default()
    };
    let mut export = JournalExport::new(journal.clone(), query, format);
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        assert!(piece.len() < 500_000, "{}", piece.len());
        text.push_str(&piece);
    }
    text
}

fn numbered(journal: &Journal, bytes: u64) -> JournalEntry {
    JournalEntry {
        id: journal.id(later(0)),
        bytes,
        ..transfer(1, 0)
    }
}

async fn count(db: &Db) -> u64 {
    let query = JournalQuery::default();
    db.count_transfers(&query, 100_000).await.unwrap()
}

async fn of_customer(db: &Db, customer: CustomerId) -> u64 {
    let query = JournalQuery {
        customer_id: Some(customer),
        ..JournalQuery::default()
    };
    db.count_transfers(&query, 100_000).await.unwrap()
}
