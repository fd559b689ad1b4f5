//! Log output and metric names.

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
    todo!("{format:?} {filter}")
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

/// The metrics of one instance.
#[derive(Clone, Debug)]
pub struct Metrics {}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        todo!()
    }

    /// How many control connections are open.
    pub fn set_sessions(&self, open: usize) {
        todo!("{open}")
    }

    /// A command was answered: its verb (a known one or `other`) and the reply code.
    pub fn command(&self, verb: &'static str, code: u16) {
        todo!("{verb} {code}")
    }

    /// A login was tried; `result` is a word such as `ok` or `password`.
    pub fn login(&self, result: &'static str) {
        todo!("{result}")
    }

    /// A transfer ended; `result` is a word such as `ok` or `aborted`.
    pub fn transfer(&self, direction: Direction, result: &'static str, bytes: u64) {
        todo!("{direction:?} {result} {bytes}")
    }

    /// How many passive ports are in a state.
    pub fn set_passive_ports(&self, state: PassiveState, ports: usize) {
        todo!("{state:?} {ports}")
    }

    /// Everything in the OpenMetrics text format.
    pub fn render(&self) -> String {
        todo!()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
