//! A row of the transfer journal in words, for every page that shows some.

use super::format::{Bytes, Rate, Span, When};
use super::session_row::verb;
use crate::model::{JournalEntry, Operation, TransferResult};

/// A finished transfer as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct TransferRow {
    /// When it ended.
    pub(crate) ended: When,
    /// The user name at that moment.
    pub(crate) username: String,
    /// The account's page.
    pub(crate) account_url: String,
    /// Whether bytes went to the client.
    pub(crate) is_download: bool,
    /// Whether it moved a file at all; deleting and renaming do not.
    pub(crate) moves_bytes: bool,
    /// `Upload`, `Rename`, …
    pub(crate) verb: &'static str,
    /// The path; for a rename both.
    pub(crate) path: String,
    /// Bytes moved; empty for what moves none.
    pub(crate) size: String,
    /// How long it took.
    pub(crate) took: String,
    /// The mean rate; empty for what moves none.
    pub(crate) rate: String,
    /// The class of the result's dot: `ok`, `warn` or `bad`.
    pub(crate) state: &'static str,
    /// The result in words.
    pub(crate) result: &'static str,
    /// What the client heard and where the bytes went, for a tooltip.
    pub(crate) detail: String,
    /// The client's address.
    pub(crate) ip: String,
}

impl TransferRow {
    /// The row of `entry` on a page made at `now`.
    pub(crate) fn new(entry: &JournalEntry, now: When) -> Self {
        let moves_bytes = matches!(
            entry.operation,
            Operation::Append | Operation::Download | Operation::Upload
        );
        let took = entry.ended_at.since(entry.started_at);
        let millis = took.as_millis().max(1);
        let rate = u64::try_from(u128::from(entry.bytes) * 1_000 / millis).unwrap_or(u64::MAX);
        let only_moving = |text: String| if moves_bytes { text } else { String::new() };
        let path = if entry.target.is_empty() {
            entry.path.clone()
        } else {
            format!("{} → {}", entry.path, entry.target)
        };
        Self {
            ended: now.of(entry.ended_at),
            username: entry.username.clone(),
            account_url: format!("/admin/accounts/{}", entry.account_id),
            is_download: entry.operation == Operation::Download,
            moves_bytes,
            verb: verb(entry.operation),
            path,
            size: only_moving(Bytes(entry.bytes).to_string()),
            took: Span(took).to_string(),
            rate: only_moving(Rate(rate).to_string()),
            state: state(entry.result),
            result: result_words(entry),
            detail: detail(entry),
            ip: entry.ip.to_canonical().to_string(),
        }
    }
}

fn state(result: TransferResult) -> &'static str {
    match result {
        TransferResult::Complete => "ok",
        TransferResult::Aborted => "warn",
        TransferResult::Failed | TransferResult::Refused => "bad",
    }
}

/// How a transfer ended, in the words of the interface.
pub(crate) fn result_words(entry: &JournalEntry) -> &'static str {
    match entry.reason.as_str() {
        "" if entry.result == TransferResult::Complete => "Complete",
        "abor" => "Stopped by client",
        "aborted-by-admin" | "disconnected" => "Stopped by operator",
        "client-gone" | "connection-lost" | "tls-truncated" => "Connection lost",
        "stall" => "Stalled",
        "shutdown" => "Server stopped",
        "quota" => "Storage limit",
        "traffic" => "Traffic limit",
        "permission" => "Not allowed",
        "name" => "Name not allowed",
        "not-found" => "No such file",
        "exists" => "Exists already",
        "busy" => "File in use",
        "not-empty" => "Folder not empty",
        "is-directory" | "not-directory" => "Wrong kind",
        "bad-offset" | "resume-guard" => "Resume refused",
        "disk-full" | "disk-quota" => "Disk full",
        "disk-error" | "read-error" | "file-shrunk" => "Disk error",
        "not-durable" => "Not confirmed by disk",
        "no-endpoint" | "not-connected" | "unreachable" => "No data connection",
        "tls-failed" | "tls-not-resumed" => "TLS failed",
        _ => match entry.result {
            TransferResult::Complete => "Complete",
            TransferResult::Aborted => "Stopped",
            TransferResult::Failed => "Failed",
            TransferResult::Refused => "Refused",
        },
    }
}

fn detail(entry: &JournalEntry) -> String {
    let channel = if entry.tls { "encrypted" } else { "plain" };
    let resumed = match entry.offset {
        0 => String::new(),
        offset => format!(", resumed at {}", Bytes(offset)),
    };
    let (code, ip) = (entry.reply_code, entry.ip.to_canonical());
    let checksum = match &entry.sha256 {
        Some(sum) => format!(", SHA-256 {sum}"),
        None => String::new(),
    };
    format!("Reply {code}, {channel} from {ip}{resumed}{checksum}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::{AccountId, CustomerId, SessionId, TransferId};

    /// An upload that took two seconds.
    pub(crate) fn upload(path: &str, result: TransferResult, reason: &str) -> JournalEntry {
        let ended_at = Timestamp::from_seconds(1_773_322_300);
        JournalEntry {
            id: TransferId::from_parts(1, [1; 10]),
            session_id: SessionId::from_parts(1, [1; 10]),
            account_id: AccountId::from_parts(1, [1; 10]),
            customer_id: CustomerId::from_parts(1, [1; 10]),
            username: "kestrel-print".to_owned(),
            operation: Operation::Upload,
            path: path.to_owned(),
            target: String::new(),
            bytes: 8 << 20,
            offset: 0,
            size: Some(8 << 20),
            size_before: None,
            sha256: None,
            started_at: ended_at.minus(std::time::Duration::from_secs(2)),
            ended_at,
            result,
            reason: reason.to_owned(),
            reply_code: 226,
            ip: "198.51.100.23".parse().unwrap(),
            tls: true,
        }
    }

    #[test]
    fn a_row_says_how_fast_and_how_it_ended() {
        let row = TransferRow::new(&upload("/a", TransferResult::Complete, ""), When::default());

        assert_eq!(row.rate, "4\u{a0}MiB/s");
        assert_eq!((row.state, row.result), ("ok", "Complete"));
    }

    #[test]
    fn a_row_tells_the_checksum_if_there_is_one() {
        let whole = JournalEntry {
            sha256: Some("2cf24dba".to_owned()),
            ..upload("/a", TransferResult::Complete, "")
        };
        let unasked = upload("/a", TransferResult::Complete, "");

        let told = |entry: &JournalEntry| TransferRow::new(entry, When::default()).detail;

        assert!(told(&whole).ends_with("23, SHA-256 2cf24dba"));
        assert!(told(&unasked).ends_with("from 198.51.100.23"));
    }

    #[test]
    fn a_reason_has_its_own_words() {
        let refused = upload("/a", TransferResult::Refused, "quota");
        let used_up = upload("/a", TransferResult::Aborted, "traffic");
        let unknown = upload("/a", TransferResult::Failed, "never-heard-of");

        assert_eq!(result_words(&refused), "Storage limit");
        assert_eq!(result_words(&used_up), "Traffic limit");
        assert_eq!(result_words(&unknown), "Failed");
    }
}
