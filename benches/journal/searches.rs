//! The searches that people make, each some times: the middle one and the slowest count.

use std::time::Instant;

use quaymaster::model::page::JournalQuery;
use quaymaster::model::{Operation, TransferId, TransferResult};
use quaymaster::store::Db;

use super::filling::{account, customer, moment};
use super::say;

/// How often each search is made.
const TIMES: usize = 11;

/// Makes every search and prints a line for each.
pub(crate) async fn run(db: &Db, engine: &str, rows: u64) -> anyhow::Result<()> {
    for (name, query) in searches(rows) {
        let mut times = Vec::with_capacity(TIMES);
        let mut found = 0;
        for _ in 0..TIMES {
            let begun = Instant::now();
            found = db.transfers(&query).await?.len();
            times.push(begun.elapsed().as_micros());
        }
        times.sort_unstable();
        let at = |index: usize| times.get(index).copied().unwrap_or(0);
        let (middle, slowest) = (at(TIMES / 2), at(TIMES - 1));
        say(&format!(
            "{engine}: {name:<48} {:>5}.{:03} ms, slowest {:>5}.{:03} ms, {found} rows",
            middle / 1_000,
            middle % 1_000,
            slowest / 1_000,
            slowest % 1_000
        ))?;
    }
    Ok(())
}

fn searches(rows: u64) -> Vec<(&'static str, JournalQuery)> {
    let all = JournalQuery {
        limit: 51,
        ..JournalQuery::default()
    };
    let busy = JournalQuery {
        account_id: Some(account(0)),
        ..all.clone()
    };
    let quiet = JournalQuery {
        account_id: Some(account(500)),
        ..all.clone()
    };
    let path = |query: &JournalQuery, path: &str| JournalQuery {
        path: path.to_owned(),
        ..query.clone()
    };
    // A day, of which the beginning is two thirds back.
    let day = |query: &JournalQuery| JournalQuery {
        from: Some(moment(rows / 3, rows)),
        to: Some(moment(rows / 3 + rows / 90, rows)),
        ..query.clone()
    };
    let middle = moment(rows / 2, rows);
    let deep = |query: &JournalQuery| JournalQuery {
        before: Some(TransferId::first_at(middle)),
        ..query.clone()
    };
    let address = |network: &str| JournalQuery {
        address: network.parse().ok(),
        ..all.clone()
    };
    vec![
        ("everything, latest page", all.clone()),
        ("everything, a page in the middle", deep(&all)),
        ("account, busy", busy.clone()),
        ("account, quiet", quiet.clone()),
        ("account, busy, a page in the middle", deep(&busy)),
        ("time, one day", day(&all)),
        ("account and time, busy", day(&busy)),
        ("account and time, quiet", day(&quiet)),
        (
            "path, one file",
            path(&all, &format!("/incoming/45/scan-{}.pdf", rows / 2)),
        ),
        ("path, none", path(&all, "/nothing/")),
        ("path, a folder of a day", path(&all, "/incoming/45/")),
        ("path, three quarters of all", path(&all, "/incoming/")),
        ("path, of many but none lately", path(&all, "/archive/")),
        ("path, new names of renames", path(&all, "/done/45/")),
        ("path and time", day(&path(&all, "/incoming/"))),
        (
            "account and path, busy, a folder",
            path(&busy, "/incoming/45/"),
        ),
        ("account and path, busy, most", path(&busy, "/incoming/")),
        (
            "account and path, busy, none lately",
            path(&busy, "/archive/"),
        ),
        (
            "account and path, quiet, a folder",
            path(&quiet, "/incoming/45/"),
        ),
        (
            "account and path, quiet, none lately",
            path(&quiet, "/archive/"),
        ),
        (
            "customer",
            JournalQuery {
                customer_id: Some(customer(50)),
                ..all.clone()
            },
        ),
        ("address", address("198.18.1.7/32")),
        ("network of 256 addresses", address("198.18.1.0/24")),
        (
            "operation, deletions",
            JournalQuery {
                operation: Some(Operation::Delete),
                ..all.clone()
            },
        ),
        (
            "operation, one that never happened",
            JournalQuery {
                operation: Some(Operation::Rmdir),
                ..all.clone()
            },
        ),
        (
            "result, refused",
            JournalQuery {
                result: Some(TransferResult::Refused),
                ..all.clone()
            },
        ),
        (
            "text anywhere, found",
            JournalQuery {
                text: "scan-99".to_owned(),
                ..all.clone()
            },
        ),
        (
            "text anywhere, not found",
            JournalQuery {
                text: "nowhere".to_owned(),
                ..all.clone()
            },
        ),
    ]
}
