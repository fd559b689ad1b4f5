//! Stopping a running transfer: the session says why, the transfer looks up whenever it waits.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why a transfer must stop before its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// The client sent `ABOR`.
    Abor,
    /// An administrator ended the session, or the account may no longer be used.
    Disconnected,
    /// The client sent more commands than may wait.
    Flood,
    /// The control connection is gone.
    Gone,
    /// An administrator ended the transfer.
    Ordered,
    /// The server stops.
    Shutdown,
}

impl Cause {
    /// The short code in the journal.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Abor => "abor",
            Self::Disconnected => "disconnected",
            Self::Flood => "too-many-commands",
            Self::Gone => "client-gone",
            Self::Ordered => "aborted-by-admin",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Tells one transfer to stop. Clones speak to the same transfer.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    token: CancellationToken,
    cause: Arc<OnceLock<Cause>>,
}

impl Stop {
    /// Tells the transfer to stop; the first cause counts.
    pub(super) fn now(&self, cause: Cause) {
        let _first = self.cause.get_or_init(|| cause);
        self.token.cancel();
    }

    /// Waits until the transfer must stop.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub(super) async fn told(&self) -> Cause {
        self.token.cancelled().await;
        self.cause().unwrap_or(Cause::Gone)
    }

    /// Why the transfer must stop; `None` if it may go on.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause.get().copied()
    }
}
