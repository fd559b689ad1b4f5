//! The control connection as bytes: what was received and not yet cut into lines, what was said and
//! not yet sent. Reading and writing go on side by side, so a client that sends a hundred commands
//! before it reads the first reply is served, and one that never reads is noticed.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use crate::net::{ControlStream, Pulse};
use crate::proto::{Line, LineBuffer, LineError, Reply};

/// One step of the conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exchange {
    /// Bytes arrived; there may be lines.
    Received,
    /// Everything that was said is on its way.
    Sent,
    /// The client will send nothing more.
    Ended,
}

/// Whether the next step may read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reading {
    /// Take what arrives.
    Open,
    /// Leave it in the kernel: the queue is full, and TCP slows the client down.
    Paused,
}

/// The control connection.
pub(super) struct Wire {
    stream: ControlStream,
    received: LineBuffer,
    unsent: BytesMut,
    unflushed: bool,
    ended: bool,
    stuck_since: Option<Instant>,
}

impl Wire {
    /// Said but not sent bytes above which no further command is executed.
    pub(super) const BACKLOG_BYTES: usize = 64 * 1_024;
    /// How long a client may leave replies unread before the connection is closed.
    pub(super) const SEND_TIMEOUT: Duration = Duration::from_mins(1);
    /// How long the last reply may take when the connection is closed anyway.
    const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

    /// The conversation on `stream`.
    pub(super) fn new(stream: ControlStream) -> Self {
        Self {
            stream,
            received: LineBuffer::new(),
            unsent: BytesMut::new(),
            unflushed: false,
            ended: false,
            stuck_since: None,
        }
    }

    /// Puts `reply` behind everything that was said before.
    pub(super) fn say(&mut self, reply: &Reply) {
        reply.encode(&mut self.unsent);
        self.stuck_since.get_or_insert_with(Instant::now);
    }

    /// The next complete line, if one has arrived.
    pub(super) fn next_line(&mut self) -> Option<Result<Line, LineError>> {
        self.received.next_line()
    }

    /// Receives or sends what is possible now.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses no byte in either direction.
    pub(super) async fn exchange(&mut self, reading: Reading) -> io::Result<Exchange> {
        poll_fn(|task| self.poll_exchange(task, reading)).await
    }

    /// Sends everything that was said, then ends the connection: TLS first, then TCP. A client that
    /// does not read is not waited for.
    pub(super) async fn close(mut self) {
        let sent = timeout(
            Self::FAREWELL_TIMEOUT,
            self.stream.write_all_buf(&mut self.unsent),
        );
        if sent.await.is_ok_and(|sent| sent.is_ok()) {
            self.stream.close().await;
        }
    }

    /// Gives the stream back, to put TLS on it. Whatever was received and not cut into lines is
    /// forgotten: it came in the clear (the CVE-2011-0411 class).
    pub(super) fn into_stream(self) -> ControlStream {
        self.stream
    }

    /// Whether everything that was said has been sent.
    pub(super) fn is_sent(&self) -> bool {
        self.unsent.is_empty() && !self.unflushed
    }

    /// Whether the client leaves so much unread that it must catch up before the next command.
    pub(super) fn is_backed_up(&self) -> bool {
        self.unsent.len() >= Self::BACKLOG_BYTES
    }

    /// Whether a part of a line, or a line not yet taken, has been received.
    pub(super) fn has_unread(&self) -> bool {
        !self.received.is_empty()
    }

    /// Whether the client will send nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Tells whether the client is still there.
    pub(super) fn pulse(&self) -> Pulse {
        self.stream.pulse()
    }

    /// When the connection must be given up if no more of what was said can be sent.
    pub(super) fn send_deadline(&self) -> Option<Instant> {
        self.stuck_since.map(|since| since + Self::SEND_TIMEOUT)
    }

    fn poll_exchange(
        &mut self,
        task: &mut Context<'_>,
        reading: Reading,
    ) -> Poll<io::Result<Exchange>> {
        if let Poll::Ready(sent) = self.poll_send(task)? {
            return Poll::Ready(Ok(sent));
        }
        if reading == Reading::Paused || self.ended {
            return Poll::Pending;
        }
        let mut space = [0_u8; LineBuffer::LIMIT_BYTES];
        let mut chunk = ReadBuf::new(&mut space);
        match Pin::new(&mut self.stream).poll_read(task, &mut chunk) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) if chunk.filled().is_empty() => {
                self.ended = true;
                Poll::Ready(Ok(Exchange::Ended))
            }
            Poll::Ready(Ok(())) => {
                self.received.extend(chunk.filled());
                Poll::Ready(Ok(Exchange::Received))
            }
        }
    }

    fn poll_send(&mut self, task: &mut Context<'_>) -> io::Result<Poll<Exchange>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(task, &self.unsent)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(sent) => {
                    self.unsent.advance(sent);
                    self.unflushed = true;
                    self.stuck_since = Some(Instant::now());
                }
            }
        }
        if !self.unflushed {
            return Ok(Poll::Pending);
        }
        match Pin::new(&mut self.stream).poll_flush(task)? {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(()) => {
                self.unflushed = false;
                self.stuck_since = None;
                self.unsent = BytesMut::new();
                Ok(Poll::Ready(Exchange::Sent))
            }
        }
    }
}
