//! Whole trees: counted, swept and removed, depth first, by handles and without following links.
//! Memory and open handles are bounded however deep or wide the tree is.

use std::ffi::{CStr, CString};
use std::ops::ControlFlow;
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
        self.disk().clone().long(move || count(&local)).await
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

/// Counts the files of `home`: apparent sizes, every name of a file, links as files of no bytes. Of a
/// file that is being written in place, the size that it had before.
fn count(home: &LocalHome) -> Result<Usage, StorageError> {
    let mut usage = Usage::default();
    Walk::over(home.root().dir())?.run(|step| {
        let Step::Met(_, name, stat) = step else {
            return Ok(ControlFlow::Continue(()));
        };
        let is_counted = matches!(kind(stat), Some(Kind::File | Kind::Symlink));
        if is_counted && !name::is_staged(name.to_bytes()) {
            usage.files += 1;
            let standing = removed(stat);
            let booked = home.lock().in_place.get(&standing.key).copied();
            let bytes = booked.unwrap_or(standing.bytes);
            usage.bytes = usage.bytes.saturating_add(bytes);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(usage)
}

/// Removes the staged uploads of `home` that nobody holds and that are older than `older_than`.
fn sweep(home: &LocalHome, older_than: Timestamp) -> Result<u64, StorageError> {
    let mut swept = 0;
    Walk::over(home.root().dir())?.run(|step| {
        let Step::Met(dir, name, stat) = step else {
            return Ok(ControlFlow::Continue(()));
        };
        if !name::is_staged(name.to_bytes()) || modified(stat) >= older_than {
            return Ok(ControlFlow::Continue(()));
        }
        let is_live = name
            .to_str()
            .is_ok_and(|name| home.lock().staged.contains(name));
        if !is_live && rustix::fs::unlinkat(dir, name, AtFlags::empty()).is_ok() {
            swept += 1;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(swept)
}

/// Removes at most `most` names from `dir`, the deepest first, but never `dir` itself. What is a link
/// goes as a link.
pub(super) fn clear_some(dir: &Dir, most: usize) -> Result<Cleared, StorageError> {
    let mut cleared = Cleared::default();
    let mut is_whole = true;
    Walk::over(dir)?.run(|step| {
        let (dir, name, flags, stat) = match step {
            Step::Met(dir, name, stat) => (dir, name, AtFlags::empty(), Some(stat)),
            Step::Left(dir, name) => (dir, name, AtFlags::REMOVEDIR, None),
        };
        match rustix::fs::unlinkat(dir, name, flags) {
            Ok(()) => cleared.count(name, stat),
            Err(Errno::NOENT) => {}
            // Somebody keeps filling it, or put something else in its place.
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ISDIR | Errno::NOTDIR) => is_whole = false,
            Err(errno) => return Err(errno.into()),
        }
        if cleared.names >= most {
            is_whole = false;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    cleared.is_empty = is_whole;
    Ok(cleared)
}

/// What [`clear_some`] has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Cleared {
    /// Names that were removed, of files and directories.
    pub(super) names: usize,
    /// The files among them, staged uploads left out.
    pub(super) files: Usage,
    /// Whether nothing was left at the end.
    pub(super) is_empty: bool,
}

impl Cleared {
    fn count(&mut self, name: &CStr, stat: Option<&Stat>) {
        self.names += 1;
        let Some(stat) = stat.filter(|_| !name::is_staged(name.to_bytes())) else {
            return;
        };
        if matches!(kind(stat), Some(Kind::File | Kind::Symlink)) {
            self.files.files += 1;
            self.files.bytes = self.files.bytes.saturating_add(removed(stat).bytes);
        }
    }
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
        F: FnMut(Step<'_>) -> Result<ControlFlow<()>, StorageError>,
    {
        while !self.frames.is_empty() {
            self.reopen()?;
            let turn = match self.next_name()? {
                Some(name) => self.meet(name, &mut visit)?,
                None => self.leave(&mut visit)?,
            };
            if turn.is_break() {
                return Ok(());
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

    fn meet<F>(&mut self, name: CString, visit: &mut F) -> Result<ControlFlow<()>, StorageError>
    where
        F: FnMut(Step<'_>) -> Result<ControlFlow<()>, StorageError>,
    {
        let Some(dir) = self.frames.last().and_then(|frame| frame.dir.as_ref()) else {
            return Ok(ControlFlow::Continue(()));
        };
        let dir = dir.fd()?;
        let stat = match rustix::fs::statat(dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(ControlFlow::Continue(())),
            Err(errno) => return Err(errno.into()),
        };
        if kind(&stat) != Some(Kind::Directory) {
            return visit(Step::Met(dir, &name, &stat));
        }
        match open_dir(dir, &name) {
            Ok(below) => self.descend(name, below)?,
            // Renamed, removed or replaced since it was stated.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(ControlFlow::Continue(()))
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

    fn leave<F>(&mut self, visit: &mut F) -> Result<ControlFlow<()>, StorageError>
    where
        F: FnMut(Step<'_>) -> Result<ControlFlow<()>, StorageError>,
    {
        let left = self.frames.pop();
        self.reopen()?;
        let parent = self.frames.last().and_then(|frame| frame.dir.as_ref());
        match (left, parent) {
            (Some(left), Some(parent)) => visit(Step::Left(parent.fd()?, &left.name)),
            _ => Ok(ControlFlow::Continue(())),
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
