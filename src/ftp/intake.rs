//! What a data connection has brought already: reading that never waits.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use super::error::TransferError;
use crate::net::DataStream;

/// What one look at the socket brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taken {
    Bytes,
    End,
}

/// What was there already when somebody looked.
pub(super) struct First {
    pub(super) bytes: usize,
    pub(super) result: Result<Taken, TransferError>,
}

/// Takes what the socket has, as far as there is space for it.
pub(super) fn take_ready(socket: &TcpStream, space: &mut [u8]) -> First {
    let mut bytes = 0;
    let result = loop {
        let space = space.get_mut(bytes..).unwrap_or_default();
        if space.is_empty() {
            break Ok(Taken::Bytes);
        }
        match socket.try_read(space) {
            Ok(0) => break Ok(Taken::End),
            Ok(read) => bytes += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(Taken::Bytes),
            Err(error) => break Err(TransferError::Lost(error)),
        }
    };
    First { bytes, result }
}

/// Reads on without waiting until the buffer is full; tells how much is in it, and whether the
/// stream broke behind that (the system tells it only once).
pub(super) async fn fill(
    stream: &mut DataStream,
    buffer: &mut [u8],
    mut filled: usize,
) -> (usize, Option<io::Error>) {
    while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
        let mut space = ReadBuf::new(space);
        let read = poll_fn(|task| {
            let read = Pin::new(&mut *stream).poll_read(task, &mut space);
            Poll::Ready(match read {
                Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
                Poll::Ready(Err(error)) => Err(error),
            })
        });
        if let Err(error) = read.await {
            return (filled, Some(error));
        }
        if space.filled().is_empty() {
            break;
        }
        filled += space.filled().len();
    }
    (filled, None)
}
