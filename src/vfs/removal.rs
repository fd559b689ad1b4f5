//! Removes a whole tree, in steps. What cannot be removed stays with everything above it, and is named;
//! what is mounted in the tree is not gone into, because it is not part of it.

use std::ffi::{CStr, OsStr};
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, OFlags, Stat};
use rustix::io::Errno;

use super::beneath::open_at;
use super::disk::Disk;
use super::entry::{Kind, kind, removed};
use super::error::StorageError;
use super::name;
use super::walk::{Stays, Step, Turn, Walk};
use crate::model::Usage;

/// A tree that is being removed. Dropping it leaves the rest.
pub struct Removal {
    disk: Disk,
    work: Option<Work>,
    stays: Stays,
}

/// What one step has removed, and what is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// Names, of files and of directories.
    pub names: usize,
    /// The files among them and their bytes, staged uploads left out.
    pub files: Usage,
    /// What is left.
    pub left: Left,
}

/// What is left of a tree after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Left {
    /// Perhaps more, which the next steps remove.
    More,
    /// Nothing.
    Nothing,
    /// Only what cannot be removed; [`Removal::stays`] names it.
    Stays,
    /// What somebody puts there again and again.
    Refilled,
}

/// Something that cannot be removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stay {
    /// Where it is, beneath the tree; empty for the folder of the tree itself.
    pub path: PathBuf,
    /// Why it stays, in words that follow a colon.
    pub why: String,
}

/// The part that works on the disk.
struct Work {
    volume: Arc<Dir>,
    parents: Vec<String>,
    name: String,
    walk: Option<Walk>,
    /// In this walk over the tree, something came while it was removed.
    is_refilled: bool,
    /// This walk has removed something.
    is_moving: bool,
    /// Walks that removed nothing, one after the other.
    idle: u32,
    stays: Stays,
}

impl Removal {
    /// Walks that remove nothing before whoever keeps filling the tree wins.
    const IDLE_WALKS: u32 = 50;

    pub(super) fn new(volume: Arc<Dir>, disk: Disk, place: &[&str]) -> Result<Self, StorageError> {
        let (name, parents) = place.split_last().ok_or(StorageError::Root)?;
        let work = Work {
            volume,
            parents: parents.iter().map(|&parent| parent.to_owned()).collect(),
            name: (*name).to_owned(),
            walk: None,
            is_refilled: false,
            is_moving: false,
            idle: 0,
            stays: Stays::default(),
        };
        Ok(Self {
            disk,
            work: Some(work),
            stays: Stays::default(),
        })
    }

    /// Looks at `most` names and removes those that it can; no tree there is no error. A link goes as a
    /// link; what it leads to stays. Between two steps others get their turn at the disk.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the tree itself cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// A step that was dropped goes on; the removal is over then.
    pub async fn step(&mut self, most: usize) -> Result<Cut, StorageError> {
        let mut work = self.work.take().ok_or(StorageError::Busy)?;
        let step = move || {
            let cut = work.step(most)?;
            Ok((work, cut))
        };
        let (work, cut) = self.disk.long(step).await?;
        self.stays = work.stays.clone();
        self.work = Some(work);
        Ok(cut)
    }

    /// How many names could not be removed in the walk over the tree that ended last, or is going on.
    pub fn stays_count(&self) -> u64 {
        self.stays.count
    }

    /// The first of them.
    pub fn stays(&self) -> Vec<Stay> {
        let first = self.stays.first.iter();
        let named = first.map(|(path, errno)| Stay {
            path: path.clone(),
            why: why(*errno),
        });
        named.collect()
    }
}

impl Work {
    fn step(&mut self, most: usize) -> Result<Cut, StorageError> {
        let mut cut = Cut {
            names: 0,
            files: Usage::default(),
            left: Left::More,
        };
        let dir = match self.parent() {
            Err(StorageError::NotFound) => return Ok(cut.with(Left::Nothing)),
            found => found?,
        };
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => match open_at(&dir, OsStr::new(&self.name), OFlags::DIRECTORY) {
                Ok(tree) => {
                    self.is_refilled = false;
                    self.is_moving = false;
                    Walk::on_one_mount(&Dir::from(tree))?
                }
                Err(StorageError::NotFound) => return Ok(cut.with(Left::Nothing)),
                Err(error) => return Err(error),
            },
        };
        let is_refilled = &mut self.is_refilled;
        let is_over = walk.some(most, &mut |step| Ok(remove(step, &mut cut, is_refilled)))?;
        self.is_moving |= cut.names > 0;
        self.stays = walk.stays().clone();
        if is_over {
            return Ok(cut.with(self.end(&dir)));
        }
        self.walk = Some(walk);
        Ok(cut)
    }

    /// The directory that the tree is in.
    fn parent(&self) -> Result<Dir, StorageError> {
        let mut dir = self.volume.try_clone()?;
        for parent in &self.parents {
            dir = dir.open_dir(parent)?;
        }
        Ok(dir)
    }

    /// The walk has come to its end: removes the tree itself if nothing stays in it.
    fn end(&mut self, parent: &Dir) -> Left {
        if self.stays.count > 0 && !self.is_refilled {
            return Left::Stays;
        }
        if self.stays.count == 0 {
            match rustix::fs::unlinkat(parent, &*self.name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Left::Nothing,
                // Somebody put something there in the meantime.
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(errno) => {
                    self.stays.note(PathBuf::new(), errno);
                    return Left::Stays;
                }
            }
        }
        self.idle = if self.is_moving { 0 } else { self.idle + 1 };
        if self.idle == Removal::IDLE_WALKS {
            return Left::Refilled;
        }
        Left::More
    }
}

/// Removes what the walk has come by.
fn remove(step: Step<'_>, cut: &mut Cut, is_refilled: &mut bool) -> Turn {
    let (dir, name, flags, stat) = match step {
        Step::Met(dir, name, stat) => (dir, name, AtFlags::empty(), Some(stat)),
        Step::Left(dir, name) => (dir, name, AtFlags::REMOVEDIR, None),
        Step::Barred(errno) => return Turn::Stay(errno),
    };
    match rustix::fs::unlinkat(dir, name, flags) {
        Ok(()) => cut.count(name, stat),
        Err(Errno::NOENT) => {}
        // Somebody keeps filling it, or put something else in its place.
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ISDIR | Errno::NOTDIR) => *is_refilled = true,
        Err(errno) => return Turn::Stay(errno),
    }
    Turn::On
}

impl Cut {
    fn with(self, left: Left) -> Self {
        Self { left, ..self }
    }

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

impl std::fmt::Debug for Removal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Removal")
            .field("stays", &self.stays)
            .finish_non_exhaustive()
    }
}

/// Why something stays, for whoever has to mend it.
fn why(errno: Errno) -> String {
    match errno {
        Errno::XDEV | Errno::BUSY => "something is mounted there".to_owned(),
        Errno::ACCESS | Errno::PERM => "the operating system does not allow it".to_owned(),
        Errno::ROFS => "the file system is read-only".to_owned(),
        other => std::io::Error::from(other).to_string(),
    }
}
