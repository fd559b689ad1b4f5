//! A session while it moves bytes: the transfer works in a task of its own, the session goes on
//! listening. `ABOR` and `STAT` are obeyed at once, `QUIT` after the transfer; everything else waits
//! (RFC 959 §4.1.3).

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::commands::about;
use super::context::Context;
use super::data::{Arrival, Endpoint, Terms};
use super::error::TransferError;
use super::hashing::Hashing;
use super::link::{Link, Wake};
use super::outcome::Transfer;
use super::standing::Standing;
use super::stop::{Cause, Stop};
use crate::hosting::login::Refusal;
use crate::hosting::sessions::Order;
use crate::proto::{Code, Command, Line, LineError, Reply};

/// What becomes of the session after a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Aftermath {
    /// It goes on.
    Continue,
    /// It ends; the client has been told why.
    Close,
    /// There is nobody to tell.
    Gone,
}

/// A session with its transfer.
struct Passage<'a> {
    context: &'a mut Context,
    link: &'a mut Link,
    stop: Stop,
    /// When the reply is given without waiting for the transfer to wind up.
    reply_by: Option<Instant>,
    /// When what was allowed to finish is stopped after all.
    grace_until: Option<Instant>,
    was_aborted: bool,
    is_quitting: bool,
    /// Whether there is no data connection whose end would tell that the client is gone.
    is_computing: bool,
    leaving: Leaving,
}

/// Whether the session ends with its transfer.
#[derive(Debug)]
enum Leaving {
    Stays,
    With(Reply),
    Gone,
}

/// Longest wait between `ABOR` and 426, even if the disk does not answer. The transfer then winds up
/// behind the client's back, its reservation held until it has.
const REPLY_WITHIN: Duration = Duration::from_millis(100);
/// How long a checksum may go on for a client that said `QUIT` and closed its side: a script that was
/// piped in may still read, but nothing else tells whether anybody does.
const LINGER: Duration = Duration::from_secs(3);
/// How long a transfer may go on when the server stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Carries out a transfer and says everything there is to say about it; tells its final code.
pub(super) async fn carry(
    context: &mut Context,
    link: &mut Link,
    transfer: Transfer,
) -> (Code, Aftermath) {
    Passage::new(context, link).run(transfer).await
}

/// Computes a checksum as a transfer without data connection: it can be aborted in the same way.
pub(super) async fn compute(
    context: &mut Context,
    link: &mut Link,
    hashing: Hashing,
) -> (Code, Aftermath) {
    Passage::new(context, link).compute(hashing).await
}

impl<'a> Passage<'a> {
    fn new(context: &'a mut Context, link: &'a mut Link) -> Self {
        Self {
            stop: Stop::new(link.pulse()),
            context,
            link,
            reply_by: None,
            grace_until: None,
            was_aborted: false,
            is_quitting: false,
            is_computing: false,
            leaving: Leaving::Stays,
        }
    }

    async fn compute(mut self, hashing: Hashing) -> (Code, Aftermath) {
        self.is_computing = true;
        self.sift_waiting();
        let (tell, told) = oneshot::channel();
        self.context
            .door
            .tasks
            .spawn(hashing.run(self.stop.clone(), tell));
        let reply = self.watch(told).await;
        self.finish(&reply)
    }

    async fn run(mut self, transfer: Transfer) -> (Code, Aftermath) {
        let Transfer {
            endpoint,
            opening,
            job,
        } = transfer;
        self.sift_waiting();
        // Whoever left while the command was looked at is not noticed a second time.
        if self.link.has_ended() && !self.is_quitting {
            self.leave(Cause::Gone, Leaving::Gone);
        }
        let arrival = match self.prepare(endpoint, &job.terms).await {
            Ok(arrival) => arrival,
            Err(error) => {
                let reply = job.fail(&error);
                return self.finish(&reply);
            }
        };
        // 150 is on its way before the first data byte.
        self.link.say(&opening);
        while !self.link.is_sent() && self.stop.cause().is_none() {
            let wake = self.link.wake(self.deadline()).await;
            self.heed(wake).await;
        }
        let (tell, told) = oneshot::channel();
        self.context
            .door
            .tasks
            .spawn(job.run(arrival, self.stop.clone(), tell));
        let reply = self.watch(told).await;
        self.finish(&reply)
    }

    /// Does what must be done before 150.
    async fn prepare(
        &mut self,
        endpoint: Endpoint,
        terms: &Terms,
    ) -> Result<Arrival, TransferError> {
        let stop = self.stop.clone();
        let mut preparing = std::pin::pin!(endpoint.prepare(terms));
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                cause = stop.told() => return Err(TransferError::Stopped(cause)),
                prepared = &mut preparing => return Ok(prepared?),
                wake = self.link.wake(deadline) => self.heed(wake).await,
            }
        }
    }

    /// Waits for the transfer's end, but not long once it was told to stop.
    async fn watch(&mut self, mut told: oneshot::Receiver<Reply>) -> Reply {
        while !matches!(self.leaving, Leaving::Gone) {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                reply = &mut told => return heard(reply),
                wake = self.link.wake(deadline) => self.heed(wake).await,
            }
            if let Some(cause) = self.stop.cause()
                && self.reply_by.is_some_and(|moment| moment <= Instant::now())
            {
                return TransferError::Stopped(cause).reply();
            }
        }
        // Nobody is left to listen to.
        match timeout(REPLY_WITHIN, told).await {
            Ok(reply) => heard(reply),
            Err(_) => TransferError::Stopped(Cause::Gone).reply(),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.reply_by.or(self.grace_until)
    }

    async fn heed(&mut self, wake: Wake) {
        match wake {
            Wake::Sent => {}
            Wake::Received => self.sift_arrived(),
            Wake::Ended if self.is_quitting => self.linger(),
            Wake::Ended | Wake::Lost => self.leave(Cause::Gone, Leaving::Gone),
            Wake::Order(Order::AbortTransfer) => self.halt(Cause::Ordered),
            Wake::Order(Order::Disconnect(text)) => {
                let farewell = Reply::new(Code::ServiceNotAvailable, text);
                self.leave(Cause::Disconnected, Leaving::With(farewell));
            }
            Wake::Order(Order::Refresh) => {
                let standing = self.context.refresh().await;
                self.link.set_alarm(self.context.alarm());
                if let Standing::Gone(refusal) = standing {
                    self.leave(Cause::Disconnected, Leaving::With(no_longer(refusal)));
                }
            }
            Wake::Alarm => {
                if let Some(farewell) = look_at_clock(self.context, self.link) {
                    self.leave(Cause::Disconnected, Leaving::With(farewell));
                }
            }
            Wake::Shutdown => {
                self.leaving = Leaving::With(shutting_down());
                self.grace_until = Some(Instant::now() + SHUTDOWN_GRACE);
            }
            Wake::Deadline => {
                if self
                    .grace_until
                    .is_some_and(|moment| moment <= Instant::now())
                {
                    self.halt(Cause::Shutdown);
                }
            }
        }
    }

    /// The client will send nothing more after its `QUIT`.
    fn linger(&mut self) {
        if self.is_computing {
            self.grace_until.get_or_insert(Instant::now() + LINGER);
        }
    }

    fn leave(&mut self, cause: Cause, leaving: Leaving) {
        self.leaving = leaving;
        self.halt(cause);
    }

    fn halt(&mut self, cause: Cause) {
        self.stop.now(cause);
        self.reply_by
            .get_or_insert_with(|| Instant::now() + REPLY_WITHIN);
    }

    /// Looks through what came before the transfer began.
    fn sift_waiting(&mut self) {
        let mut waiting = self.link.take_waiting();
        while let Some(line) = waiting.pop() {
            self.sift(line);
        }
        self.sift_arrived();
    }

    fn sift_arrived(&mut self) {
        while let Some(line) = self.link.arrived() {
            self.sift(line);
        }
    }

    /// Obeys what cannot wait; the rest waits.
    fn sift(&mut self, line: Result<Line, LineError>) {
        if self.is_quitting {
            return;
        }
        match line
            .as_ref()
            .ok()
            .and_then(|line| Command::parse(line).ok())
        {
            Some(Command::Abor) if !self.was_aborted => {
                self.was_aborted = true;
                self.halt(Cause::Abor);
                return;
            }
            Some(Command::Stat(None)) => {
                let status = about::status(self.context);
                self.link.say(&status);
                return;
            }
            Some(Command::Quit) => {
                self.is_quitting = true;
                self.stop.let_go();
            }
            _ => {}
        }
        self.link.postpone(line);
        if self.link.is_flooded() {
            let farewell = Reply::new(Code::ServiceNotAvailable, "Too many pipelined commands.");
            self.leave(Cause::Flood, Leaving::With(farewell));
        }
    }

    fn finish(self, reply: &Reply) -> (Code, Aftermath) {
        self.link.say(reply);
        self.context.cut_off = reply.code() != Code::TransferComplete && !self.was_aborted;
        if self.was_aborted {
            self.link
                .say(&Reply::new(Code::TransferComplete, "ABOR successful."));
        }
        let aftermath = match self.leaving {
            Leaving::Stays => Aftermath::Continue,
            Leaving::With(farewell) => {
                self.link.say(&farewell);
                Aftermath::Close
            }
            Leaving::Gone => Aftermath::Gone,
        };
        (reply.code(), aftermath)
    }
}

/// What the transfer told; it tells nothing if its task broke down.
fn heard(reply: Result<Reply, oneshot::error::RecvError>) -> Reply {
    reply.unwrap_or_else(|_| TransferError::Worker.reply())
}

/// What a session hears whose account may no longer be used.
pub(super) fn no_longer(refusal: Refusal) -> Reply {
    Reply::new(Code::ServiceNotAvailable, refusal.farewell())
}

/// Looks whether the account has come to its end, or sees to it that this is looked at again; the
/// reply ends the session.
pub(super) fn look_at_clock(context: &Context, link: &mut Link) -> Option<Reply> {
    if context.has_expired() {
        tracing::info!(session.id = %context.live.id(), "the account of a session has expired");
        return Some(no_longer(Refusal::Expired));
    }
    link.set_alarm(context.alarm());
    None
}

/// What every session hears when the server stops.
pub(super) fn shutting_down() -> Reply {
    Reply::new(Code::ServiceNotAvailable, "Service shutting down.")
}
