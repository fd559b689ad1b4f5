//! One hop of an upload in the clear: what the socket has goes to the file without passing through
//! this process, by way of a pipe (`splice`), where the disk and the system can do that; otherwise
//! through a buffer. Everything here blocks, but for a few milliseconds only.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::buffers::Buffer;
use super::error::TransferError;
use super::intake::Taken;
use super::stop::Stop;
use crate::net::DetachedStream;
use crate::vfs::{StorageError, UploadWriter};

/// What a hop did.
pub(super) struct Haul {
    pub(super) written: u64,
    /// How many of them it took from the socket itself.
    pub(super) taken: u64,
    pub(super) result: Result<Taken, TransferError>,
}

/// What is needed to carry bytes from a socket to a file; kept from one hop to the next.
pub(super) struct Carrier {
    buffer: Buffer,
    way: Way,
}

enum Way {
    Unknown,
    /// Inside the kernel.
    Pipe {
        inlet: OwnedFd,
        outlet: OwnedFd,
    },
    Buffer,
}

/// How far a hop may go.
pub(super) struct Reach {
    /// Most bytes that it may take from the socket.
    pub(super) bytes: u64,
    pub(super) stop: Stop,
}

/// A hop that has lasted so long ends, to be counted.
const LONG: Duration = Duration::from_millis(50);
/// How long a hop waits for more bytes. A sender on a fast network needs less, and going away and
/// coming back costs more.
const PATIENCE: Duration = Duration::from_millis(2);
/// What a pipe should hold; the system gives less if the user has many.
const PIPE_BYTES: usize = 1 << 20;

impl Carrier {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self {
            buffer,
            way: Way::Unknown,
        }
    }

    /// The same with the bytes in `buffer`.
    pub(super) fn with(self, buffer: Buffer) -> Self {
        Self { buffer, ..self }
    }

    /// The bytes that stand at the beginning of the buffer, then what the socket has and what comes
    /// within a moment.
    pub(super) fn haul(
        &mut self,
        stream: &DetachedStream,
        writer: &UploadWriter,
        (filled, reach): (usize, &Reach),
    ) -> Haul {
        let first = writer.append(self.buffer.get(..filled).unwrap_or_default());
        let mut haul = Haul::wrote(size(filled), first);
        let begun = Instant::now();
        while haul.result.is_ok()
            && haul.taken < reach.bytes
            && reach.stop.cause().is_none()
            && begun.elapsed() < LONG
        {
            let most = usize::try_from(reach.bytes - haul.taken).unwrap_or(usize::MAX);
            match self.carry(stream, writer, most) {
                Ok(0) => {
                    haul.result = Ok(Taken::End);
                    break;
                }
                Ok(carried) => {
                    haul.taken += size(carried);
                    haul.written += size(carried);
                }
                Err(Trouble::Empty) if stream.is_readable_soon(PATIENCE) => {}
                Err(Trouble::Empty) => break,
                Err(Trouble::Disk { taken, error }) => {
                    haul.taken += size(taken);
                    haul.result = Err(error.into());
                }
                Err(Trouble::Network(error)) => haul.result = Err(TransferError::Lost(error)),
            }
        }
        haul
    }

    /// Takes at most `most` bytes from the socket and writes them; 0 at the end of the stream.
    fn carry(
        &mut self,
        stream: &DetachedStream,
        writer: &UploadWriter,
        most: usize,
    ) -> Result<usize, Trouble> {
        if matches!(self.way, Way::Unknown) {
            self.way = Way::open();
        }
        let Way::Pipe { inlet, outlet } = &self.way else {
            return self.by_buffer(stream, writer, most);
        };
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let most = most.min(PIPE_BYTES);
        let taken = match splice(stream, None, inlet, None, most, flags) {
            Ok(taken) => taken,
            Err(Errno::INVAL) => {
                self.way = Way::Buffer;
                return self.by_buffer(stream, writer, most);
            }
            Err(error) => return Err(Trouble::network(error)),
        };
        let (mut left, mut is_supported) = (taken, true);
        while left > 0 {
            match writer.append_from(outlet.as_fd(), left) {
                Ok(Some(written)) => left -= written,
                // This file system wants to be written to by hand.
                Ok(None) => {
                    empty(outlet, &mut self.buffer, writer, left)
                        .map_err(|error| Trouble::Disk { taken, error })?;
                    is_supported = false;
                    left = 0;
                }
                Err(error) => return Err(Trouble::Disk { taken, error }),
            }
        }
        if !is_supported {
            self.way = Way::Buffer;
        }
        Ok(taken)
    }

    fn by_buffer(
        &mut self,
        stream: &DetachedStream,
        writer: &UploadWriter,
        most: usize,
    ) -> Result<usize, Trouble> {
        let room = most.min(self.buffer.len());
        let space = self.buffer.get_mut(..room).unwrap_or_default();
        let (taken, _) = rustix::net::recv(stream, &mut *space, RecvFlags::DONTWAIT)
            .map_err(Trouble::network)?;
        writer
            .append(space.get(..taken).unwrap_or_default())
            .map_err(|error| Trouble::Disk { taken, error })?;
        Ok(taken)
    }
}

/// Why nothing was carried.
enum Trouble {
    /// Nothing has arrived.
    Empty,
    Network(io::Error),
    /// So many bytes were taken from the socket, but not all of them written.
    Disk {
        taken: usize,
        error: StorageError,
    },
}

impl Trouble {
    fn network(error: Errno) -> Self {
        match error {
            Errno::AGAIN | Errno::INTR => Self::Empty,
            other => Self::Network(other.into()),
        }
    }
}

impl Way {
    fn open() -> Self {
        match pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) {
            Ok((outlet, inlet)) => {
                // A smaller one does as well, only slower.
                let _smaller = fcntl_setpipe_size(&inlet, PIPE_BYTES);
                Self::Pipe { inlet, outlet }
            }
            Err(_too_many_open_files) => Self::Buffer,
        }
    }
}

impl Haul {
    /// `bytes` were to be written.
    pub(super) fn wrote(bytes: u64, stored: Result<(), StorageError>) -> Self {
        match stored {
            Ok(()) => Self {
                written: bytes,
                taken: 0,
                result: Ok(Taken::Bytes),
            },
            Err(error) => Self {
                written: 0,
                taken: 0,
                result: Err(error.into()),
            },
        }
    }
}

/// Writes what is left in the pipe.
fn empty(
    outlet: &OwnedFd,
    buffer: &mut Buffer,
    writer: &UploadWriter,
    mut left: usize,
) -> Result<(), StorageError> {
    while left > 0 {
        let room = left.min(buffer.len());
        let space = buffer.get_mut(..room).unwrap_or_default();
        let read = rustix::io::read(outlet, &mut *space).map_err(io::Error::from)?;
        if read == 0 {
            return Err(StorageError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        writer.append(space.get(..read).unwrap_or_default())?;
        left -= read;
    }
    Ok(())
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
