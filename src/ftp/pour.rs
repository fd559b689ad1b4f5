//! The moving part of an upload: never one byte more is written than was granted.
//!
//! In the clear and without conversion, the little that is there is written on the spot, and whole
//! runs of bytes are taken from the socket and written in one hop on the blocking pool. Otherwise,
//! and wherever the quota is close, the runtime reads, and writes what it has read while it is still
//! in the processor's cache; where the disk is not prompt, each buffer is written in a hop while the
//! next one fills.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::buffers::Buffer;
use super::error::TransferError;
use super::haul::{Carrier, Ends, Haul, Reach};
use super::intake::{Taken, fill, take_ready};
use super::pump::Pump;
use crate::hosting::quota::{Allowance, Cover, OpenChange};
use crate::net::{DataStream, DetachedStream};
use crate::proto::CrlfToLf;
use crate::vfs::{Upload, UploadWriter};

/// An upload on its way from the socket to the disk.
pub(super) struct Pour {
    writer: UploadWriter,
    allowance: Allowance,
    conversion: Option<CrlfToLf>,
    pump: Pump,
    /// The hop that works at this moment. It outlives a stop: its bytes are on the disk before
    /// anybody decides what to do with the file.
    hop: Option<JoinHandle<Done>>,
    /// What hops carry with, while none is under way.
    carrier: Option<Carrier>,
    /// What the last hop read from, until the runtime has it again.
    detached: Option<DetachedStream>,
    received: u64,
}

/// What a hop did, and what it gives back.
struct Done {
    haul: Haul,
    carrier: Option<Carrier>,
    stream: Option<DetachedStream>,
}

/// Bytes on their way to the disk.
enum Chunk {
    Raw(Buffer),
    Converted(Vec<u8>),
}

impl Pour {
    /// Most bytes that one hop takes from the socket.
    const HOP_BYTES: u64 = 4 << 20;
    /// Fewer bytes than this are written without a hop.
    const SHORT_BYTES: usize = 128 * 1_024;

    /// Into `upload`, as far as `allowance` goes.
    pub(super) fn new(
        upload: &Upload,
        allowance: Allowance,
        conversion: Option<CrlfToLf>,
        pump: Pump,
    ) -> Self {
        Self {
            writer: upload.writer(),
            allowance,
            conversion,
            pump,
            hop: None,
            carrier: None,
            detached: None,
            received: 0,
        }
    }

    /// Moves everything up to a proven end, unless it is stopped. Nothing is being written any more
    /// when this returns.
    pub(super) async fn run(
        &mut self,
        stream: DataStream,
        announced: Option<u64>,
    ) -> (Option<DataStream>, Result<(), TransferError>) {
        let mut stream = Some(stream);
        let stop = self.pump.stop.clone();
        let poured = tokio::select! {
            biased;
            cause = stop.told() => Err(TransferError::Stopped(cause)),
            poured = self.whole(&mut stream, announced) => poured,
        };
        let settled = self.settle_hop().await.map(|_| ());
        let attached = self.attach(&mut stream);
        (stream, poured.and(settled).and(attached))
    }

    /// Bytes that arrived for the file, those included that did not fit.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Holds off whoever compares the books with the disk, until the file is booked.
    pub(super) async fn until_booked(&self) -> OpenChange {
        self.allowance.until_booked().await
    }

    /// The last word of the books on the file.
    pub(super) fn cover(&self) -> Cover {
        self.allowance.cover()
    }

    /// What was granted.
    pub(super) fn into_allowance(self) -> Allowance {
        self.allowance
    }

    async fn whole(
        &mut self,
        stream: &mut Option<DataStream>,
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

    async fn step(&mut self, stream: &mut Option<DataStream>) -> Result<Taken, TransferError> {
        let open = stream.as_mut().ok_or(TransferError::Worker)?;
        if open.plain().is_some() && self.conversion.is_none() {
            return self.take_run(stream).await;
        }
        self.take_buffer(open).await
    }

    /// Has a hop take from the socket what is there, and write it.
    async fn take_run(&mut self, stream: &mut Option<DataStream>) -> Result<Taken, TransferError> {
        let Some(socket) = stream.as_ref().and_then(DataStream::plain) else {
            return Err(TransferError::Worker);
        };
        self.settle_hop().await?;
        let ready = timeout(self.pump.stall, socket.readable()).await;
        ready
            .map_err(|_| TransferError::Stalled)?
            .map_err(TransferError::Lost)?;
        let most = match self.pump.reach(size(Self::SHORT_BYTES)) {
            Ok(most) => most,
            Err(used_up) => {
                let open = stream.as_mut().ok_or(TransferError::Worker)?;
                return expect_end(open, self.pump.stall, used_up).await;
            }
        };
        let paced = self.pump.pace.take(most).await;
        let mut buffer = self.pump.buffers.lend().await;
        let first = take_ready(socket, buffer.get_mut(..paced.length()).unwrap_or_default());
        self.pump.pace.give_back(paced, size(first.bytes));
        if first.bytes == 0 {
            return first.result;
        }
        let bytes = size(first.bytes);
        self.receive(bytes);
        let is_covered = self.allowance.extend(bytes).await? >= bytes;
        if is_covered && first.bytes == Self::SHORT_BYTES && self.pump.reach(1).is_ok() {
            self.allowance.take(bytes);
            return self.hand_over(stream, buffer, first.bytes).await;
        }
        let arrived = buffer.get(..first.bytes).unwrap_or_default();
        if is_covered && let Some(stored) = self.writer.append_at_once(arrived) {
            self.allowance.take(bytes);
            stored?;
            self.pump.moved(bytes);
            return first.result;
        }
        self.write(Arc::new(Chunk::Raw(buffer)), first.bytes)
            .await?;
        first.result
    }

    /// Has a hop write what is in the buffer, and take from the socket what else is there.
    async fn hand_over(
        &mut self,
        stream: &mut Option<DataStream>,
        mut buffer: Buffer,
        filled: usize,
    ) -> Result<Taken, TransferError> {
        let most = self.allowance.available().min(Self::HOP_BYTES);
        let most = self.pump.reach(most)?;
        let paced = self.pump.pace.take(most).await;
        let taken = stream.take().ok_or(TransferError::Worker)?;
        let detached = taken.detach().map_err(TransferError::Lost)?;
        let reach = Reach {
            bytes: paced.bytes(),
            stop: self.pump.stop.clone(),
        };
        let writer = self.writer.clone();
        let mut carrier = self.carrier.take().unwrap_or_else(Carrier::new);
        self.hop = Some(spawn_blocking(move || {
            let (stream, writer) = (&detached, &writer);
            let haul = carrier.haul(Ends { stream, writer }, (&mut buffer, filled), &reach);
            Done {
                haul,
                carrier: Some(carrier),
                stream: Some(detached),
            }
        }));
        let before = self.received;
        let taken = self.settle_hop().await;
        self.pump.pace.give_back(paced, self.received - before);
        let attached = self.attach(stream);
        // Behind the end of the file nothing more is read.
        if !matches!(taken, Ok(Taken::End)) {
            attached?;
        }
        taken
    }

    /// Reads a buffer, and has it written.
    async fn take_buffer(&mut self, stream: &mut DataStream) -> Result<Taken, TransferError> {
        let most = match self.pump.reach(size(Self::SHORT_BYTES)) {
            Ok(most) => most,
            Err(used_up) => {
                self.settle_hop().await?;
                return expect_end(stream, self.pump.stall, used_up).await;
            }
        };
        let paced = self.pump.pace.take(most).await;
        let mut buffer = self.pump.buffers.lend().await;
        let stall = self.pump.stall;
        let space = buffer.get_mut(..paced.length()).unwrap_or_default();
        let read = async {
            let read = timeout(stall, stream.read(space)).await;
            read.map_err(|_| TransferError::Stalled)?
                .map_err(TransferError::Lost)
        };
        // What was written before is counted while nothing arrives.
        let read = tokio::try_join!(read, self.settle_hop());
        let read = match read {
            Ok((read, _)) if read > 0 => read,
            ended => {
                self.pump.pace.give_back(paced, 0);
                return ended.map(|_| Taken::End);
            }
        };
        // More may be there already: fewer and larger writes.
        let space = buffer.get_mut(..paced.length()).unwrap_or_default();
        let (filled, broken) = fill(stream, space, read).await;
        self.pump.pace.give_back(paced, size(filled));
        self.receive(size(filled));
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
        self.write(Arc::new(bytes), length).await
    }

    async fn write(&mut self, bytes: Arc<Chunk>, length: usize) -> Result<(), TransferError> {
        let mut written = 0;
        while written < length {
            let rest = size(length - written);
            let piece = self.allowance.extend(rest).await?.min(rest);
            self.allowance.take(piece);
            let end = written + usize::try_from(piece).unwrap_or(usize::MAX);
            self.settle_hop().await?;
            let now = bytes.bytes().get(written..end).unwrap_or_default();
            if let Some(stored) = self.writer.append_at_once(now) {
                stored?;
                self.pump.moved(piece);
                written = end;
                continue;
            }
            let (writer, chunk) = (self.writer.clone(), Arc::clone(&bytes));
            self.hop = Some(spawn_blocking(move || {
                let stored = writer.append(chunk.bytes().get(written..end).unwrap_or_default());
                Done {
                    haul: Haul::wrote(piece, stored),
                    carrier: None,
                    stream: None,
                }
            }));
            written = end;
        }
        Ok(())
    }

    /// Gives the runtime back what a hop read from.
    fn attach(&mut self, stream: &mut Option<DataStream>) -> Result<(), TransferError> {
        if let Some(detached) = self.detached.take() {
            *stream = Some(detached.attach().map_err(TransferError::Lost)?);
        }
        Ok(())
    }

    /// Waits for the hop, if there is one, and counts what it did.
    async fn settle_hop(&mut self) -> Result<Taken, TransferError> {
        let Some(hop) = self.hop.as_mut() else {
            return Ok(Taken::Bytes);
        };
        let done = hop.await;
        self.hop = None;
        let done = done.map_err(|_| TransferError::Worker)?;
        self.carrier = done.carrier;
        self.detached = done.stream;
        let done = done.haul;
        self.allowance.take(done.taken);
        self.receive(done.taken);
        self.pump.moved(done.written);
        done.result
    }

    /// Counts bytes that arrived.
    fn receive(&mut self, bytes: u64) {
        self.received = self.received.saturating_add(bytes);
        self.pump.crossed(bytes);
    }

    async fn flush_conversion(&mut self) -> Result<(), TransferError> {
        let Some(mut conversion) = self.conversion.take() else {
            return Ok(());
        };
        let mut rest = Vec::new();
        conversion.finish(&mut rest);
        let length = rest.len();
        self.write(Arc::new(Chunk::Converted(rest)), length).await
    }
}

/// No more may be received: the client must have come to its end. One byte that it sends behind that is
/// read to see it, and goes nowhere.
async fn expect_end(
    stream: &mut DataStream,
    stall: Duration,
    used_up: TransferError,
) -> Result<Taken, TransferError> {
    let read = timeout(stall, stream.read(&mut [0])).await;
    let read = read.map_err(|_| TransferError::Stalled)?;
    match read.map_err(TransferError::Lost)? {
        0 => Ok(Taken::End),
        _ => Err(used_up),
    }
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Raw(buffer) => buffer,
            Self::Converted(bytes) => bytes,
        }
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
