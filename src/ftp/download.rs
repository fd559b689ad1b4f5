//! Downloads: from a file into the data connection.
//!
//! In the clear and without conversion the kernel copies (`sendfile`): little on the spot, much in
//! hops on the blocking pool, because it may wait for the disk. Otherwise what is in memory is read on
//! the spot, and a hop fetches what is not, while the runtime sends the last buffer.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::{Errno, ReadWriteFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::buffers::{Buffer, Buffers};
use super::error::TransferError;
use super::pump::Pump;
use super::stop::Stop;
use crate::hosting::rates;
use crate::net::{DataStream, DetachedStream, PassiveConnection};
use crate::proto::LfToCrlf;
use crate::vfs::Download;

/// A download that was checked, and waits for its data connection.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) download: Download,
    /// First byte to send.
    pub(super) offset: u64,
    /// `TYPE A` converts line ends.
    pub(super) conversion: Option<LfToCrlf>,
}

impl Sending {
    /// Most bytes of one call: before it returns, nothing is counted and no stop is heard.
    const CALL_BYTES: u64 = 4 << 20;
    /// A hop that has lasted so long ends, to be counted.
    const LONG: Duration = Duration::from_millis(50);
    /// How long a hop waits for the client to take more. One on a fast network needs less, and going
    /// away and coming back costs more.
    const PATIENCE: Duration = Duration::from_millis(2);
    /// So few bytes are read and sent without a hop.
    const SHORT_BYTES: u64 = 128 * 1_024;
    /// As many, for a buffer.
    const LITTLE_BYTES: usize = 128 * 1_024;

    /// Sends the file from the offset to the size it had when it was opened. On failure the stream
    /// is broken off, so that the client cannot take what it got for the whole file.
    pub(super) async fn run(self, stream: DataStream, pump: &Pump) -> Result<(), TransferError> {
        let (stream, sent) = if stream.plain().is_some() && self.conversion.is_none() {
            self.by_kernel(stream, pump).await
        } else {
            self.by_hand(stream, pump).await
        };
        let Some(mut stream) = stream else {
            return sent.and(Err(TransferError::Worker));
        };
        let finished = match sent {
            Ok(()) => stream.finish(pump.stall).await.map_err(TransferError::Lost),
            Err(error) => Err(error),
        };
        if finished.is_err() {
            stream.abort();
        }
        finished
    }

    /// Sends a short file right into a connection that stands already, which no runtime has to look
    /// after then; tells whether that was all of it. What is wrong shows again when it goes on.
    pub(super) fn send_ahead(&mut self, connection: &PassiveConnection, pump: &Pump) -> bool {
        let (file, end) = (&self.download.file, self.download.size);
        let rest = end - self.offset;
        if self.conversion.is_some() || rest > Self::SHORT_BYTES {
            return false;
        }
        if !pump.reach(rest).is_ok_and(|reach| reach == rest) {
            return false;
        }
        let mut at = self.offset;
        while at < end {
            let want = usize::try_from(end - at).unwrap_or(usize::MAX);
            let push = || rustix::fs::sendfile(connection, file, Some(&mut at), want);
            match self.download.at_once(push) {
                Some(Ok(sent)) if sent > 0 => pump.sent(u64::try_from(sent).unwrap_or(0)),
                Some(Err(Errno::INTR)) => {}
                _ => break,
            }
        }
        self.offset = at;
        at == end
    }

    async fn by_kernel(
        self,
        stream: DataStream,
        pump: &Pump,
    ) -> (Option<DataStream>, Result<(), TransferError>) {
        let mut copy = KernelCopy {
            stream: Some(stream),
            at: self.offset,
            end: self.download.size,
            download: self.download,
            hop: None,
        };
        let sent = tokio::select! {
            biased;
            cause = pump.stop.told() => Err(TransferError::Stopped(cause)),
            sent = copy.whole(pump) => sent,
        };
        // A hop that was under way holds the stream for a moment longer.
        let settled = copy.settle_hop(pump).await;
        (copy.stream, sent.and(settled))
    }

    async fn by_hand(
        mut self,
        mut stream: DataStream,
        pump: &Pump,
    ) -> (Option<DataStream>, Result<(), TransferError>) {
        let sent = tokio::select! {
            biased;
            cause = pump.stop.told() => Err(TransferError::Stopped(cause)),
            sent = self.copy(&mut stream, pump) => sent,
        };
        (Some(stream), sent)
    }

    async fn copy(&mut self, stream: &mut DataStream, pump: &Pump) -> Result<(), TransferError> {
        let (mut at, end) = (self.offset, self.download.size);
        let mut ahead = None;
        while at < end {
            let piece = match ahead.take() {
                Some(piece) => piece,
                None => self.read(pump, at).await,
            };
            let comes_from_disk = matches!(piece, Piece::Coming(_));
            let (buffer, read) = piece.arrived().await?;
            let read = read.min(usize::try_from(end - at).unwrap_or(usize::MAX));
            if read == 0 {
                return Err(TransferError::Shrunk);
            }
            at += size(read);
            // What is not in memory is fetched while the last piece is sent.
            if comes_from_disk && at < end {
                ahead = self.read_ahead(pump, at).await;
            }
            let bytes = buffer.get(..read).unwrap_or_default();
            match &mut self.conversion {
                None => pump.send(stream, bytes).await?,
                Some(conversion) => {
                    let mut converted = Vec::with_capacity(read + read / 32);
                    conversion.convert(bytes, &mut converted);
                    pump.send(stream, &converted).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads what is in memory, without ever waiting for the disk; `None` if nothing is. A file system
    /// that cannot tell is asked for a little, as long as it is prompt.
    fn read_at_once(&self, buffer: &mut [u8], at: u64) -> Option<usize> {
        let file = &self.download.file;
        let mut into = [IoSliceMut::new(buffer)];
        let read = match rustix::io::preadv2(file, &mut into, at, ReadWriteFlags::NOWAIT) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let little = buffer.get_mut(..Self::LITTLE_BYTES)?;
                self.download.at_once(|| file.read_at(little, at))?.ok()
            }
            read => read.ok(),
        };
        read.filter(|read| *read > 0)
    }

    async fn read(&self, pump: &Pump, at: u64) -> Piece {
        // Whoever waits for its turn holds no buffer.
        let most = self.turn(pump, at).await;
        let buffer = pump.buffers.lend().await;
        self.read_into(buffer, most, pump, at)
    }

    /// The same while another piece waits to be sent; not for transfers that wait for their turns
    /// anyway.
    async fn read_ahead(&self, pump: &Pump, at: u64) -> Option<Piece> {
        if !pump.pace.is_free() {
            return None;
        }
        let buffer = pump.buffers.lend_another()?;
        let most = self.turn(pump, at).await;
        Some(self.read_into(buffer, most, pump, at))
    }

    async fn turn(&self, pump: &Pump, at: u64) -> rates::Piece {
        let rest = self.download.size.saturating_sub(at);
        pump.pace.take(rest.min(size(Buffers::SIZE_BYTES))).await
    }

    fn read_into(&self, mut buffer: Buffer, most: rates::Piece, pump: &Pump, at: u64) -> Piece {
        let space = buffer.get_mut(..most.length()).unwrap_or_default();
        if let Some(read) = self.read_at_once(space, at) {
            pump.pace.give_back(most, size(read));
            return Piece::Here(buffer, read);
        }
        let (file, pace) = (Arc::clone(&self.download.file), pump.pace.clone());
        Piece::Coming(spawn_blocking(move || {
            let space = buffer.get_mut(..most.length()).unwrap_or_default();
            let read = read_full(&file, space, at)?;
            pace.give_back(most, size(read));
            Ok((buffer, read))
        }))
    }
}

/// A piece of a file on its way to the client.
enum Piece {
    /// It was in memory.
    Here(Buffer, usize),
    /// It comes from the disk.
    Coming(JoinHandle<io::Result<(Buffer, usize)>>),
}

impl Piece {
    async fn arrived(self) -> Result<(Buffer, usize), TransferError> {
        match self {
            Self::Here(buffer, read) => Ok((buffer, read)),
            Self::Coming(hop) => hop
                .await
                .map_err(|_| TransferError::Worker)?
                .map_err(TransferError::File),
        }
    }
}

/// A copy by the kernel, hop by hop.
struct KernelCopy {
    /// A hop has it while it works.
    stream: Option<DataStream>,
    download: Download,
    at: u64,
    end: u64,
    hop: Option<JoinHandle<(io::Result<u64>, DetachedStream)>>,
}

impl KernelCopy {
    async fn whole(&mut self, pump: &Pump) -> Result<(), TransferError> {
        while self.at < self.end {
            let stream = self.stream.as_ref().ok_or(TransferError::Worker)?;
            if let Some(socket) = stream.plain() {
                let ready = timeout(pump.stall, socket.writable()).await;
                ready
                    .map_err(|_| TransferError::Stalled)?
                    .map_err(TransferError::Lost)?;
            }
            let before = self.at;
            let piece = pump.pace.take(pump.reach(self.end - before)?).await;
            let most = piece.bytes();
            if most <= Sending::SHORT_BYTES
                && let Some(sent) = self.send_at_once(most)
            {
                self.count(sent, pump)?;
            } else {
                self.hand_over(most, pump)?;
                self.settle_hop(pump).await?;
            }
            pump.pace.give_back(piece, self.at - before);
        }
        Ok(())
    }

    /// Has a hop send as much of `most` bytes as the client takes within a moment.
    fn hand_over(&mut self, most: u64, pump: &Pump) -> Result<(), TransferError> {
        let stream = self.stream.take().ok_or(TransferError::Worker)?;
        let detached = stream.detach().map_err(TransferError::Lost)?;
        detached.send_whole_packets();
        detached.reset_if_lost();
        let file = Arc::clone(&self.download.file);
        let (span, stop) = (self.at..self.at + most, pump.stop.clone());
        self.hop = Some(spawn_blocking(move || {
            (send_run(&detached, &file, span, &stop), detached)
        }));
        Ok(())
    }

    /// Waits for the hop, if there is one, gives the runtime the stream back and counts.
    async fn settle_hop(&mut self, pump: &Pump) -> Result<(), TransferError> {
        let Some(hop) = self.hop.as_mut() else {
            return Ok(());
        };
        let done = hop.await;
        self.hop = None;
        let (sent, detached) = done.map_err(|_| TransferError::Worker)?;
        let counted = self.count(sent, pump);
        self.stream = Some(detached.attach().map_err(TransferError::Lost)?);
        counted
    }

    /// Sends the little that is left; `None` if that has to be done in a hop.
    fn send_at_once(&self, want: u64) -> Option<io::Result<u64>> {
        let Download { file, .. } = &self.download;
        let socket = self.stream.as_ref()?.plain()?;
        self.download
            .at_once(|| send_file(socket, file, self.at, want))
    }

    fn count(&mut self, sent: io::Result<u64>, pump: &Pump) -> Result<(), TransferError> {
        match sent {
            Ok(0) => Err(TransferError::Shrunk),
            Ok(sent) => {
                self.at += sent;
                pump.sent(sent);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(blamed(error)),
        }
    }
}

/// One call reads and sends, and tells one error for both: what only a disk says is the file's.
fn blamed(error: io::Error) -> TransferError {
    match Errno::from_io_error(&error) {
        Some(Errno::IO) => TransferError::File(error),
        _ => TransferError::Lost(error),
    }
}

/// Reads until the buffer is full or the file ends.
fn read_full(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
        let offset = at + u64::try_from(filled).unwrap_or(0);
        match file.read_at(space, offset) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// As much as the socket takes within a moment. Blocking.
fn send_run(
    stream: &DetachedStream,
    file: &File,
    span: Range<u64>,
    stop: &Stop,
) -> io::Result<u64> {
    let begun = Instant::now();
    let mut at = span.start;
    while at < span.end && stop.cause().is_none() && begun.elapsed() < Sending::LONG {
        let most = (span.end - at).min(Sending::CALL_BYTES);
        let want = usize::try_from(most).unwrap_or(usize::MAX);
        match rustix::fs::sendfile(stream, file, Some(&mut at), want) {
            Ok(0) if at == span.start => return Ok(0),
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if stream.is_writable_soon(Sending::PATIENCE) => {}
            Err(Errno::AGAIN) => break,
            Err(_told_again) if at > span.start => break,
            Err(error) => return Err(error.into()),
        }
    }
    if at == span.start {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(at - span.start)
}

/// One `sendfile`: as much as the socket takes without waiting.
fn send_file(socket: &TcpStream, file: &File, at: u64, want: u64) -> io::Result<u64> {
    // `try_io` forgets the readiness when the socket is full; a bare call would spin.
    let sent = socket.try_io(Interest::WRITABLE, || {
        let mut offset = at;
        let want = usize::try_from(want).unwrap_or(usize::MAX);
        Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), want)?)
    })?;
    Ok(u64::try_from(sent).unwrap_or(0))
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
