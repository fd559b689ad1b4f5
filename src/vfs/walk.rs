//! Whole trees: counted, swept and removed, depth first, by handles and without following links.
//! Memory and open handles are bounded however deep or wide the tree is.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::clock::Timestamp;
use crate::model::Usage;

use super::entry::{Kind, kind, modified, removed};
use super::error::StorageError;
use super::local::LocalHome;
use super::name;

/// What a walk comes by.
enum Step<'a> {
    /// A name that is no directory.
    Met(BorrowedFd<'a>, &'a CStr, &'a Stat),
    /// A directory whose content was walked, by its parent and name.
    Left(BorrowedFd<'a>, &'a CStr),
}

/// A directory on the way from the root to where the walk is.
struct Frame {
    name: CString,
    // Closed while the walk is far below; then it is found again by the names of the frames.
    dir: Option<rustix::fs::Dir>,
    resume_at: i64,
}

struct Walk {
    root: OwnedFd,
    frames: Vec<Frame>,
}

impl LocalHome {
    /// Counts the whole home: apparent sizes, every hard link, links as one file of 0 bytes, staged
    /// uploads not at all. Exact only while nothing changes. For the ledger; asks no permission.
    pub async fn count(&self) -> Result<Usage, StorageError> {
        let local = self.clone();
        self.disk()
            .clone()
            .long(move || count(local.root().dir()))
            .await
    }

    /// Removes staged uploads that no session holds and that were last written before `older_than`.
    /// Returns how many.
    pub async fn sweep_staged(&self, older_than: Timestamp) -> Result<u64, StorageError> {
        let local = self.clone();
        self.disk()
            .clone()
            .long(move || sweep(&local, older_than))
            .await
    }
}

/// Counts the files beneath `dir`: apparent sizes, every name of a file, links as files of no bytes.
fn count(dir: &Dir) -> Result<Usage, StorageError> {
    let mut usage = Usage::default();
    Walk::over(dir)?.run(|step| {
        let Step::Met(_, name, stat) = step else {
            return Ok(());
        };
        let is_counted = matches!(kind(stat), Some(Kind::File | Kind::Symlink));
        if is_counted && !name::is_staged(name.to_bytes()) {
            usage.files += 1;
            usage.bytes = usage.bytes.saturating_add(removed(stat).bytes);
        }
        Ok(())
    })?;
    Ok(usage)
}

/// Removes the staged uploads of `home` that nobody holds and that are older than `older_than`.
fn sweep(home: &LocalHome, older_than: Timestamp) -> Result<u64, StorageError> {
    let mut swept = 0;
    Walk::over(home.root().dir())?.run(|step| {
        let Step::Met(dir, name, stat) = step else {
            return Ok(());
        };
        if !name::is_staged(name.to_bytes()) || modified(stat) >= older_than {
            return Ok(());
        }
        let is_live = name
            .to_str()
            .is_ok_and(|name| home.lock().staged.contains(name));
        if !is_live && rustix::fs::unlinkat(dir, name, AtFlags::empty()).is_ok() {
            swept += 1;
        }
        Ok(())
    })?;
    Ok(swept)
}

/// Removes everything in `dir`, but not `dir` itself.
///
/// # Errors
///
/// [`StorageError::NotEmpty`] if somebody keeps filling it.
pub(super) fn clear(dir: &Dir) -> Result<(), StorageError> {
    for _ in 0..CLEAR_PASSES {
        let mut is_empty = true;
        Walk::over(dir)?.run(|step| {
            let (dir, name, flags) = match step {
                Step::Met(dir, name, _) => (dir, name, AtFlags::empty()),
                Step::Left(dir, name) => (dir, name, AtFlags::REMOVEDIR),
            };
            match rustix::fs::unlinkat(dir, name, flags) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ISDIR | Errno::NOTDIR) => {
                    is_empty = false;
                    Ok(())
                }
                Err(errno) => Err(errno.into()),
            }
        })?;
        if is_empty {
            return Ok(());
        }
    }
    Err(StorageError::NotEmpty)
}

impl Walk {
    fn over(dir: &Dir) -> Result<Self, StorageError> {
        let root = open_dir(dir.as_fd(), c".")?;
        let frame = Frame {
            name: CString::default(),
            dir: Some(rustix::fs::Dir::read_from(&root)?),
            resume_at: 0,
        };
        Ok(Self {
            root,
            frames: vec![frame],
        })
    }

    fn run<F>(mut self, mut visit: F) -> Result<(), StorageError>
    where
        F: FnMut(Step<'_>) -> Result<(), StorageError>,
    {
        while !self.frames.is_empty() {
            self.reopen()?;
            match self.next_name()? {
                Some(name) => self.meet(name, &mut visit)?,
                None => self.leave(&mut visit)?,
            }
        }
        Ok(())
    }

    /// The next name in the directory where the walk is.
    fn next_name(&mut self) -> Result<Option<CString>, StorageError> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(None);
        };
        let Some(dir) = frame.dir.as_mut() else {
            return Ok(None);
        };
        while let Some(entry) = dir.read() {
            let entry = entry?;
            frame.resume_at = entry.offset();
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                return Ok(Some(entry.file_name().to_owned()));
            }
        }
        Ok(None)
    }

    fn meet<F>(&mut self, name: CString, visit: &mut F) -> Result<(), StorageError>
    where
        F: FnMut(Step<'_>) -> Result<(), StorageError>,
    {
        let Some(dir) = self.frames.last().and_then(|frame| frame.dir.as_ref()) else {
            return Ok(());
        };
        let dir = dir.fd()?;
        let stat = match rustix::fs::statat(dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        };
        if kind(&stat) != Some(Kind::Directory) {
            return visit(Step::Met(dir, &name, &stat));
        }
        match open_dir(dir, &name) {
            Ok(below) => self.descend(name, below),
            // Renamed, removed or replaced since it was stated.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn descend(&mut self, name: CString, below: OwnedFd) -> Result<(), StorageError> {
        if let Some(far) = self.frames.len().checked_sub(OPEN_FRAMES)
            && let Some(frame) = self.frames.get_mut(far)
        {
            frame.dir = None;
        }
        self.frames.push(Frame {
            name,
            dir: Some(rustix::fs::Dir::new(below)?),
            resume_at: 0,
        });
        Ok(())
    }

    fn leave<F>(&mut self, visit: &mut F) -> Result<(), StorageError>
    where
        F: FnMut(Step<'_>) -> Result<(), StorageError>,
    {
        let left = self.frames.pop();
        self.reopen()?;
        let parent = self.frames.last().and_then(|frame| frame.dir.as_ref());
        match (left, parent) {
            (Some(left), Some(parent)) => visit(Step::Left(parent.fd()?, &left.name)),
            _ => Ok(()),
        }
    }

    /// Opens the directory where the walk is again, if it was closed, and continues behind the last
    /// name. A directory that was moved away meanwhile is left.
    fn reopen(&mut self) -> Result<(), StorageError> {
        if self.frames.last().is_none_or(|frame| frame.dir.is_some()) {
            return Ok(());
        }
        let mut handle = open_dir(self.root.as_fd(), c".")?;
        for frame in self.frames.iter().skip(1) {
            handle = match open_dir(handle.as_fd(), &frame.name) {
                Ok(handle) => handle,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            };
        }
        if let Some(frame) = self.frames.last_mut() {
            let mut dir = rustix::fs::Dir::new(handle)?;
            dir.seek(frame.resume_at)?;
            frame.dir = Some(dir);
        }
        Ok(())
    }
}

fn open_dir(parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Directories held open at once; those further up are closed and found again.
const OPEN_FRAMES: usize = 64;
/// Times that a tree is cleared before somebody who keeps filling it wins.
const CLEAR_PASSES: usize = 8;
