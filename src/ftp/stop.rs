//! Stopping a running transfer: the session says why, the transfer looks up whenever it waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::net::Pulse;

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
#[derive(Clone, Debug)]
pub(super) struct Stop(Arc<Wire>);

/// Between a session and its transfer.
#[derive(Debug)]
struct Wire {
    cause: OnceLock<Cause>,
    /// Tells that there is a cause, or that the client may go.
    news: Notify,
    client: Pulse,
    /// The client has said that it leaves when the transfer is done.
    may_go: AtomicBool,
}

impl Stop {
    /// How long the session may take to read what came before the end of its client.
    const VERDICT_WITHIN: Duration = Duration::from_secs(1);

    /// For a transfer of the client whose control connection has this pulse.
    pub(super) fn new(client: Pulse) -> Self {
        Self(Arc::new(Wire {
            cause: OnceLock::new(),
            news: Notify::new(),
            client,
            may_go: AtomicBool::new(false),
        }))
    }

    /// Tells the transfer to stop; the first cause counts.
    pub(super) fn now(&self, cause: Cause) {
        let _first = self.0.cause.get_or_init(|| cause);
        self.0.news.notify_waiters();
    }

    /// The client has said `QUIT`: that its connection ends is no news any more.
    pub(super) fn let_go(&self) {
        self.0.may_go.store(true, Ordering::Release);
        self.0.news.notify_waiters();
    }

    /// Waits until the transfer must stop.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub(super) async fn told(&self) -> Cause {
        loop {
            // Whoever stops the transfer after this line wakes us.
            let news = self.0.news.notified();
            if let Some(cause) = self.cause() {
                return cause;
            }
            news.await;
        }
    }

    /// The last moment in which the transfer can be stopped: waits up to `doubt` for a reason, looks
    /// at the client once more, and tells why the transfer must stop after all. A client that is
    /// killed ends all its connections, and nobody knows which end comes first.
    pub(super) async fn last_look(&self, doubt: Duration) -> Option<Cause> {
        if !doubt.is_zero() {
            let _told = timeout(doubt, self.told()).await;
        }
        if self.0.client.is_broken_off() {
            // The session has read, or will read, what came before the end: perhaps a `QUIT`.
            let _undecided = timeout(Self::VERDICT_WITHIN, self.verdict()).await;
            if !self.may_go() {
                self.now(Cause::Gone);
            }
        }
        self.cause()
    }

    /// Waits until the session knows whether the client left as it may, or the transfer must stop.
    async fn verdict(&self) {
        loop {
            let news = self.0.news.notified();
            if self.may_go() || self.cause().is_some() {
                return;
            }
            news.await;
        }
    }

    fn may_go(&self) -> bool {
        self.0.may_go.load(Ordering::Acquire)
    }

    /// Why the transfer must stop; `None` if it may go on.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.0.cause.get().copied()
    }
}
