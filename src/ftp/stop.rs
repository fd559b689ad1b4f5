//! Stopping a running transfer: the session says why, the transfer looks up whenever it waits.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
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
#[derive(Clone, Debug)]
pub(super) struct Stop {
    token: CancellationToken,
    cause: Arc<OnceLock<Cause>>,
    questions: mpsc::Sender<Question>,
}

/// A transfer that is about to store a file wants the session to look whether the client is there;
/// answered when it is dropped.
#[derive(Debug)]
pub(super) struct Question {
    _answer: oneshot::Sender<()>,
}

impl Stop {
    /// For one transfer, and the questions that it will ask the session.
    pub(super) fn new() -> (Self, mpsc::Receiver<Question>) {
        let (questions, asked) = mpsc::channel(1);
        let stop = Self {
            token: CancellationToken::new(),
            cause: Arc::default(),
            questions,
        };
        (stop, asked)
    }

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

    /// The last moment in which the transfer can be stopped: waits up to `doubt` for a reason, has
    /// the session look at the client once more, and tells why the transfer must stop after all. A
    /// client that is killed ends all its connections, and nobody knows which end comes first.
    pub(super) async fn last_look(&self, doubt: Duration) -> Option<Cause> {
        if !doubt.is_zero() {
            let _told = timeout(doubt, self.told()).await;
        }
        let (answer, answered) = oneshot::channel();
        let question = Question { _answer: answer };
        if self.questions.send(question).await.is_ok() {
            // Nothing is answered but that somebody looked; who has stopped the transfer looks no more.
            tokio::select! {
                _looked = answered => {}
                _cause = self.told() => {}
            }
        }
        self.cause()
    }

    /// Why the transfer must stop; `None` if it may go on.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause.get().copied()
    }
}
