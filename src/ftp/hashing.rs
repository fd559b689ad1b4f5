//! Checksums of files: the work behind `HASH` and the `X…` verbs. The file is read in hops on the
//! blocking pool; whoever wants it to stop is heard between two of them.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{HEXLOWER, HEXUPPER};
use sha2::digest::{Digest, DynDigest};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;

use super::buffers::{Buffer, Buffers};
use super::error::TransferError;
use super::stop::Stop;
use crate::model::AccountId;
use crate::proto::{Algorithm, Code, Reply};
use crate::vfs::Download;

/// A checksum that was checked and admitted.
#[derive(Debug)]
pub(super) struct Hashing {
    pub(super) file: Download,
    /// First byte, and the one behind the last.
    pub(super) span: Range<u64>,
    pub(super) algorithm: Algorithm,
    pub(super) buffers: Buffers,
    pub(super) wording: Wording,
    /// Held until it is computed.
    pub(super) place: Place,
}

/// How the checksum is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Wording {
    /// `HASH`: the algorithm, the first and the last byte, the checksum, the path as given.
    Draft { path: String },
    /// `XCRC` and its family: the checksum.
    Bare,
}

/// The checksums being computed. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<AccountId, usize>>>,
    /// One for each processor that may compute checksums; hop by hop, whoever waited longest.
    turns: Arc<Semaphore>,
}

/// A place among them; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    account: AccountId,
}

impl Places {
    /// Checksums of one account at once.
    const PER_ACCOUNT: usize = 2;
    /// Checksums of all accounts at once.
    const LIMIT: usize = 16;

    /// Nobody's. Half of the processors are for checksums, the others for everybody else.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            taken: Arc::default(),
            turns: Arc::new(Semaphore::new((processors / 2).max(1))),
        }
    }

    /// A place for `account`; `None` if it has as many as it may.
    pub(super) fn take(&self, account: AccountId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&account).copied().unwrap_or(0);
        if own >= Self::PER_ACCOUNT || taken.values().sum::<usize>() >= Self::LIMIT {
            return None;
        }
        taken.insert(account, own + 1);
        Some(Place {
            places: self.clone(),
            account,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .places
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.account)),
        }
    }
}

impl Hashing {
    /// Most bytes read in one hop.
    const HOP_BYTES: u64 = 4 << 20;

    /// Computes the checksum and tells the reply.
    pub(super) async fn run(self, stop: Stop, tell: oneshot::Sender<Reply>) {
        let reply = match self.sum(&stop).await {
            Ok(sum) => self.told(&sum),
            Err(error) => error.reply(),
        };
        drop(self.place);
        // Nobody listens any more if the session is gone.
        let _gone = tell.send(reply);
    }

    async fn sum(&self, stop: &Stop) -> Result<Vec<u8>, TransferError> {
        let mut sum = Sum::new(self.algorithm);
        let mut at = self.span.start;
        while at < self.span.end {
            if let Some(cause) = stop.cause() {
                return Err(TransferError::Stopped(cause));
            }
            let turn = Arc::clone(&self.place.places.turns).acquire_owned().await;
            let mut buffer = self.buffers.lend().await;
            let file = Arc::clone(&self.file.file);
            let end = self.span.end.min(at.saturating_add(Self::HOP_BYTES));
            let hop = spawn_blocking(move || {
                let _turn = turn;
                let read = sum.take_in(&file, at..end, &mut buffer)?;
                Ok((sum, read))
            });
            let (summed, read) = hop
                .await
                .map_err(|_| TransferError::Worker)?
                .map_err(TransferError::File)?;
            if read == 0 {
                return Err(TransferError::Shrunk);
            }
            sum = summed;
            at += read;
        }
        match stop.cause() {
            Some(cause) => Err(TransferError::Stopped(cause)),
            None => Ok(sum.finish()),
        }
    }

    fn told(&self, sum: &[u8]) -> Reply {
        let Wording::Draft { path } = &self.wording else {
            return Reply::new(Code::FileActionOkay, HEXUPPER.encode(sum));
        };
        let (first, last) = (self.span.start, self.span.end.saturating_sub(1));
        let (name, sum) = (self.algorithm.name(), HEXLOWER.encode(sum));
        Reply::new(
            Code::FileStatus,
            format!("{name} {first}-{last} {sum} {path}"),
        )
    }
}

/// A checksum in the making.
enum Sum {
    Crc32(crc32fast::Hasher),
    Digest(Box<dyn DynDigest + Send>),
}

impl Sum {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
            Algorithm::Md5 => Self::Digest(Box::new(md5::Md5::new())),
            Algorithm::Sha1 => Self::Digest(Box::new(sha1::Sha1::new())),
            Algorithm::Sha256 => Self::Digest(Box::new(sha2::Sha256::new())),
            Algorithm::Sha512 => Self::Digest(Box::new(sha2::Sha512::new())),
        }
    }

    /// Reads `span` of `file`, or up to its end, through `buffer`; tells how many bytes. Blocking.
    fn take_in(&mut self, file: &File, span: Range<u64>, buffer: &mut Buffer) -> io::Result<u64> {
        let mut read = 0;
        while span.start + read < span.end {
            let left = span.end - span.start - read;
            let want = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let space = buffer.get_mut(..want).unwrap_or_default();
            let got = match file.read_at(space, span.start + read) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.update(space.get(..got).unwrap_or_default());
            read += u64::try_from(got).unwrap_or(0);
        }
        Ok(read)
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(sum) => sum.update(bytes),
            Self::Digest(sum) => sum.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc32(sum) => sum.finalize().to_be_bytes().to_vec(),
            Self::Digest(sum) => sum.finalize().into_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_places_are_for_one_account_and_sixteen_for_all() {
        let places = Places::new();
        let account = |number| AccountId::from_parts(1, [number; 10]);

        let first = places.take(account(0)).unwrap();
        let _second = places.take(account(0)).unwrap();
        assert!(places.take(account(0)).is_none());
        drop(first);
        let mut all = vec![places.take(account(0)).unwrap()];
        for number in 1..8 {
            all.push(places.take(account(number)).unwrap());
            all.push(places.take(account(number)).unwrap());
        }

        assert!(places.take(account(9)).is_none());
        all.pop();
        assert!(places.take(account(9)).is_some());
    }

    #[test]
    fn each_algorithm_has_its_sum_of_hello() {
        for (algorithm, start) in [
            (Algorithm::Sha256, "2CF24DBA5FB0A30E"),
            (Algorithm::Sha512, "9B71D224BD62F378"),
            (Algorithm::Sha1, "AAF4C61DDCC5E8A2"),
            (Algorithm::Md5, "5D41402ABC4B2A76"),
            (Algorithm::Crc32, "3610A686"),
        ] {
            let mut sum = Sum::new(algorithm);
            sum.update(b"hel");
            sum.update(b"lo");

            let sum = HEXUPPER.encode(&sum.finish());
            assert!(sum.starts_with(start), "{algorithm:?}: {sum}");
        }
    }
}
