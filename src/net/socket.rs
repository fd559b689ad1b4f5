//! A connected TCP socket that can be looked at while somebody else reads from it.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The socket. It closes when the last holder lets go.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Arc<TcpStream>,
    ahead: Option<Ahead>,
}

/// What was read before it was asked for. The TLS library asks for four kilobytes at a time, which is
/// as good as nothing when files are moved.
#[derive(Debug, Default)]
struct Ahead(BytesMut);

/// Tells whether a client is still there. Does not keep its connection open.
#[derive(Clone, Debug)]
pub struct Pulse(Weak<TcpStream>);

impl Socket {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            stream: Arc::new(socket),
            ahead: None,
        }
    }

    /// The same, read in large pieces from now on.
    pub(super) fn reading_ahead(self) -> Self {
        Self {
            ahead: Some(Ahead::default()),
            ..self
        }
    }

    /// Takes it from the runtime.
    pub(super) fn detach(self) -> io::Result<std::net::TcpStream> {
        let only = Arc::into_inner(self.stream);
        only.ok_or(io::ErrorKind::ResourceBusy)?.into_std()
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse(Arc::downgrade(&self.stream))
    }
}

impl Pulse {
    /// Whether the client has ended or broken the connection and everything before that was read, or
    /// nobody serves it any more. Asks the system, which knows it before any reader has been woken.
    pub fn is_broken_off(&self) -> bool {
        let Some(socket) = self.0.upgrade() else {
            return true;
        };
        match SockRef::from(&*socket).peek(&mut [MaybeUninit::uninit()]) {
            Ok(waiting) => waiting == 0,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
            ),
        }
    }
}

impl Deref for Socket {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.stream
    }
}

impl Ahead {
    /// Bytes read at once.
    const BYTES: usize = 64 * 1_024;

    /// Hands out what is there, having looked for more if nothing is.
    fn read(&mut self, stream: &TcpStream, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        if self.0.is_empty() {
            self.0.reserve(Self::BYTES);
            if let Err(error) = stream.try_read_buf(&mut self.0) {
                // Whoever waits for its client holds nothing.
                self.0 = BytesMut::new();
                return Err(error);
            }
        }
        let count = self.0.len().min(buffer.remaining());
        buffer.put_slice(self.0.get(..count).unwrap_or_default());
        self.0.advance(count);
        Ok(())
    }
}

impl AsyncRead for Socket {
    /// Reads what is there. tokio's own `poll_read` takes a short read for the last one until the
    /// system says otherwise; but a read ends short at urgent data, and what stands behind it would
    /// wait for ever (`ABOR` with its end urgent, as Python sends it).
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, ahead } = self.get_mut();
        if let Some(ahead) = ahead.as_mut().filter(|ahead| !ahead.0.is_empty()) {
            return Poll::Ready(ahead.read(stream, buffer));
        }
        loop {
            ready!(stream.poll_read_ready(context))?;
            let read = match ahead {
                Some(ahead) => ahead.read(stream, buffer),
                None => stream
                    .try_read(buffer.initialize_unfilled())
                    .map(|read| buffer.advance(read)),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(context))?;
            match self.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(context))?;
            match self.try_write_vectored(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(
            match SockRef::from(&*self.stream).shutdown(Shutdown::Write) {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
                ended => ended,
            },
        )
    }
}
