//! The journal as a file: read in batches and given out piece by piece, so that its length costs no
//! memory.

use std::str::FromStr;

use serde_json::json;

use super::csv;
use super::journal::Journal;
use crate::clock::Timestamp;
use crate::model::JournalEntry;
use crate::model::page::JournalQuery;
use crate::store::StoreError;

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportFormat {
    /// With a row of headings, for a spreadsheet.
    Csv,
    /// One JSON object in each line, for programs.
    Json,
}

/// Not the name of a format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a format; there are csv and json")]
pub struct FormatError;

impl FromStr for ExportFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(FormatError),
        }
    }
}

/// A file in the making.
#[derive(Debug)]
pub struct JournalExport {
    journal: Journal,
    query: JournalQuery,
    format: ExportFormat,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    Begins,
    Goes,
    Ended,
}

/// The headings of a CSV file.
const HEADS: [&str; 20] = [
    "ended",
    "account",
    "operation",
    "path",
    "new path",
    "bytes",
    "offset",
    "size",
    "size before",
    "started",
    "duration ms",
    "result",
    "reason",
    "reply",
    "address",
    "encrypted",
    "sha256",
    "session",
    "account id",
    "customer id",
];

impl JournalExport {
    /// Rows that are read at once.
    const BATCH: u64 = 500;

    /// A file of every row that matches; `before` and `limit` of the query do not count.
    pub fn new(journal: Journal, query: JournalQuery, format: ExportFormat) -> Self {
        let query = JournalQuery {
            before: None,
            limit: Self::BATCH,
            ..query
        };
        Self {
            journal,
            query,
            format,
            progress: Progress::Begins,
        }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<String>, StoreError> {
        if self.progress == Progress::Ended {
            return Ok(None);
        }
        let entries = self.journal.page(&self.query).await?;
        let mut piece = String::new();
        if self.progress == Progress::Begins && self.format == ExportFormat::Csv {
            piece.push(csv::BYTE_ORDER_MARK);
            csv::write_row(&mut piece, HEADS);
        }
        for entry in &entries {
            match self.format {
                ExportFormat::Csv => write_csv(&mut piece, entry),
                ExportFormat::Json => write_json(&mut piece, entry),
            }
        }
        let is_full = u64::try_from(entries.len()).is_ok_and(|rows| rows == Self::BATCH);
        self.progress = if is_full {
            Progress::Goes
        } else {
            Progress::Ended
        };
        self.query.before = entries.last().map(|entry| entry.id);
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

/// Adds a row as a line of CSV.
fn write_csv(out: &mut String, entry: &JournalEntry) {
    let amount = |bytes: Option<u64>| bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    let cells = [
        iso(entry.ended_at),
        entry.username.clone(),
        entry.operation.as_str().to_owned(),
        entry.path.clone(),
        entry.target.clone(),
        entry.bytes.to_string(),
        entry.offset.to_string(),
        amount(entry.size),
        amount(entry.size_before),
        iso(entry.started_at),
        millis(entry).to_string(),
        entry.result.as_str().to_owned(),
        entry.reason.clone(),
        entry.reply_code.to_string(),
        entry.ip.to_canonical().to_string(),
        if entry.tls { "yes" } else { "no" }.to_owned(),
        entry.sha256.clone().unwrap_or_default(),
        entry.session_id.to_string(),
        entry.account_id.to_string(),
        entry.customer_id.to_string(),
    ];
    csv::write_row(out, cells.iter().map(String::as_str));
}

/// Adds a row as a line of JSON.
pub fn write_json(out: &mut String, entry: &JournalEntry) {
    let object = json!({
        "id": entry.id.to_string(),
        "ended": iso(entry.ended_at),
        "account": entry.username,
        "operation": entry.operation.as_str(),
        "path": entry.path,
        "new_path": entry.target,
        "bytes": entry.bytes,
        "offset": entry.offset,
        "size": entry.size,
        "size_before": entry.size_before,
        "started": iso(entry.started_at),
        "duration_ms": millis(entry),
        "result": entry.result.as_str(),
        "reason": entry.reason,
        "reply": entry.reply_code,
        "address": entry.ip.to_canonical().to_string(),
        "encrypted": entry.tls,
        "sha256": entry.sha256,
        "session": entry.session_id.to_string(),
        "account_id": entry.account_id.to_string(),
        "customer_id": entry.customer_id.to_string(),
    });
    out.push_str(&object.to_string());
    out.push('\n');
}

fn millis(entry: &JournalEntry) -> u128 {
    entry.ended_at.since(entry.started_at).as_millis()
}

/// UTC, to the millisecond: `2026-03-12T13:32:08.250Z`.
fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_utc_and_exact() {
        assert_eq!(
            iso(Timestamp::from_millis(1_773_322_300_250)),
            "2026-03-12T13:31:40.250Z"
        );
    }
}
