//! Where the bytes of an upload go: one file, one position, one writer at a time.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};

use super::digest::Digest;
use super::error::StorageError;
use super::room::Room;

/// An open file that is written from `start` on. Whoever writes holds the lock of `shape`, so that
/// an end ([`Sink::end`]) knows that no byte comes after it.
#[derive(Debug)]
pub(super) struct Sink {
    file: File,
    room: Option<Room>,
    start: u64,
    received: AtomicU64,
    has_ended: AtomicBool,
    /// Every byte must be seen on its way.
    is_watched: AtomicBool,
    shape: Mutex<Shape>,
}

#[derive(Debug)]
struct Shape {
    /// What stood behind `start` is gone.
    is_cut: bool,
    /// Of everything that was written; `None` if nobody wants it, or if it is not known.
    digest: Option<Digest>,
}

impl Sink {
    /// A sink for an empty file.
    pub(super) fn whole(file: File, room: Option<Room>) -> Self {
        Self::new(file, room, 0, true)
    }

    /// A sink that continues a file at `start`, and cuts it off there when the first byte arrives.
    pub(super) fn continued(file: File, start: u64, room: Option<Room>) -> Self {
        Self::new(file, room, start, false)
    }

    fn new(file: File, room: Option<Room>, start: u64, is_cut: bool) -> Self {
        let shape = Shape {
            is_cut,
            digest: None,
        };
        Self {
            file,
            room,
            start,
            received: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            shape: Mutex::new(shape),
        }
    }

    /// Computes a checksum of what is written from now on, if that is the whole file.
    pub(super) fn keep_digest(&self) {
        let mut shape = self.shape();
        if self.end_offset() == 0 {
            shape.digest = Some(Digest::new());
            self.is_watched.store(true, Ordering::Release);
        }
    }

    /// Whether bytes have to pass through [`Sink::append`] for the sake of the checksum.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Acquire)
    }

    /// The checksum of the file, once.
    pub(super) fn digest(&self) -> Option<String> {
        let digest = self.shape().digest.take();
        digest.map(Digest::finish)
    }

    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), StorageError> {
        let mut shape = self.writing()?;
        self.take(bytes.len())?;
        self.cut_once(&mut shape)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = match self.file.write_at(rest, self.end_offset()) {
                Ok(0) => return Err(StorageError::Io(io::ErrorKind::WriteZero.into())),
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            self.received.fetch_add(written as u64, Ordering::Relaxed);
            let (stored, unwritten) = rest.split_at_checked(written).unwrap_or((rest, &[]));
            if let Some(digest) = &mut shape.digest {
                digest.update(stored);
            }
            rest = unwritten;
        }
        Ok(())
    }

    /// As [`Sink::append`], of what waits in `pipe`; `None` if the file system cannot do that.
    pub(super) fn append_from(
        &self,
        pipe: BorrowedFd<'_>,
        most: usize,
    ) -> Result<Option<usize>, StorageError> {
        let mut shape = self.writing()?;
        let taken = self.take(most)?;
        self.cut_once(&mut shape)?;
        // What passes by unseen has no checksum.
        shape.digest = None;
        loop {
            let mut offset = self.end_offset();
            match splice(
                pipe,
                None,
                &self.file,
                Some(&mut offset),
                most,
                SpliceFlags::MOVE,
            ) {
                Ok(0) => return Err(StorageError::Io(io::ErrorKind::WriteZero.into())),
                Ok(written) => {
                    let written_bytes = written as u64;
                    self.received.fetch_add(written_bytes, Ordering::Relaxed);
                    self.give_back(taken.saturating_sub(written_bytes));
                    return Ok(Some(written));
                }
                Err(Errno::INTR) => {}
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => return Ok(None),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Lets no further byte in, without waiting for one that is being written.
    pub(super) fn stop(&self) {
        self.has_ended.store(true, Ordering::Release);
    }

    /// Lets no further byte in, waits for the one being written, and tells how many arrived.
    pub(super) fn end(&self) -> u64 {
        self.stop();
        drop(self.shape());
        self.received()
    }

    /// Gives the file its final size: exactly what stood before `start` and what arrived.
    pub(super) fn finish(&self) -> Result<(), StorageError> {
        self.cut_once(&mut self.shape())
    }

    /// Takes back what arrived.
    pub(super) fn cut_back(&self) -> Result<(), StorageError> {
        Ok(self.file.set_len(self.start)?)
    }

    /// Whether the file is no longer what it was.
    pub(super) fn is_cut(&self) -> bool {
        self.shape().is_cut
    }

    /// First byte written, from the start of the file.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Bytes that arrived.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Takes room for `bytes` more; tells how much was taken.
    fn take(&self, bytes: usize) -> Result<u64, StorageError> {
        let bytes = bytes as u64;
        match &self.room {
            Some(room) => room.take(&self.file, bytes).map(|()| bytes),
            None => Ok(0),
        }
    }

    fn give_back(&self, bytes: u64) {
        if let Some(room) = &self.room {
            room.give_back(bytes);
        }
    }

    fn end_offset(&self) -> u64 {
        self.start.saturating_add(self.received())
    }

    fn cut_once(&self, shape: &mut Shape) -> Result<(), StorageError> {
        if !shape.is_cut {
            self.file.set_len(self.start)?;
            shape.is_cut = true;
        }
        Ok(())
    }

    fn writing(&self) -> Result<MutexGuard<'_, Shape>, StorageError> {
        let shape = self.shape();
        if self.has_ended.load(Ordering::Acquire) {
            return Err(StorageError::UploadEnded);
        }
        Ok(shape)
    }

    fn shape(&self) -> MutexGuard<'_, Shape> {
        self.shape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_full_disk_is_told_and_counts_nothing() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let sink = Sink::whole(full, None);

        assert!(matches!(sink.append(b"x"), Err(StorageError::NoSpace)));
        assert_eq!(sink.received(), 0);
    }

    #[test]
    fn a_continued_file_is_cut_by_the_first_byte_and_finished_exactly() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        let sink = Sink::continued(file.reopen().unwrap(), 4, None);

        assert!(!sink.is_cut());
        sink.append(b"ab").unwrap();
        sink.append(b"c").unwrap();
        assert_eq!(sink.end(), 3);
        sink.finish().unwrap();

        assert_eq!(std::fs::read(file.path()).unwrap(), b"0123abc");
        sink.cut_back().unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"0123");
    }

    #[test]
    fn a_checksum_is_of_the_whole_file_or_there_is_none() {
        let sink = |start| {
            let file = tempfile::tempfile().unwrap();
            Sink::continued(file, start, None)
        };
        let (whole, part, late, empty) = (sink(0), sink(1), sink(0), sink(0));
        late.append(b"x").unwrap();
        for sink in [&whole, &part, &late, &empty] {
            sink.keep_digest();
        }
        for sink in [&whole, &part, &late] {
            sink.append(b"hel").unwrap();
            sink.append(b"lo").unwrap();
        }

        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(whole.digest().as_deref(), Some(hello));
        assert_eq!(empty.digest().as_deref(), Some(nothing));
        assert_eq!((part.digest(), late.digest()), (None, None));
        assert!(whole.is_watched() && !part.is_watched() && !late.is_watched());
    }

    #[test]
    fn what_the_kernel_moved_by_itself_has_no_checksum() {
        let sink = Sink::whole(tempfile::tempfile().unwrap(), None);
        sink.keep_digest();
        let (outlet, inlet) = rustix::pipe::pipe().unwrap();
        rustix::io::write(&inlet, b"hello").unwrap();

        let moved = sink.append_from(outlet.as_fd(), 5).unwrap();

        assert_eq!(moved, Some(5));
        assert_eq!(sink.digest(), None);
    }

    #[test]
    fn the_end_waits_for_the_byte_being_written_and_admits_no_other() {
        let file = tempfile::tempfile().unwrap();
        let sink = Sink::whole(file.try_clone().unwrap(), None);

        let counted = std::thread::scope(|scope| {
            scope.spawn(|| while sink.append(&[7; 4_096]).is_ok() {});
            while sink.received() == 0 {
                std::hint::spin_loop();
            }
            sink.end()
        });

        assert_eq!(counted, file.metadata().unwrap().len());
    }
}
