//! What an account does now and did last, as lines of a page.

use std::time::Duration;

use crate::app::App;
use crate::hosting::sessions::SessionView;
use crate::model::{AccountId, JournalEntry, Operation, TransferResult};
use crate::web::format::{Bytes, Rate, Span, When};
use crate::web::layout::Layout;

/// An open session.
#[derive(Clone, Debug)]
pub(crate) struct SessionLine {
    /// Its id.
    pub(crate) id: String,
    /// Where the client is.
    pub(crate) ip: String,
    /// What the client calls itself; may be empty.
    pub(crate) client: String,
    /// The running transfer or the last command.
    pub(crate) doing: String,
    /// Protocol of the control connection; empty if it is plain.
    pub(crate) tls: String,
    /// How long it has been open.
    pub(crate) open_for: Span,
}

/// A transfer of the journal.
#[derive(Clone, Debug)]
pub(crate) struct TransferLine {
    /// The icon.
    pub(crate) icon: &'static str,
    /// The icon's state: empty, `bad` or `warn`.
    pub(crate) state: &'static str,
    /// What was done.
    pub(crate) verb: &'static str,
    /// To which file.
    pub(crate) path: String,
    /// Size, time, rate, or why it failed.
    pub(crate) detail: String,
    /// When it ended.
    pub(crate) when: When,
}

/// The open sessions of an account, oldest first.
pub(crate) fn sessions_of(app: &App, account: AccountId) -> Vec<SessionLine> {
    let now = app.clock.now();
    let is_its = |view: &SessionView| view.account.as_ref().is_some_and(|it| it.id == account);
    let views = app.sessions.snapshot().into_iter().filter(is_its);
    views
        .map(|view| SessionLine {
            id: view.id.to_string(),
            ip: view.peer.ip().to_canonical().to_string(),
            doing: doing(&view),
            client: view.client,
            tls: view.tls.unwrap_or_default(),
            open_for: Span(now.since(view.opened_at)),
        })
        .collect()
}

/// What a session does: the running transfer, else the last command.
pub(crate) fn doing(view: &SessionView) -> String {
    match &view.transfer {
        Some(transfer) => {
            let verb = match transfer.operation {
                Operation::Download => "Downloading",
                _ => "Uploading",
            };
            format!("{verb} {}, {}", transfer.path, Bytes(transfer.moved_bytes))
        }
        None if view.command.is_empty() => "Connected".to_owned(),
        None => view.command.clone(),
    }
}

/// The rows of the journal as lines.
pub(crate) fn transfers(rows: &[JournalEntry], layout: &Layout) -> Vec<TransferLine> {
    rows.iter().map(|row| line(row, layout)).collect()
}

fn line(row: &JournalEntry, layout: &Layout) -> TransferLine {
    let (icon, verb) = match row.operation {
        Operation::Append => ("up", "Appended to"),
        Operation::Delete => ("trash", "Deleted"),
        Operation::Download => ("down", "Downloaded"),
        Operation::Mkdir => ("folder", "Made folder"),
        Operation::Rename => ("edit", "Renamed"),
        Operation::Rmdir => ("trash", "Removed folder"),
        Operation::Upload => ("up", "Uploaded"),
    };
    let (icon, state) = match row.result {
        TransferResult::Complete => (icon, ""),
        TransferResult::Aborted => ("warn", "warn"),
        TransferResult::Failed | TransferResult::Refused => ("bad", "bad"),
    };
    TransferLine {
        icon,
        state,
        verb,
        path: path(row),
        detail: detail(row),
        when: layout.when(row.ended_at),
    }
}

fn path(row: &JournalEntry) -> String {
    if row.target.is_empty() {
        row.path.clone()
    } else {
        format!("{} to {}", row.path, row.target)
    }
}

fn detail(row: &JournalEntry) -> String {
    let took = row.ended_at.since(row.started_at);
    let outcome = match row.result {
        TransferResult::Complete => "",
        TransferResult::Aborted => "Stopped",
        TransferResult::Failed => "Failed",
        TransferResult::Refused => "Refused",
    };
    let outcome = match (outcome, row.reason.as_str()) {
        ("", _) => String::new(),
        (outcome, "") => outcome.to_owned(),
        (outcome, reason) => format!("{outcome}: {reason}"),
    };
    let moves = matches!(
        row.operation,
        Operation::Append | Operation::Download | Operation::Upload
    );
    let size = moves.then(|| format!("{} in {}", Bytes(row.bytes), Span(took)));
    let rate = (moves && row.result == TransferResult::Complete)
        .then(|| rate(row.bytes, took))
        .flatten()
        .map(|rate| rate.to_string());
    let parts = [Some(outcome).filter(|text| !text.is_empty()), size, rate];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The mean rate; `None` for a time too short to say.
fn rate(bytes: u64, took: Duration) -> Option<Rate> {
    let millis = took.as_millis();
    if millis < 10 {
        return None;
    }
    u64::try_from(u128::from(bytes) * 1_000 / millis)
        .ok()
        .map(Rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_a_measurable_time() {
        assert_eq!(rate(1_000, Duration::from_millis(3)), None);
        assert_eq!(rate(1_000, Duration::from_secs(2)), Some(Rate(500)));
    }
}
