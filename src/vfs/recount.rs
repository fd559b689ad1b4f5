//! Counts a home while it is in use. The walk opens directories by handle, one below the other,
//! follows no link, and takes each name under the lock that every change of the home takes.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::model::Usage;

use super::beneath::Place;
use super::entry::{Kind, Removed, key, kind, removed};
use super::error::StorageError;
use super::guard::InFlight;
use super::local::LocalHome;
use super::name;
use super::tally::{Sum, Tally};

/// A count of a home that is in use. Dropping it ends it.
#[derive(Debug)]
pub struct Recount {
    home: LocalHome,
    walk: Option<Walk>,
}

/// How far a count is after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecountStep {
    /// So many names were looked at; there are more.
    More(u64),
    /// A directory was moved across the walk: begin anew.
    Crossed,
    /// More names wait than are held in memory: count while nothing changes.
    TooMany,
    /// This is what stood on the disk when the count began.
    Done(Usage),
}

/// The directories from the home to where the walk is, the topmost ones perhaps closed for a while.
#[derive(Debug, Default)]
struct Walk {
    handles: Vec<Option<OwnedFd>>,
}

impl LocalHome {
    /// Begins to count. From now on every change of the home is told to the count. Not blocking for
    /// longer than the home's lock is.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] if a count is under way.
    pub fn begin_recount(&self) -> Result<Recount, StorageError> {
        let mut state = self.lock();
        if state.tally.is_some() {
            return Err(StorageError::Busy);
        }
        state.tally = Some(Box::new(Tally::new()));
        drop(state);
        Ok(Recount {
            home: self.clone(),
            walk: Some(Walk::default()),
        })
    }
}

impl Recount {
    /// Names that wait in memory at most.
    const NAMES_LIMIT: usize = 1_000_000;

    /// Looks at `most` names, then lets others at the disk.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if a directory cannot be read; the count is over then.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a count whose step was dropped must be dropped too.
    pub async fn step(&mut self, most: u64) -> Result<RecountStep, StorageError> {
        let Some(mut walk) = self.walk.take() else {
            return Ok(RecountStep::Crossed);
        };
        let home = self.home.clone();
        let work = move || {
            let step = walk.run(&home, most)?;
            Ok((walk, step))
        };
        let (walk, step) = self.home.disk().long(work).await?;
        self.walk = Some(walk);
        Ok(step)
    }
}

impl Drop for Recount {
    fn drop(&mut self) {
        self.home.lock().tally = None;
    }
}

impl Walk {
    /// Directories held open at once; those further up are found again by their names.
    const OPEN: usize = 64;

    fn run(&mut self, home: &LocalHome, most: u64) -> Result<RecountStep, StorageError> {
        if self.handles.is_empty() {
            let root = open_dir(home.root().dir().as_fd(), OsStr::new("."))?;
            self.handles.push(Some(root));
        }
        for _ in 0..most {
            if let Some(end) = self.one(home)? {
                return Ok(end);
            }
        }
        Ok(RecountStep::More(most))
    }

    /// Looks at one name, or reads those of one directory; tells the end if it is reached.
    fn one(&mut self, home: &LocalHome) -> Result<Option<RecountStep>, StorageError> {
        if !self.reopen(home)? {
            return Ok(Some(RecountStep::Crossed));
        }
        let Some(Some(here)) = self.handles.last() else {
            return Ok(Some(RecountStep::Crossed));
        };
        let mut state = home.lock();
        let InFlight {
            tally: Some(tally),
            in_place,
            ..
        } = &mut *state
        else {
            return Ok(Some(RecountStep::Crossed));
        };
        if tally.is_crossed() {
            return Ok(Some(RecountStep::Crossed));
        }
        if tally.is_reading() {
            drop(state);
            return read_names(home, here.as_fd());
        }
        let Some(name) = tally.next() else {
            self.handles.pop();
            return Ok((!tally.leave()).then(|| RecountStep::Done(tally.stood_at_the_beginning())));
        };
        let stat = match rustix::fs::statat(here, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        if kind(&stat) == Some(Kind::Directory) {
            match open_dir(here.as_fd(), &name) {
                Ok(below) => {
                    tally.enter(name);
                    self.descend(below);
                }
                // Somebody else replaced it since.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(errno) => return Err(errno.into()),
            }
        } else if let Some(mut sum) = sum(&stat) {
            // Of a file that is being written, the books know the size that it had before.
            if let Some(booked) = in_place.get(&key(&stat)) {
                sum = Sum::of(*booked, 1);
            }
            tally.count(sum);
        }
        Ok(None)
    }

    fn descend(&mut self, below: OwnedFd) {
        if let Some(far) = self.handles.len().checked_sub(Self::OPEN)
            && let Some(handle) = self.handles.get_mut(far)
        {
            *handle = None;
        }
        self.handles.push(Some(below));
    }

    /// Opens the directory where the walk is, if it was closed; `false` if it is not there any more.
    fn reopen(&mut self, home: &LocalHome) -> Result<bool, StorageError> {
        if !matches!(self.handles.last(), Some(None)) {
            return Ok(true);
        }
        let way: Vec<OsString> = match &home.lock().tally {
            Some(tally) => tally.way().map(OsStr::to_owned).collect(),
            None => return Ok(false),
        };
        let mut handle = open_dir(home.root().dir().as_fd(), OsStr::new("."))?;
        for name in &way {
            handle = match open_dir(handle.as_fd(), name) {
                Ok(handle) => handle,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(false),
                Err(errno) => return Err(errno.into()),
            };
        }
        if let Some(last) = self.handles.last_mut() {
            *last = Some(handle);
        }
        Ok(true)
    }
}

/// Reads the names of the directory where the walk is, without the lock: what changes meanwhile is
/// looked at again.
fn read_names(home: &LocalHome, dir: BorrowedFd<'_>) -> Result<Option<RecountStep>, StorageError> {
    let waiting = home
        .lock()
        .tally
        .as_ref()
        .map_or(0, |tally| tally.names_ahead());
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") || name::is_staged(name) {
            continue;
        }
        names.push(OsStr::from_bytes(name).to_owned());
        if waiting + names.len() > Recount::NAMES_LIMIT {
            return Ok(Some(RecountStep::TooMany));
        }
    }
    if let Some(tally) = &mut home.lock().tally {
        tally.read(names);
    }
    Ok(None)
}

/// What a name adds to the count; `None` for what does not count.
fn sum(stat: &Stat) -> Option<Sum> {
    matches!(kind(stat), Some(Kind::File | Kind::Symlink)).then(|| Sum::of(removed(stat).bytes, 1))
}

impl InFlight {
    /// Tells a count that is under way what changed at `place`: bytes and files, more or fewer. Called
    /// under the lock under which it happened.
    pub(super) fn changed(&mut self, home: &LocalHome, place: &Place, sum: Sum) {
        if let Some(tally) = &mut self.tally {
            match real(home, place) {
                Some(path) => tally.change(&path, sum),
                None => tally.cross(),
            }
        }
    }

    /// The file that stood at `place` is gone: nothing is remembered of it.
    pub(super) fn vanished(&mut self, home: &LocalHome, place: &Place, file: Removed) {
        self.changed(home, place, Sum::gone(file.bytes));
        self.forget(file.key);
    }

    /// As [`InFlight::changed`], for a file that was written in place, by its handle.
    pub(super) fn rewritten(&mut self, home: &LocalHome, file: impl AsFd, sum: Sum) {
        if let Some(tally) = &mut self.tally {
            match components(home, told(file.as_fd())) {
                Some(path) => tally.change(&path, sum),
                None => tally.cross(),
            }
        }
    }

    /// Tells a count that is under way what was moved; nothing is remembered of it.
    pub(super) fn moved(
        &mut self,
        home: &LocalHome,
        stat: &Stat,
        (source, target): (&Place, &Place),
    ) {
        self.forget(key(stat));
        let Some(tally) = &mut self.tally else {
            return;
        };
        let (Some(from), Some(to)) = (real(home, source), real(home, target)) else {
            tally.cross();
            return;
        };
        match sum(stat) {
            Some(sum) => {
                tally.change(&from, Sum::default().minus(sum));
                tally.change(&to, sum);
            }
            None => tally.moved(&from, &to),
        }
    }

    /// Tells a count that is under way that an empty directory is gone.
    pub(super) fn left(&mut self, home: &LocalHome, place: &Place) {
        if let Some(tally) = &mut self.tally {
            match real(home, place) {
                Some(path) => tally.removed(&path),
                None => tally.cross(),
            }
        }
    }
}

/// Where `place` really is beneath the home, whatever links led there; `None` if the system does not
/// tell.
fn real(home: &LocalHome, place: &Place) -> Option<Vec<OsString>> {
    let mut path = components(home, told(place.dir.as_fd()))?;
    path.push(place.name.clone());
    Some(path)
}

fn components(home: &LocalHome, path: Option<PathBuf>) -> Option<Vec<OsString>> {
    let (path, root) = (path?, told(home.root().dir().as_fd())?);
    let beneath = path.strip_prefix(root).ok()?;
    let mut names = Vec::new();
    for component in beneath.components() {
        let Component::Normal(name) = component else {
            return None;
        };
        names.push(name.to_owned());
    }
    Some(names)
}

/// What the system calls an open file or directory.
fn told(file: BorrowedFd<'_>) -> Option<PathBuf> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path = rustix::fs::readlinkat(rustix::fs::CWD, Path::new(&link), Vec::new()).ok()?;
    Some(PathBuf::from(OsString::from_vec(path.into_bytes())))
}

fn open_dir(parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}
