//! Uploads: from the data connection into a staged file, never one byte more than was granted.
//!
//! In the clear and without conversion, whole runs of bytes are taken from the socket and written in
//! one hop on the blocking pool. Otherwise the runtime reads, and each buffer is written in a hop
//! while the next one fills.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::buffers::Buffer;
use super::error::TransferError;
use super::pump::Pump;
use crate::hosting::quota::{Allowance, QuotaError};
use crate::model::Usage;
use crate::net::DataStream;
use crate::proto::CrlfToLf;
use crate::vfs::{
    Abandoned, Committed, Durability, Home, OnAbort, StorageError, Target, Upload, UploadWriter,
};

/// An upload that was checked and admitted, and waits for its data connection.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) home: Home,
    pub(super) target: Target,
    pub(super) allowance: Allowance,
    /// `TYPE A` converts line ends.
    pub(super) conversion: Option<CrlfToLf>,
    /// What `ALLO` announced.
    pub(super) announced: Option<u64>,
    pub(super) durability: Durability,
}

/// What an upload left behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stored {
    /// Size of the file now; `None` if there is none.
    pub(super) size: Option<u64>,
    /// What the account uses now; `None` if nothing changed.
    pub(super) usage: Option<Usage>,
}

/// An upload that did not end well.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: TransferError,
    /// What stands now.
    pub(super) stored: Stored,
    /// Bytes that arrived for the file, those included that did not fit.
    pub(super) received: u64,
    /// The data connection, if the client should be allowed to finish sending.
    pub(super) unread: Option<DataStream>,
}

/// The moving part of an upload.
struct Pour {
    writer: UploadWriter,
    allowance: Allowance,
    conversion: Option<CrlfToLf>,
    pump: Pump,
    /// The hop that writes at this moment. It outlives a stop: its bytes are on the disk before
    /// anybody decides what to do with the file.
    hop: Option<JoinHandle<Result<u64, TransferError>>>,
    received: u64,
}

/// What one look at the socket brought.
enum Taken {
    Bytes,
    End,
}

impl Receiving {
    /// Where the upload begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.target.offset()
    }

    /// Receives the file, and stores it or not. Runs to its end in any case: what was granted is
    /// settled before this returns.
    pub(super) async fn run(
        self,
        mut stream: DataStream,
        pump: &Pump,
    ) -> Result<Stored, Box<Failed>> {
        let upload = match self.home.begin_upload(self.target).await {
            Ok(upload) => upload,
            Err(error) => {
                stream.abort();
                return Err(Box::new(Failed::before_the_first_byte(error.into())));
            }
        };
        let mut pour = Pour {
            writer: upload.writer(),
            allowance: self.allowance,
            conversion: self.conversion,
            pump: pump.clone(),
            hop: None,
            received: 0,
        };
        let poured = tokio::select! {
            biased;
            cause = pump.stop.told() => Err(TransferError::Stopped(cause)),
            poured = pour.whole(&mut stream, self.announced) => poured,
        };
        let settled = pour.settle_hop().await;
        let ended = match poured.and(settled) {
            // The client waits for our close_notify before it reads 226.
            Ok(()) => stream.finish(pump.stall).await.map_err(TransferError::Lost),
            Err(error) => Err(error),
        };
        let stopped = pump
            .stop
            .cause()
            .map_or(Ok(()), |cause| Err(TransferError::Stopped(cause)));
        match ended.and(stopped) {
            Ok(()) => pour.commit(upload, self.durability).await,
            Err(error) => Err(pour.give_up(upload, stream, error).await),
        }
    }
}

impl Pour {
    /// Moves everything up to a proven end.
    async fn whole(
        &mut self,
        stream: &mut DataStream,
        announced: Option<u64>,
    ) -> Result<(), TransferError> {
        let ended = loop {
            match self.step(stream).await {
                Ok(Taken::Bytes) => {}
                Ok(Taken::End) => break Ok(()),
                Err(TransferError::Lost(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    break Err(TransferError::Truncated);
                }
                Err(error) => return Err(error),
            }
        };
        self.flush_conversion().await?;
        // Some clients lose close_notify. Exactly as many bytes as were announced are the file.
        if ended.is_err() && announced == Some(self.received) {
            tracing::warn!(
                size_bytes = self.received,
                "upload ended without close_notify"
            );
            return Ok(());
        }
        ended
    }

    async fn step(&mut self, stream: &mut DataStream) -> Result<Taken, TransferError> {
        let mut buffer = self.pump.buffers.lend().await;
        let stall = self.pump.stall;
        // What was written before is counted while nothing arrives.
        let (read, settled) =
            tokio::join!(timeout(stall, stream.read(&mut buffer)), self.settle_hop());
        settled?;
        let read = read
            .map_err(|_| TransferError::Stalled)?
            .map_err(TransferError::Lost)?;
        if read == 0 {
            return Ok(Taken::End);
        }
        // More may be there already: fewer and larger writes.
        let (filled, broken) = fill(stream, &mut buffer, read).await;
        self.received = self.received.saturating_add(size(filled));
        self.store(buffer, filled).await?;
        match broken {
            Some(error) => Err(TransferError::Lost(error)),
            None => Ok(Taken::Bytes),
        }
    }

    /// Has `filled` bytes written, and does not wait for the last of them.
    async fn store(&mut self, buffer: Buffer, filled: usize) -> Result<(), TransferError> {
        let (bytes, length) = match &mut self.conversion {
            None => (Chunk::Raw(buffer), filled),
            Some(conversion) => {
                let mut converted = Vec::with_capacity(filled + 1);
                conversion.convert(buffer.get(..filled).unwrap_or_default(), &mut converted);
                let length = converted.len();
                (Chunk::Converted(converted), length)
            }
        };
        let bytes = Arc::new(bytes);
        let mut written = 0;
        while written < length {
            let rest = size(length - written);
            let piece = self.allowance.extend(rest).await?.min(rest);
            self.allowance.take(piece);
            let end = written + usize::try_from(piece).unwrap_or(usize::MAX);
            self.settle_hop().await?;
            let (writer, chunk) = (self.writer.clone(), Arc::clone(&bytes));
            self.hop = Some(spawn_blocking(move || {
                writer.append(chunk.bytes().get(written..end).unwrap_or_default())?;
                Ok(piece)
            }));
            written = end;
        }
        Ok(())
    }

    /// Waits for the hop that writes, if one does.
    async fn settle_hop(&mut self) -> Result<(), TransferError> {
        let Some(hop) = self.hop.as_mut() else {
            return Ok(());
        };
        let written = hop.await;
        self.hop = None;
        self.pump
            .moved(written.map_err(|_| TransferError::Worker)??);
        Ok(())
    }

    async fn flush_conversion(&mut self) -> Result<(), TransferError> {
        let Some(conversion) = &mut self.conversion else {
            return Ok(());
        };
        let mut rest = Vec::new();
        conversion.finish(&mut rest);
        self.conversion = None;
        if rest.is_empty() {
            return Ok(());
        }
        let mut buffer = self.pump.buffers.lend().await;
        let length = rest.len();
        buffer
            .get_mut(..length)
            .unwrap_or_default()
            .copy_from_slice(&rest);
        self.store(buffer, length).await
    }

    async fn commit(self, upload: Upload, durability: Durability) -> Result<Stored, Box<Failed>> {
        match upload.commit(durability).await {
            Ok(committed) => Ok(settle(self.allowance, &committed)),
            Err(error) => Err(Box::new(Failed {
                error: error.into(),
                stored: Stored {
                    size: None,
                    usage: None,
                },
                received: self.received,
                unread: None,
            })),
        }
    }

    async fn give_up(
        self,
        upload: Upload,
        stream: DataStream,
        error: TransferError,
    ) -> Box<Failed> {
        let is_full = matches!(
            error,
            TransferError::Quota(QuotaError::Bytes { .. } | QuotaError::Files { .. })
                | TransferError::Storage(StorageError::NoSpace | StorageError::DiskQuota)
        );
        let policy = if is_full {
            OnAbort::Discard
        } else {
            OnAbort::Auto
        };
        let unread = if is_full {
            Some(stream)
        } else {
            stream.abort();
            None
        };
        let abandoned = upload.abandon(policy).await.unwrap_or_else(|error| {
            tracing::error!(%error, "an interrupted upload could not be cleaned up");
            Abandoned::Nothing
        });
        let stored = match abandoned.change() {
            Some(change) => settle(self.allowance, change),
            None => Stored {
                size: None,
                usage: None,
            },
        };
        Box::new(Failed {
            error,
            stored,
            received: self.received,
            unread,
        })
    }
}

impl Failed {
    fn before_the_first_byte(error: TransferError) -> Self {
        Self {
            error,
            stored: Stored {
                size: None,
                usage: None,
            },
            received: 0,
            unread: None,
        }
    }
}

/// Bytes on their way to the disk.
enum Chunk {
    Raw(Buffer),
    Converted(Vec<u8>),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Raw(buffer) => buffer,
            Self::Converted(bytes) => bytes,
        }
    }
}

/// Reads on without waiting until the buffer is full; tells how much is in it, and whether the
/// stream broke behind that (the system tells it only once).
async fn fill(
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

fn settle(allowance: Allowance, change: &Committed) -> Stored {
    let usage = allowance.settle(change.size, change.replaced);
    Stored {
        size: Some(change.size),
        usage: Some(usage),
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
