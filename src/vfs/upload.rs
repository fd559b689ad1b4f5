//! An upload in progress, and the handle that writes to it.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::model::{Durability, Umask, VirtualPath};

use super::entry::Removed;
use super::error::StorageError;
use super::inplace::InPlace;
use super::local::LocalHome;
use super::outcome::{Abandoned, Committed, OnAbort};
use super::sink::Sink;
use super::staged::Staged;
use super::target::{Plan, Target};

/// An upload in progress. Dropping it undoes it: a staged file is removed, a file written in place is
/// cut back to where the upload began; that happens as soon as the last [`UploadWriter`] is gone. The
/// ledger hears nothing of it: end an upload by [`Upload::commit`] or [`Upload::abandon`] if possible.
#[derive(Debug)]
pub struct Upload {
    flight: Arc<Flight>,
}

/// Writes to an [`Upload`]. Clones share one position.
#[derive(Clone, Debug)]
pub struct UploadWriter {
    flight: Arc<Flight>,
}

#[derive(Debug)]
enum Flight {
    InPlace(InPlace),
    Staged(Staged),
}

impl Upload {
    /// Begins the upload that `target` was checked for; a new file gets none of `umask`. Blocking.
    pub(super) fn begin(target: Target, umask: Umask) -> Result<Self, StorageError> {
        if target.mode.is_whole() {
            // What stands there matters again when the file is complete, and is looked at then.
            let flight = Flight::Staged(Staged::begin(target, umask)?);
            return Ok(Self::of(flight));
        }
        let home = target.home.clone();
        let mut state = home.lock();
        let standing = target.place.stat()?;
        let plan = Plan::new(&home, &state, standing, (&target.mode, target.rights))?;
        let flight = match plan {
            Plan::Continue { standing, offset } => {
                InPlace::begin(&target, (&standing, offset), &mut state).map(Flight::InPlace)?
            }
            Plan::Stage { .. } => {
                drop(state);
                Flight::Staged(Staged::begin(target, umask)?)
            }
        };
        Ok(Self::of(flight))
    }

    fn of(flight: Flight) -> Self {
        Self {
            flight: Arc::new(flight),
        }
    }

    /// Computes a checksum of what is written from now on; [`Committed::sha256`] tells it. Without
    /// effect if there is anything in the file that does not come from this upload.
    pub fn keep_checksum(&self) {
        self.flight.sink().keep_digest();
    }

    /// A handle to write with, on the spot or in hops.
    pub fn writer(&self) -> UploadWriter {
        UploadWriter {
            flight: Arc::clone(&self.flight),
        }
    }

    /// Where the file will be.
    pub fn path(&self) -> &VirtualPath {
        match &*self.flight {
            Flight::InPlace(upload) => upload.path(),
            Flight::Staged(upload) => upload.path(),
        }
    }

    /// Where the upload began, in bytes from the start of the file.
    pub fn start(&self) -> u64 {
        self.flight.sink().start()
    }

    /// Bytes written so far, without what the file held before.
    pub fn received(&self) -> u64 {
        self.flight.sink().received()
    }

    /// Completes the upload: the file stands under its name when this returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::Denied`] if a file appeared there that may not be replaced,
    /// [`StorageError::IsDirectory`], [`StorageError::Busy`] if it is written in place meanwhile.
    /// Then a staged upload is gone and nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the rename may happen, and what it replaced is then not told.
    pub async fn commit(self, durability: Durability) -> Result<Committed, StorageError> {
        self.commit_if(durability, |_, _| true).await
    }

    /// Like [`Upload::commit`], if `allows` agrees to so many bytes taking the place of what stands
    /// there. It is asked under the lock that every other change of the home takes, so what it is
    /// told is what happens.
    ///
    /// # Errors
    ///
    /// [`StorageError::DiskQuota`] if it does not agree, and those of [`Upload::commit`]. Nothing
    /// stands under the name then that did not stand there before, but a file that was written in
    /// place has changed: [`Upload::abandon`] tells what there is to book.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, as [`Upload::commit`].
    pub async fn commit_if(
        &self,
        durability: Durability,
        allows: impl FnOnce(u64, Option<Removed>) -> bool + Send + 'static,
    ) -> Result<Committed, StorageError> {
        let flight = Arc::clone(&self.flight);
        let disk = self.flight.home().disk().clone();
        let commit = move || match &*flight {
            // Whatever is written in place was granted byte by byte, and stays where it is.
            Flight::InPlace(upload) => upload.commit(durability),
            Flight::Staged(upload) => upload.commit(durability, allows),
        };
        match durability {
            Durability::Received => disk.short(commit).await,
            Durability::OnDisk => disk.long(commit).await,
        }
    }

    /// Ends an upload that did not arrive completely, or could not be completed.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the disk does not even tell what stands there now.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, as [`Upload::commit`].
    pub async fn abandon(self, policy: OnAbort) -> Result<Abandoned, StorageError> {
        self.abandon_if(policy, |_, _| true).await
    }

    /// Like [`Upload::abandon`], but what arrived of a whole file stays only if `allows` agrees to so
    /// many bytes taking the place of what stands there; it is asked as by [`Upload::commit_if`].
    ///
    /// # Errors
    ///
    /// Those of [`Upload::abandon`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, as [`Upload::commit`].
    pub async fn abandon_if(
        self,
        policy: OnAbort,
        allows: impl FnOnce(u64, Option<Removed>) -> bool + Send + 'static,
    ) -> Result<Abandoned, StorageError> {
        let flight = Arc::clone(&self.flight);
        let disk = self.flight.home().disk().clone();
        disk.short(move || match &*flight {
            Flight::InPlace(upload) => upload.abandon(policy),
            Flight::Staged(upload) => upload.abandon(policy, allows),
        })
        .await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A hop that still writes finishes its buffer; the flight undoes itself when the hop lets go.
        self.flight.sink().stop();
    }
}

impl UploadWriter {
    /// Most bytes whose checksum is computed on the spot: a few hundredths of a millisecond, two tenths
    /// on a processor that has no instructions for it.
    const DIGESTED_AT_ONCE: usize = 64 * 1_024;

    /// Appends `bytes` to the upload. Blocking. The first call cuts a continued file off at the start.
    ///
    /// # Errors
    ///
    /// [`StorageError::UploadEnded`] after commit, abandon or drop; [`StorageError::NoSpace`] and
    /// [`StorageError::DiskQuota`], after which [`Upload::received`] tells how much was written.
    pub fn append(&self, bytes: &[u8]) -> Result<(), StorageError> {
        self.flight.sink().append(bytes)
    }

    /// As [`UploadWriter::append`], for some ten kilobytes that the disk usually takes at once; `None`
    /// if they have to be written from the blocking pool. Not blocking.
    ///
    /// # Errors
    ///
    /// As [`UploadWriter::append`].
    pub fn append_at_once(&self, bytes: &[u8]) -> Option<Result<(), StorageError>> {
        if self.is_watched() && bytes.len() > Self::DIGESTED_AT_ONCE {
            return None;
        }
        let disk = self.flight.home().disk();
        disk.at_once(|| self.flight.sink().append(bytes))
    }

    /// Whether every byte has to pass through [`UploadWriter::append`]: there is a checksum to compute.
    pub fn is_watched(&self) -> bool {
        self.flight.sink().is_watched()
    }

    /// Appends at most `most` bytes that wait in a pipe, without looking at them; tells how many, or
    /// `None` if the file system cannot do that. Blocking.
    ///
    /// # Errors
    ///
    /// As [`UploadWriter::append`].
    pub fn append_from(
        &self,
        pipe: BorrowedFd<'_>,
        most: usize,
    ) -> Result<Option<usize>, StorageError> {
        self.flight.sink().append_from(pipe, most)
    }
}

impl Flight {
    fn home(&self) -> &LocalHome {
        match self {
            Self::InPlace(upload) => upload.home(),
            Self::Staged(upload) => upload.home(),
        }
    }

    fn sink(&self) -> &Sink {
        match self {
            Self::InPlace(upload) => upload.sink(),
            Self::Staged(upload) => upload.sink(),
        }
    }
}
