//! What can wake a session. A closed list: bytes, the end of bytes, an order, a deadline, shutdown.
//! The loops in `control` and `transferring` each wait on their own work beside this.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::queue::Queue;
use super::wire::{Exchange, Reading, Wire};
use crate::hosting::sessions::{Order, Orders};
use crate::net::{HandshakeError, Pulse, TlsFacts};
use crate::proto::{Line, LineError, Reply};

/// Something that a session must look at.
#[derive(Debug)]
pub(super) enum Wake {
    /// The client took everything that was said.
    Sent,
    /// Bytes arrived; perhaps a whole line.
    Received,
    /// The client will send nothing more, but may still read.
    Ended,
    /// The connection broke, or the client does not take its replies.
    Lost,
    /// Somebody inside wants something.
    Order(Order),
    /// The moment that was waited for has come.
    Deadline,
    /// The moment of [`Link::set_alarm`] has come; told once.
    Alarm,
    /// The server stops; told once.
    Shutdown,
}

/// The control connection with its queue, and everything else that may interrupt.
pub(super) struct Link {
    wire: Wire,
    queue: Queue,
    orders: Orders,
    shutdown: CancellationToken,
    told_of_shutdown: bool,
    alarm: Option<Instant>,
}

impl Link {
    /// The link on `wire`.
    pub(super) fn new(wire: Wire, orders: Orders, shutdown: CancellationToken) -> Self {
        Self {
            wire,
            queue: Queue::default(),
            orders,
            shutdown,
            told_of_shutdown: false,
            alarm: None,
        }
    }

    /// Waits for whatever comes first; `deadline` is the caller's, `None` waits for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub(super) async fn wake(&mut self, deadline: Option<Instant>) -> Wake {
        let reading = if self.queue.is_full() {
            Reading::Paused
        } else {
            Reading::Open
        };
        let stuck = self.wire.send_deadline();
        let shutdown = self.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled(), if !self.told_of_shutdown => {
                self.told_of_shutdown = true;
                Wake::Shutdown
            }
            order = self.orders.next() => Wake::Order(order),
            exchanged = self.wire.exchange(reading) => match exchanged {
                Ok(Exchange::Received) => Wake::Received,
                Ok(Exchange::Sent) => Wake::Sent,
                Ok(Exchange::Ended) => Wake::Ended,
                Err(_broken) => Wake::Lost,
            },
            () = until(stuck) => Wake::Lost,
            () = until(earlier(deadline, self.alarm)) => {
                if self.alarm.is_some_and(|alarm| deadline.is_none_or(|other| alarm <= other)) {
                    self.alarm = None;
                    Wake::Alarm
                } else {
                    Wake::Deadline
                }
            }
        }
    }

    /// Whoever waits is woken at `moment` too.
    pub(super) fn set_alarm(&mut self, moment: Option<Instant>) {
        self.alarm = moment;
    }

    /// Says `reply`.
    pub(super) fn say(&mut self, reply: &Reply) {
        self.wire.say(reply);
    }

    /// The next line to execute; `None` if none has arrived, or if the client must first read what
    /// it was told.
    pub(super) fn next_line(&mut self) -> Option<Result<Line, LineError>> {
        if self.wire.is_backed_up() {
            return None;
        }
        self.queue.pop().or_else(|| self.wire.next_line())
    }

    /// The next line that has arrived and does not wait yet.
    pub(super) fn arrived(&mut self) -> Option<Result<Line, LineError>> {
        self.wire.next_line()
    }

    /// Takes every line that waits, to look through them for those that cannot.
    pub(super) fn take_waiting(&mut self) -> Queue {
        std::mem::take(&mut self.queue)
    }

    /// Puts a line behind those that wait.
    pub(super) fn postpone(&mut self, line: Result<Line, LineError>) {
        self.queue.push(line);
    }

    /// Has everything that has arrived wait, as far as there is room.
    pub(super) fn gather(&mut self) {
        while !self.queue.is_full()
            && let Some(line) = self.wire.next_line()
        {
            self.queue.push(line);
        }
    }

    /// Whether as many lines wait as may.
    pub(super) fn is_flooded(&self) -> bool {
        self.queue.is_full()
    }

    /// Whether everything that was said has been sent.
    pub(super) fn is_sent(&self) -> bool {
        self.wire.is_sent()
    }

    /// Whether the client will send nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.wire.has_ended()
    }

    /// Tells whether the client is still there.
    pub(super) fn pulse(&self) -> Pulse {
        self.wire.pulse()
    }

    /// Whether whole lines may still wait.
    pub(super) fn has_unread_lines(&self) -> bool {
        !self.queue.is_empty() || self.wire.is_backed_up()
    }

    /// Whether anything stands behind the line that is being executed.
    pub(super) fn has_unread(&self) -> bool {
        !self.queue.is_empty() || self.wire.has_unread()
    }

    /// Sends what was said and closes.
    pub(super) async fn close(self) {
        self.wire.close().await;
    }

    /// Puts the same conversation on an encrypted stream. Nothing that came in the clear is kept.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`]; the connection is closed then.
    pub(super) async fn encrypt(
        self,
        config: Arc<ServerConfig>,
        within: Duration,
    ) -> Result<(Self, Option<TlsFacts>), HandshakeError> {
        let stream = self.wire.into_stream().start_tls(config, within).await?;
        let facts = stream.tls();
        Ok((
            Self {
                wire: Wire::new(stream),
                queue: Queue::default(),
                ..self
            },
            facts,
        ))
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}

/// Waits until `moment`; for ever if there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
