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

/// What carries bytes from a socket to a file; kept from one hop to the next. The buffer is not: it is
/// lent for the hop, so that an upload that waits for its client holds none.
pub(super) struct Carrier {
    way: Way,
}

/// Where bytes come from, and where they go.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) stream: &'a DetachedStream,
    pub(super) writer: &'a UploadWriter,
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

/// How far a hop may go; it ends after [`LONG`] in any case.
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
/// What a pipe holds. The system gives a user without privileges 64 of them.
const PIPE_BYTES: usize = 1 << 20;

impl Carrier {
    pub(super) fn new() -> Self {
        Self { way: Way::Unknown }
    }

    /// The bytes that stand at the beginning of the buffer, then what the socket has and what comes
    /// within a moment.
    pub(super) fn haul(
        &mut self,
        ends: Ends<'_>,
        (buffer, filled): (&mut Buffer, usize),
        reach: &Reach,
    ) -> Haul {
        let first = ends.writer.append(buffer.get(..filled).unwrap_or_default());
        let mut haul = Haul::wrote(size(filled), first);
        let begun = Instant::now();
        while haul.result.is_ok()
            && haul.taken < reach.bytes
            && reach.stop.cause().is_none()
            && begun.elapsed() < LONG
        {
            let most = usize::try_from(reach.bytes - haul.taken).unwrap_or(usize::MAX);
            match self.carry(ends, buffer, most) {
                Ok(0) => {
                    haul.result = Ok(Taken::End);
                    break;
                }
                Ok(carried) => {
                    haul.taken += size(carried);
                    haul.written += size(carried);
                }
                Err(Trouble::Empty) if ends.stream.is_readable_soon(PATIENCE) => {}
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
        ends: Ends<'_>,
        buffer: &mut Buffer,
        most: usize,
    ) -> Result<usize, Trouble> {
        if matches!(self.way, Way::Unknown) {
            self.way = Way::open(ends.writer);
        }
        let Way::Pipe { inlet, outlet } = &self.way else {
            return ends.by_buffer(buffer, most);
        };
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let most = most.min(PIPE_BYTES);
        let taken = match splice(ends.stream, None, inlet, None, most, flags) {
            // At urgent data a pipe gets nothing, which looks as if nothing had arrived or, once the
            // end has, like the end. `recv` goes past it, and only it is believed.
            Ok(0) | Err(Errno::AGAIN) => return ends.by_buffer(buffer, most),
            Ok(taken) => taken,
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                self.way = Way::Buffer;
                return ends.by_buffer(buffer, most);
            }
            Err(error) => return Err(Trouble::network(error)),
        };
        let (mut left, mut is_supported) = (taken, true);
        while left > 0 {
            match ends.writer.append_from(outlet.as_fd(), left) {
                Ok(Some(written)) => left -= written,
                // This file system wants to be written to by hand.
                Ok(None) => {
                    empty(outlet, buffer, ends.writer, left)
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
}

impl Ends<'_> {
    fn by_buffer(self, buffer: &mut Buffer, most: usize) -> Result<usize, Trouble> {
        let room = most.min(buffer.len());
        let space = buffer.get_mut(..room).unwrap_or_default();
        let (taken, _) = rustix::net::recv(self.stream, &mut *space, RecvFlags::DONTWAIT)
            .map_err(Trouble::network)?;
        self.writer
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
    fn open(writer: &UploadWriter) -> Self {
        if writer.is_watched() {
            return Self::Buffer;
        }
        match pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) {
            Ok((outlet, inlet)) => match fcntl_setpipe_size(&inlet, PIPE_BYTES) {
                Ok(_) => Self::Pipe { inlet, outlet },
                // Beyond what one user may have, a pipe holds two pages: a buffer is quicker then.
                Err(_too_many_pages) => Self::Buffer,
            },
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::clock::SystemClock;
    use crate::ftp::buffers::Buffers;
    use crate::ftp::stop::Cause;
    use crate::model::{Durability, Permissions, VirtualPath};
    use crate::net::{ControlStream, DataStream};
    use crate::telemetry::Metrics;
    use crate::vfs::{Home, HomeOptions, Upload, UploadMode, Volume};

    /// A connection, a control connection beside it, and an upload to `new`.
    struct Scene {
        disk: tempfile::TempDir,
        upload: Upload,
        client: TcpStream,
        server: DataStream,
        control: (TcpStream, ControlStream),
    }

    impl Scene {
        async fn new() -> Self {
            let disk = tempfile::tempdir().unwrap();
            let clock = Arc::new(SystemClock);
            let volume = Volume::open(disk.path()).unwrap();
            let local = volume.home("home", HomeOptions { clock }).await.unwrap();
            let home = Home::new(local, Permissions::all());
            let path = VirtualPath::root().resolve("new").unwrap();
            let target = home.target(&path, UploadMode::Replace).await.unwrap();
            let upload = home.begin_upload(target).await.unwrap();
            let (client, server) = pair().await;
            let (other_end, control) = pair().await;
            Self {
                disk,
                upload,
                client,
                server: DataStream::active(server).unwrap(),
                control: (other_end, ControlStream::new(control).unwrap()),
            }
        }

        fn reach(&self, bytes: u64) -> Reach {
            let stop = Stop::new(self.control.1.pulse());
            Reach { bytes, stop }
        }
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (client.unwrap(), accepted.unwrap().0)
    }

    fn content() -> Vec<u8> {
        (0..1_000_000_u32)
            .flat_map(u32::to_le_bytes)
            .take(3_000_001)
            .collect()
    }

    /// Hop after hop, the first one with so many bytes in the buffer.
    fn haul_all(
        way: Way,
        ends: Ends<'_>,
        (buffer, mut filled): (&mut Buffer, usize),
        reach: &Reach,
    ) -> (u64, Result<Taken, TransferError>) {
        let mut carrier = Carrier { way };
        let mut taken = 0;
        loop {
            let haul = carrier.haul(ends, (&mut *buffer, filled), reach);
            (taken, filled) = (taken + haul.taken, 0);
            if !matches!(haul.result, Ok(Taken::Bytes)) {
                return (taken, haul.result);
            }
        }
    }

    async fn buffer() -> Buffer {
        Buffers::new(Metrics::default()).lend().await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bytes_arrive_in_order_through_a_pipe_and_through_a_buffer() {
        for way in [Way::Unknown, Way::Buffer] {
            let mut scene = Scene::new().await;
            let (reach, writer) = (scene.reach(u64::MAX), scene.upload.writer());
            let mut buffer = buffer().await;
            buffer[..5].copy_from_slice(b"first");
            let sending = tokio::spawn(async move {
                scene.client.write_all(&content()).await.unwrap();
                scene.client.shutdown().await.unwrap();
            });
            let stream = scene.server.detach().unwrap();

            let hauled = move || {
                let (stream, writer) = (&stream, &writer);
                haul_all(way, Ends { stream, writer }, (&mut buffer, 5), &reach)
            };
            let (taken, ended) = tokio::task::spawn_blocking(hauled).await.unwrap();

            sending.await.unwrap();
            assert!(matches!(ended, Ok(Taken::End)));
            assert_eq!(taken, 3_000_001);
            let durability = Durability::Received;
            scene
                .upload
                .commit_if(durability, |_, _| true)
                .await
                .unwrap();
            let stored = std::fs::read(scene.disk.path().join("home/new")).unwrap();
            assert!(stored == [b"first".to_vec(), content()].concat());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hop_takes_no_more_than_it_may_and_nothing_once_it_is_told_to_stop() {
        let mut scene = Scene::new().await;
        let (few, stopped) = (scene.reach(10), scene.reach(10));
        stopped.stop.now(Cause::Abor);
        scene.client.write_all(&[7; 100]).await.unwrap();
        let (stream, writer) = (scene.server.detach().unwrap(), scene.upload.writer());
        let mut buffer = buffer().await;

        let (few, none) = tokio::task::spawn_blocking(move || {
            let (stream, writer) = (&stream, &writer);
            let ends = Ends { stream, writer };
            let mut carrier = Carrier::new();
            let few = carrier.haul(ends, (&mut buffer, 0), &few);
            let none = carrier.haul(ends, (&mut buffer, 0), &stopped);
            (few, none)
        })
        .await
        .unwrap();

        assert_eq!((few.taken, few.written), (10, 10));
        assert_eq!((none.taken, none.written), (0, 0));
        assert_eq!(scene.upload.received(), 10);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_stands_behind_urgent_data_is_part_of_the_file() {
        for way in [Way::Unknown, Way::Buffer] {
            let mut scene = Scene::new().await;
            let (reach, writer) = (scene.reach(u64::MAX), scene.upload.writer());
            scene.client.write_all(&[b'A'; 1_000]).await.unwrap();
            let urgent = socket2::SockRef::from(&scene.client).send_out_of_band(b"!");
            assert_eq!(urgent.unwrap(), 1);
            scene.client.write_all(&[b'B'; 1_000]).await.unwrap();
            scene.client.shutdown().await.unwrap();
            let stream = scene.server.detach().unwrap();
            let mut buffer = buffer().await;

            let hauled = move || {
                let (stream, writer) = (&stream, &writer);
                haul_all(way, Ends { stream, writer }, (&mut buffer, 0), &reach)
            };
            let (taken, ended) = tokio::task::spawn_blocking(hauled).await.unwrap();

            assert!(matches!(ended, Ok(Taken::End)));
            assert_eq!(taken, 2_000);
        }
    }
}
