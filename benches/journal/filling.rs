//! Rows as they come in the real world: a thousand accounts of which one is very busy, ninety days, most
//! of it uploads into folders of the day. And rows as they come when a few clients upload small files as
//! fast as they can.

use std::time::Instant;

use quaymaster::clock::Timestamp;
use quaymaster::model::{
    AccountId, CustomerId, JournalEntry, Operation, SessionId, TransferId, TransferResult,
};
use quaymaster::store::Db;

use super::say;

/// When the first row ended: 2026-01-01.
const BEGIN: i64 = 1_767_225_600_000;
const DAY_MILLIS: u64 = 86_400_000;
const DAYS: u64 = 90;
/// Rows of one transaction, as the server writes them.
const BATCH: u64 = 2_048;

/// When row `number` of `rows` ended.
pub(crate) fn moment(number: u64, rows: u64) -> Timestamp {
    let millis = u128::from(number) * u128::from(DAYS * DAY_MILLIS) / u128::from(rows);
    Timestamp::from_millis(BEGIN + i64::try_from(millis).unwrap_or(0))
}

/// An account by its number, from 0, which is the busy one.
pub(crate) fn account(number: u64) -> AccountId {
    AccountId::from_parts(1_767_000_000_000, random(7, number))
}

/// A customer by its number.
pub(crate) fn customer(number: u64) -> CustomerId {
    CustomerId::from_parts(1_767_000_000_000, random(8, number))
}

/// The random part of an id.
fn random(kind: u8, number: u64) -> [u8; 10] {
    let mut random = [kind; 10];
    random[2..].copy_from_slice(&scrambled(number).to_be_bytes());
    random
}

/// Who does what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// A thousand accounts in ninety days.
    Mixed,
    /// Small files of four accounts of one customer, from one address.
    SmallFiles,
}

/// Fills the journal and tells what a row costs.
pub(crate) async fn fill(db: &Db, engine: &str, rows: u64, shape: Shape) -> anyhow::Result<()> {
    let begun = (Instant::now(), processor_millis()?);
    let mut batch = Vec::new();
    for number in 0..rows {
        batch.push(match shape {
            Shape::Mixed => row(number, rows),
            Shape::SmallFiles => small(number, rows),
        });
        if u64::try_from(batch.len())? == BATCH || number + 1 == rows {
            let mut tx = db.begin().await?;
            tx.append_transfers(&batch).await?;
            tx.commit().await?;
            batch.clear();
        }
    }
    let micros = u64::try_from(begun.0.elapsed().as_micros())?;
    let processor = (processor_millis()? - begun.1) * 1_000;
    say(&format!(
        "{engine}, {shape:?}: {rows} rows in {} s; a row takes {}.{} µs, {}.{} µs of the processor in this process",
        micros / 1_000_000,
        micros / rows,
        micros * 10 / rows % 10,
        processor / rows,
        processor * 10 / rows % 10
    ))
}

/// Row `number` of `rows` small files.
fn small(number: u64, rows: u64) -> JournalEntry {
    let entry = row(number, rows);
    JournalEntry {
        account_id: account(number % 4),
        customer_id: customer(0),
        username: format!("account-{}", number % 4),
        session_id: SessionId::from_parts(1_767_000_000_000, random(1, number % 64)),
        operation: Operation::Upload,
        path: format!("/in/{:02}/file-{number}.bin", number % 64),
        target: String::new(),
        result: TransferResult::Complete,
        ip: std::net::Ipv4Addr::LOCALHOST.into(),
        ..entry
    }
}

/// Row `number` of `rows`.
fn row(number: u64, rows: u64) -> JournalEntry {
    let chance = scrambled(number);
    let ended_at = moment(number, rows);
    let owner = if chance.is_multiple_of(10) {
        0
    } else {
        chance / 10 % 1_000
    };
    let day = number * DAYS / rows;
    let (operation, folder) = match chance / 7 % 100 {
        0..70 => (Operation::Upload, "incoming"),
        70..90 => (Operation::Download, "outgoing"),
        90..96 => (Operation::Delete, "outgoing"),
        _ => (Operation::Rename, "work"),
    };
    // A folder that was used at the beginning and never again.
    let folder = if day < 5 { "archive" } else { folder };
    let path = format!("/{folder}/{day:02}/scan-{number}.pdf");
    let is_refused = (chance / 13).is_multiple_of(200);
    let mut place = [0; 10];
    place[4..8].copy_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
    let millis = u64::try_from(ended_at.as_millis()).unwrap_or(0);
    JournalEntry {
        id: TransferId::from_parts(millis, place),
        session_id: SessionId::from_parts(millis, [1; 10]),
        account_id: account(owner),
        customer_id: customer(owner / 10),
        username: format!("account-{owner}"),
        operation,
        target: if operation == Operation::Rename {
            format!("/done/{day:02}/scan-{number}.pdf")
        } else {
            String::new()
        },
        path,
        bytes: chance % 5_000_000,
        offset: 0,
        size: Some(chance % 5_000_000),
        size_before: None,
        sha256: None,
        started_at: ended_at,
        ended_at,
        result: if is_refused {
            TransferResult::Refused
        } else {
            TransferResult::Complete
        },
        reason: String::new(),
        reply_code: 226,
        ip: std::net::Ipv4Addr::from_bits(
            0xC612_0000 + u32::try_from(chance / 3 % 5_000).unwrap_or(0),
        )
        .into(),
        tls: true,
    }
}

/// The same number each time, and no order in them (a round of `SplitMix64`).
fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits ^ (bits >> 31)
}

/// Milliseconds that this process has computed, in hundredths of a second.
fn processor_millis() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
    Ok(ticks * 10)
}
