//! Log output and metric names.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// The filter expression is not understood, or logging was set up before.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter expression is not understood.
    #[error("the log filter “{filter}” is not understood: {reason}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Logging was set up before.
    #[error("logging was set up before")]
    Twice,
}

/// Sets up logging for the process, to standard output. `filter` is a level or a list such as
/// `info,quaymaster::ftp=debug`.
///
/// # Errors
///
/// See [`TelemetryError`].
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let parsed = EnvFilter::try_new(filter).map_err(|error| TelemetryError::Filter {
        filter: filter.to_owned(),
        reason: error.to_string(),
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(parsed);
    let set_up = match format {
        LogFormat::Text => lines.with_ansi(std::io::stdout().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    set_up.map_err(|_| TelemetryError::Twice)
}

/// The direction of a transfer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// To the server.
    Upload,
    /// To the client; listings too.
    Download,
}

/// The state of a passive port.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PassiveState {
    /// Can be had.
    Free,
    /// Reserved by a session.
    Reserved,
    /// Carries a transfer.
    Connected,
    /// Cannot be opened.
    Failing,
}

/// Where the rows of the journal are that have not been stored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct JournalTally {
    /// Handed over and not stored yet.
    pub waiting: u64,
    /// Not stored since the start, and never will be; each of them is in the log.
    pub lost: u64,
}

/// What transfers hold at one moment. When none is running, all of it has been given back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Held {
    /// Transfers that have begun and not wound up, those of sessions that are gone included.
    pub transfers: usize,
    /// Sessions that wait for a passive port.
    pub port_waits: usize,
    /// Uploads with a reservation in the books.
    pub reservations: usize,
    /// Bytes that they have been granted beyond what they replace.
    pub reserved_bytes: u64,
    /// Files that uploads write to, and names that are promised to them.
    pub files: usize,
}

/// The metrics of one instance. Cloning is cheap; all clones count into the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    registry: Registry,
    sessions: Gauge,
    commands: Family<CommandLabels, Counter>,
    logins: Family<ResultLabels, Counter>,
    transfers: Family<TransferLabels, Counter>,
    transfer_bytes: Family<DirectionLabels, Counter<u64, AtomicU64>>,
    passive_ports: Family<StateLabels, Gauge>,
    passwords: Gauge,
    buffers: Gauge,
    journal_waiting: Gauge,
    journal_lost: Gauge,
    held: HeldGauges,
}

#[derive(Debug, Default)]
struct HeldGauges {
    transfers: Gauge,
    port_waits: Gauge,
    reservations: Gauge,
    reserved_bytes: Gauge,
    files: Gauge,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct CommandLabels {
    command: &'static str,
    code: u32,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct TransferLabels {
    direction: Direction,
    result: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct DirectionLabels {
    direction: Direction,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct StateLabels {
    state: PassiveState,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("quaymaster_ftp");
        let sessions = Gauge::default();
        let commands = Family::default();
        let logins = Family::default();
        let transfers = Family::default();
        let transfer_bytes = Family::default();
        let passive_ports = Family::default();
        let passwords = Gauge::default();
        // The library adds `_total` to the names of counters.
        registry.register("sessions", "Open control connections", sessions.clone());
        registry.register("commands", "Commands answered", commands.clone());
        registry.register("logins", "Logins tried", logins.clone());
        registry.register("transfers", "Transfers ended", transfers.clone());
        registry.register(
            "transfer_bytes",
            "Bytes on data connections",
            transfer_bytes.clone(),
        );
        registry.register("passive_ports", "Passive ports", passive_ports.clone());
        registry.register(
            "passwords_at_work",
            "Passwords being hashed or verified, or waiting for their turn",
            passwords.clone(),
        );
        let buffers = Gauge::default();
        registry.register("buffers_lent", "Transfer buffers in use", buffers.clone());
        let journal_waiting = Gauge::default();
        registry.register(
            "journal_rows_waiting",
            "Rows of the journal that wait to be stored",
            journal_waiting.clone(),
        );
        let journal_lost = Gauge::default();
        registry.register(
            "journal_rows_lost",
            "Rows of the journal that were written to the log instead, since the start",
            journal_lost.clone(),
        );
        Self(Arc::new(Instruments {
            journal_waiting,
            journal_lost,
            held: HeldGauges::register(&mut registry),
            buffers,
            registry,
            sessions,
            commands,
            logins,
            transfers,
            transfer_bytes,
            passive_ports,
            passwords,
        }))
    }

    /// How many control connections are open.
    pub fn set_sessions(&self, open: usize) {
        self.0.sessions.set(gauge(open));
    }

    /// How many passwords are being worked on or wait for their turn.
    pub fn set_passwords(&self, at_work: usize) {
        self.0.passwords.set(gauge(at_work));
    }

    /// A command was answered: its verb (a known one or `other`) and the reply code.
    pub fn command(&self, command: &'static str, code: u16) {
        let code = u32::from(code);
        let labels = CommandLabels { command, code };
        self.0.commands.get_or_create(&labels).inc();
    }

    /// A login was tried; `result` is a word such as `ok` or `password`.
    pub fn login(&self, result: &'static str) {
        self.0.logins.get_or_create(&ResultLabels { result }).inc();
    }

    /// A transfer ended; `result` is a word such as `ok` or `aborted`.
    pub fn transfer(&self, direction: Direction, result: &'static str, bytes: u64) {
        let labels = TransferLabels { direction, result };
        self.0.transfers.get_or_create(&labels).inc();
        let labels = DirectionLabels { direction };
        self.0.transfer_bytes.get_or_create(&labels).inc_by(bytes);
    }

    /// How many passive ports are in a state.
    pub fn set_passive_ports(&self, state: PassiveState, ports: usize) {
        let labels = StateLabels { state };
        self.0
            .passive_ports
            .get_or_create(&labels)
            .set(gauge(ports));
    }

    /// What transfers hold.
    pub fn set_held(&self, held: Held) {
        let gauges = &self.0.held;
        gauges.transfers.set(gauge(held.transfers));
        gauges.port_waits.set(gauge(held.port_waits));
        gauges.reservations.set(gauge(held.reservations));
        let bytes = i64::try_from(held.reserved_bytes).unwrap_or(i64::MAX);
        gauges.reserved_bytes.set(bytes);
        gauges.files.set(gauge(held.files));
    }

    /// Where the rows of the journal are that have not been stored.
    pub fn set_journal(&self, tally: JournalTally) {
        let amount = |rows| i64::try_from(rows).unwrap_or(i64::MAX);
        self.0.journal_waiting.set(amount(tally.waiting));
        self.0.journal_lost.set(amount(tally.lost));
    }

    /// A transfer was lent a buffer.
    pub fn buffer_lent(&self) {
        self.0.buffers.inc();
    }

    /// A transfer gave a buffer back.
    pub fn buffer_returned(&self) {
        self.0.buffers.dec();
    }

    /// Everything in the `OpenMetrics` text format
    /// (`application/openmetrics-text; version=1.0.0; charset=utf-8`).
    pub fn render(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.0.registry).is_err() {
            // Writing into a string cannot fail; half a page would be worse than none.
            text.clear();
        }
        text
    }
}

impl HeldGauges {
    fn register(registry: &mut Registry) -> Self {
        let held = Self::default();
        for (name, help, gauge) in [
            ("transfers_running", "Transfers under way", &held.transfers),
            (
                "port_waits",
                "Sessions waiting for a passive port",
                &held.port_waits,
            ),
            (
                "quota_reservations",
                "Uploads with a reservation",
                &held.reservations,
            ),
            (
                "quota_reserved_bytes",
                "Bytes granted to them",
                &held.reserved_bytes,
            ),
            ("files_in_flight", "Files held by uploads", &held.files),
        ] {
            registry.register(name, help, gauge.clone());
        }
        held
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl EncodeLabelValue for Direction {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            Self::Upload => "upload",
            Self::Download => "download",
        })
    }
}

impl EncodeLabelValue for PassiveState {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            Self::Free => "free",
            Self::Reserved => "reserved",
            Self::Connected => "connected",
            Self::Failing => "failing",
        })
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_as_agreed() {
        let metrics = Metrics::new();

        metrics.set_sessions(3);
        metrics.set_passwords(2);
        metrics.command("STOR", 226);
        metrics.command("STOR", 226);
        metrics.login("password");
        metrics.transfer(Direction::Upload, "ok", 1_000);
        metrics.transfer(Direction::Upload, "aborted", 24);
        metrics.set_passive_ports(PassiveState::Free, 20);
        metrics.buffer_lent();
        metrics.buffer_lent();
        metrics.buffer_returned();
        metrics.set_held(Held {
            transfers: 1,
            port_waits: 2,
            reservations: 3,
            reserved_bytes: 4_000,
            files: 5,
        });
        metrics.set_journal(JournalTally {
            waiting: 6,
            lost: 7,
        });

        let page = metrics.render();
        for line in [
            "quaymaster_ftp_sessions 3",
            "quaymaster_ftp_passwords_at_work 2",
            "quaymaster_ftp_commands_total{command=\"STOR\",code=\"226\"} 2",
            "quaymaster_ftp_logins_total{result=\"password\"} 1",
            "quaymaster_ftp_transfers_total{direction=\"upload\",result=\"ok\"} 1",
            "quaymaster_ftp_transfer_bytes_total{direction=\"upload\"} 1024",
            "quaymaster_ftp_passive_ports{state=\"free\"} 20",
            "quaymaster_ftp_buffers_lent 1",
            "quaymaster_ftp_transfers_running 1",
            "quaymaster_ftp_port_waits 2",
            "quaymaster_ftp_quota_reservations 3",
            "quaymaster_ftp_quota_reserved_bytes 4000",
            "quaymaster_ftp_files_in_flight 5",
            "quaymaster_ftp_journal_rows_waiting 6",
            "quaymaster_ftp_journal_rows_lost 7",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn two_instances_do_not_share_their_numbers() {
        let (one, other) = (Metrics::new(), Metrics::new());

        one.login("ok");

        assert!(!other.render().contains("logins_total{"));
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        let refused = init(LogFormat::Text, "info,quaymaster=loudly");

        assert!(matches!(refused, Err(TelemetryError::Filter { .. })));
    }
}
