//! A live session in words: one row of the live page, and the facts of its own page.

use super::format::{About, Bytes, Pct, Rate, Span};
use super::live::Moving;
use super::meter::Meter;
use crate::clock::Timestamp;
use crate::hosting::sessions::{SessionView, TransferView};
use crate::model::{AccountId, Operation, SessionId};

/// A session as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    /// The id of its row: `s-7f21ab`.
    pub(crate) key: String,
    /// Its id, for forms and addresses.
    pub(crate) id: SessionId,
    /// The user name, or that nobody is signed in yet.
    pub(crate) name: String,
    /// The account, once signed in.
    pub(crate) account: Option<AccountId>,
    /// The client's address.
    pub(crate) ip: String,
    /// What the client calls itself.
    pub(crate) client: String,
    /// `TLS 1.3`; empty if the control connection is plain.
    pub(crate) control: String,
    /// What is known of the data connection.
    pub(crate) data: DataChannel,
    /// What it does.
    pub(crate) doing: Doing,
    /// The rate of the running transfer.
    pub(crate) rate: String,
    /// How long the connection is open.
    pub(crate) open_for: String,
}

/// The data connection of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DataChannel {
    /// None is open.
    None,
    /// It is encrypted.
    Encrypted,
    /// It is not.
    Plain,
}

/// What a session does.
#[derive(Clone, Debug)]
pub(crate) enum Doing {
    /// It moves a file.
    Transfer(Progress),
    /// Nothing, for so long, in this folder.
    Idle {
        /// `212 s idle`.
        since: String,
        /// The working directory.
        cwd: String,
    },
}

/// How far a transfer is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Whether it is a download.
    pub(crate) is_download: bool,
    /// `Upload`, `Download`.
    pub(crate) verb: &'static str,
    /// The file.
    pub(crate) path: String,
    /// `418 MiB`.
    pub(crate) moved: String,
    /// `73 %`; empty if the size is not known.
    pub(crate) percent: String,
    /// `1.9 of 2.6 GiB`; empty if the size is not known.
    pub(crate) of: String,
    /// Length of the bar in per cent; full if the size is not known.
    pub(crate) width: String,
    /// Since when.
    pub(crate) took: String,
}

impl SessionRow {
    /// The row of a sampled session at `now`.
    pub(crate) fn new(moving: &Moving, now: Timestamp) -> Self {
        let view = &moving.view;
        let name = view
            .account
            .as_ref()
            .map(|account| account.username.to_string());
        Self {
            key: key(view.id),
            id: view.id,
            name: name.unwrap_or_else(|| "(not signed in)".to_owned()),
            account: view.account.as_ref().map(|account| account.id),
            ip: view.peer.ip().to_canonical().to_string(),
            client: client(&view.client),
            control: view.tls.as_deref().map(protocol).unwrap_or_default(),
            data: match &view.transfer {
                None => DataChannel::None,
                Some(transfer) if transfer.encrypted => DataChannel::Encrypted,
                Some(_) => DataChannel::Plain,
            },
            doing: Doing::new(view, now),
            rate: Rate(moving.rate).to_string(),
            open_for: About(now.since(view.opened_at)).to_string(),
        }
    }

    /// Whether a transfer runs.
    pub(crate) fn is_transferring(&self) -> bool {
        matches!(self.doing, Doing::Transfer(_))
    }

    /// Whether a connection of it is plain.
    pub(crate) fn is_plain(&self) -> bool {
        self.control.is_empty() || self.data == DataChannel::Plain
    }

    /// Whether name, address, program or path hold `text`, whatever the case.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let path = match &self.doing {
            Doing::Transfer(progress) => &progress.path,
            Doing::Idle { cwd, .. } => cwd,
        };
        let wanted = text.to_lowercase();
        [&self.name, &self.ip, &self.client, &self.key, path]
            .iter()
            .any(|field| field.to_lowercase().contains(&wanted))
    }
}

impl Doing {
    fn new(view: &SessionView, now: Timestamp) -> Self {
        match &view.transfer {
            Some(transfer) => Self::Transfer(Progress::new(transfer, now)),
            None => Self::Idle {
                since: format!("{} idle", Span(now.since(view.active_at))),
                cwd: view.cwd.clone(),
            },
        }
    }
}

impl Progress {
    /// How far `transfer` is at `now`.
    pub(crate) fn new(transfer: &TransferView, now: Timestamp) -> Self {
        let moved = Bytes(transfer.moved_bytes).to_string();
        let known = transfer.expected_bytes.filter(|expected| *expected > 0);
        let share = known.map(|expected| Pct::of(transfer.moved_bytes.min(expected), expected));
        let per_mille = share.map_or(1_000, Pct::per_mille);
        Self {
            is_download: transfer.operation == Operation::Download,
            verb: verb(transfer.operation),
            path: transfer.path.to_string(),
            of: known
                .map(|expected| Meter::storage(transfer.moved_bytes, Some(expected)))
                .map(|meter| format!("{} of {}", meter.used, meter.limit))
                .unwrap_or_default(),
            percent: share.map(|share| share.to_string()).unwrap_or_default(),
            width: format!("{}.{}", per_mille / 10, per_mille % 10),
            moved,
            took: Span(now.since(transfer.started_at)).to_string(),
        }
    }
}

/// What the client calls itself, short enough for a table.
fn client(name: &str) -> String {
    const CHARACTERS_MAX: usize = 24;
    match name.chars().count() {
        0 => "Unknown".to_owned(),
        1..=CHARACTERS_MAX => name.to_owned(),
        _ => name.chars().take(CHARACTERS_MAX).chain(['…']).collect(),
    }
}

/// The id of a session's row, also its short name on pages.
pub(crate) fn key(id: SessionId) -> String {
    format!("s-{}", id.short())
}

/// The word for an operation.
pub(crate) fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Append => "Append",
        Operation::Delete => "Delete",
        Operation::Download => "Download",
        Operation::Mkdir => "New folder",
        Operation::Rename => "Rename",
        Operation::Rmdir => "Remove folder",
        Operation::Upload => "Upload",
    }
}

/// `TLS 1.3` of `TLS 1.3 TLS13_AES_256_GCM_SHA384`.
fn protocol(tls: &str) -> String {
    let words: Vec<&str> = tls.split(' ').take(2).collect();
    words.join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hosting::sessions::SessionAccount;
    use crate::model::{CustomerId, VirtualPath};

    fn moving(number: u8, name: &str, transfer: Option<TransferView>, rate: u64) -> Moving {
        let now = Timestamp::from_seconds(1_773_322_328);
        let account = SessionAccount {
            id: AccountId::from_parts(1, [number; 10]),
            customer_id: CustomerId::from_parts(1, [1; 10]),
            username: name
                .parse()
                .unwrap_or_else(|_| "kestrel-print".parse().unwrap()),
        };
        let view = SessionView {
            id: SessionId::from_parts(1, [number; 10]),
            peer: format!("198.51.100.{number}:51844").parse().unwrap(),
            local: "10.0.4.12:2121".parse().unwrap(),
            account: (!name.is_empty()).then_some(account),
            tls: (number != 3).then(|| "TLS 1.3 TLS13_AES_256_GCM_SHA384".to_owned()),
            client: if number == 4 {
                "<img src=x>".to_owned()
            } else {
                "FileZilla 3.69.3".to_owned()
            },
            command: "NOOP".to_owned(),
            cwd: "/incoming".to_owned(),
            opened_at: now.minus(std::time::Duration::from_secs(486)),
            active_at: now.minus(std::time::Duration::from_secs(212)),
            received_bytes: 1 << 30,
            sent_bytes: 5 << 20,
            transfer,
        };
        Moving { view, rate }
    }

    fn transfer(operation: Operation, path: &str, expected_bytes: Option<u64>) -> TransferView {
        TransferView {
            operation,
            path: VirtualPath::root().resolve(path).unwrap(),
            moved_bytes: 438_933_913,
            expected_bytes,
            encrypted: path.len() > 20,
            started_at: Timestamp::from_seconds(1_773_322_300),
        }
    }

    /// A session of every kind.
    pub(crate) fn sample_moving() -> Vec<Moving> {
        let upload = transfer(
            Operation::Upload,
            "/incoming/2026-spring-catalogue.pdf",
            None,
        );
        let download = transfer(
            Operation::Download,
            "/builds/linux-x64.tar.zst",
            Some(600_000_000),
        );
        let plain = transfer(Operation::Upload, "/gate/<img src=x>", None);
        vec![
            moving(1, "kestrel-print", Some(upload), 11_953_766),
            moving(2, "corvid-games-ci", Some(download), 8_493_465),
            moving(3, "harrow-cctv-01", Some(plain), 943_718),
            moving(4, "brightline-studio", None, 0),
            moving(5, "", None, 0),
        ]
    }

    /// Their rows.
    pub(crate) fn sample_rows() -> Vec<SessionRow> {
        let now = Timestamp::from_seconds(1_773_322_328);
        sample_moving()
            .iter()
            .map(|moving| SessionRow::new(moving, now))
            .collect()
    }

    #[test]
    fn the_protocol_is_named_without_its_cipher() {
        assert_eq!(protocol("TLS 1.3 TLS13_AES_256_GCM_SHA384"), "TLS 1.3");
        assert_eq!(protocol("TLS 1.2 TLS_ECDHE"), "TLS 1.2");
    }

    #[test]
    fn an_upload_of_unknown_size_has_no_percentage() {
        let now = Timestamp::from_seconds(10);
        let transfer = TransferView {
            operation: Operation::Upload,
            path: VirtualPath::root(),
            moved_bytes: 2_048,
            expected_bytes: None,
            encrypted: true,
            started_at: Timestamp::from_seconds(1),
        };

        let progress = Progress::new(&transfer, now);

        assert_eq!(progress.percent, "");
        assert_eq!(progress.width, "100.0");
        assert_eq!(progress.took, "9\u{a0}s");
    }

    #[test]
    fn a_download_shows_its_share() {
        let transfer = TransferView {
            operation: Operation::Download,
            path: VirtualPath::root(),
            moved_bytes: 730,
            expected_bytes: Some(1_000),
            encrypted: true,
            started_at: Timestamp::default(),
        };

        let progress = Progress::new(&transfer, Timestamp::default());

        assert_eq!(progress.percent, "73\u{a0}%");
        assert_eq!(progress.of, "730 of 1000\u{a0}B");
    }
}
