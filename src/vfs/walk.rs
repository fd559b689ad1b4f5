//! Whole trees, depth first, by handles and without following links: the walk, and what is counted and
//! swept by it. Memory and open handles are bounded however deep or wide the tree is.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::clock::Timestamp;
use crate::model::Usage;

use super::entry::{Kind, kind, modified, removed};
use super::error::StorageError;
use super::local::LocalHome;
use super::name;

/// What a walk comes by.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// A name that is no directory.
    Met(BorrowedFd<'a>, &'a CStr, &'a Stat),
    /// A directory whose content was walked and does not stay, by its parent and name.
    Left(BorrowedFd<'a>, &'a CStr),
    /// A name that cannot be looked at, or a directory that cannot be opened or read.
    Barred(Errno),
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// The next one.
    On,
    /// The next one; this one stays, and with it every directory above it.
    Stay(Errno),
}

/// Names that stay, and why: how many, and the first ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Stays {
    pub(super) count: u64,
    pub(super) first: Vec<(PathBuf, Errno)>,
}

/// A directory on the way from the root to where the walk is.
struct Frame {
    name: CString,
    // Closed while the walk is far below; then it is found again by the names of the frames.
    dir: Option<rustix::fs::Dir>,
    resume_at: i64,
    /// Something in it stays.
    stays: bool,
}

/// A walk over a tree, which may rest between two steps.
pub(super) struct Walk {
    root: OwnedFd,
    frames: Vec<Frame>,
    /// Whether what is mounted in the tree belongs to it.
    crosses: bool,
    stays: Stays,
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
    Walk::over(home.root().dir())?.whole(|step| {
        let Some((_, name, stat)) = step.met()? else {
            return Ok(Turn::On);
        };
        let is_counted = matches!(kind(stat), Some(Kind::File | Kind::Symlink));
        if is_counted && !name::is_staged(name.to_bytes()) {
            usage.files += 1;
            let standing = removed(stat);
            let booked = home.lock().in_place.get(&standing.key).copied();
            let bytes = booked.unwrap_or(standing.bytes);
            usage.bytes = usage.bytes.saturating_add(bytes);
        }
        Ok(Turn::On)
    })?;
    Ok(usage)
}

/// Removes the staged uploads of `home` that nobody holds and that are older than `older_than`.
fn sweep(home: &LocalHome, older_than: Timestamp) -> Result<u64, StorageError> {
    let mut swept = 0;
    Walk::over(home.root().dir())?.whole(|step| {
        let Some((dir, name, stat)) = step.met()? else {
            return Ok(Turn::On);
        };
        if !name::is_staged(name.to_bytes()) || modified(stat) >= older_than {
            return Ok(Turn::On);
        }
        let is_live = name
            .to_str()
            .is_ok_and(|name| home.lock().staged.contains(name));
        if !is_live && rustix::fs::unlinkat(dir, name, AtFlags::empty()).is_ok() {
            swept += 1;
        }
        Ok(Turn::On)
    })?;
    Ok(swept)
}

impl<'a> Step<'a> {
    /// The name that is no directory, for a walk that must see everything.
    fn met(self) -> Result<Option<(BorrowedFd<'a>, &'a CStr, &'a Stat)>, StorageError> {
        match self {
            Self::Met(dir, name, stat) => Ok(Some((dir, name, stat))),
            Self::Left(..) => Ok(None),
            Self::Barred(errno) => Err(errno.into()),
        }
    }
}

impl Stays {
    /// Names that are remembered.
    const FIRST: usize = 20;

    pub(super) fn note(&mut self, path: PathBuf, errno: Errno) {
        self.count += 1;
        if self.first.len() < Self::FIRST {
            self.first.push((path, errno));
        }
    }
}

impl Walk {
    /// A walk over everything beneath `dir`, whatever is mounted there.
    fn over(dir: &Dir) -> Result<Self, StorageError> {
        Self::begin(dir, true)
    }

    /// A walk that does not go into what is mounted beneath `dir`.
    pub(super) fn on_one_mount(dir: &Dir) -> Result<Self, StorageError> {
        Self::begin(dir, false)
    }

    fn begin(dir: &Dir, crosses: bool) -> Result<Self, StorageError> {
        let root = open_dir(dir.as_fd(), c".")?;
        let frame = Frame {
            name: CString::default(),
            dir: Some(rustix::fs::Dir::read_from(&root)?),
            resume_at: 0,
            stays: false,
        };
        Ok(Self {
            root,
            frames: vec![frame],
            crosses,
            stays: Stays::default(),
        })
    }

    /// What stays, as far as the walk has come.
    pub(super) fn stays(&self) -> &Stays {
        &self.stays
    }

    fn whole<F>(mut self, mut visit: F) -> Result<(), StorageError>
    where
        F: FnMut(Step<'_>) -> Result<Turn, StorageError>,
    {
        while !self.some(usize::MAX, &mut visit)? {}
        Ok(())
    }

    /// Comes by `most` names at most; tells whether that was the end of the walk.
    pub(super) fn some<F>(&mut self, most: usize, visit: &mut F) -> Result<bool, StorageError>
    where
        F: FnMut(Step<'_>) -> Result<Turn, StorageError>,
    {
        for _ in 0..most {
            if self.frames.is_empty() {
                return Ok(true);
            }
            self.reopen()?;
            match self.next_name() {
                Ok(Some(name)) => self.meet(name, visit)?,
                Ok(None) => self.leave(visit)?,
                Err(errno) => {
                    let turn = visit(Step::Barred(errno))?;
                    self.heed(turn, None);
                    self.leave(visit)?;
                }
            }
        }
        Ok(self.frames.is_empty())
    }

    /// The next name in the directory where the walk is.
    fn next_name(&mut self) -> Result<Option<CString>, Errno> {
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
        F: FnMut(Step<'_>) -> Result<Turn, StorageError>,
    {
        let Some(dir) = self.frames.last().and_then(|frame| frame.dir.as_ref()) else {
            return Ok(());
        };
        let dir = dir.fd()?;
        let turn = match rustix::fs::statat(dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if kind(&stat) == Some(Kind::Directory) => match self.open(dir, &name) {
                Ok(below) => return self.descend(name, below),
                // Renamed, removed or replaced since it was stated.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Turn::On,
                Err(errno) => visit(Step::Barred(errno))?,
            },
            Ok(stat) => visit(Step::Met(dir, &name, &stat))?,
            Err(Errno::NOENT) => Turn::On,
            Err(errno) => visit(Step::Barred(errno))?,
        };
        self.heed(turn, Some(&name));
        Ok(())
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
            stays: false,
        });
        Ok(())
    }

    fn leave<F>(&mut self, visit: &mut F) -> Result<(), StorageError>
    where
        F: FnMut(Step<'_>) -> Result<Turn, StorageError>,
    {
        let Some(left) = self.frames.pop() else {
            return Ok(());
        };
        self.reopen()?;
        let Some(above) = self.frames.last_mut() else {
            return Ok(());
        };
        if left.stays {
            above.stays = true;
            return Ok(());
        }
        if let Some(parent) = above.dir.as_ref() {
            let turn = visit(Step::Left(parent.fd()?, &left.name))?;
            self.heed(turn, Some(&left.name));
        }
        Ok(())
    }

    /// Remembers what stays: `name` in the directory where the walk is, or that directory itself.
    fn heed(&mut self, turn: Turn, name: Option<&CStr>) {
        let Turn::Stay(errno) = turn else {
            return;
        };
        let above = self.frames.iter().skip(1).map(|frame| &*frame.name);
        let way = above
            .chain(name)
            .map(|name| OsStr::from_bytes(name.to_bytes()));
        self.stays.note(way.collect(), errno);
        if let Some(frame) = self.frames.last_mut() {
            frame.stays = true;
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
            handle = match self.open(handle.as_fd(), &frame.name) {
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

    fn open(&self, parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
        if self.crosses {
            open_dir(parent, name)
        } else {
            open_on_one_mount(parent, name)
        }
    }
}

const OPEN: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

fn open_dir(parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, OPEN, Mode::empty())
}

/// Opens a directory unless something is mounted there, which is [`Errno::XDEV`].
fn open_on_one_mount(parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    match rustix::fs::openat2(parent, name, OPEN, Mode::empty(), ResolveFlags::NO_XDEV) {
        Err(Errno::NOSYS | Errno::PERM) => {}
        answer => return answer,
    }
    on_one_mount(parent, open_dir(parent, name)?)
}

/// As a kernel before 5.6 can tell it, or one that hides `openat2`: by the number of the mount. The
/// device would not do, since a folder of the same disk can be mounted into a home. What cannot be told
/// counts as another mount.
fn on_one_mount(parent: BorrowedFd<'_>, dir: OwnedFd) -> Result<OwnedFd, Errno> {
    match (mount_number(parent), mount_number(dir.as_fd())) {
        (Some(above), Some(here)) if above == here => Ok(dir),
        _ => Err(Errno::XDEV),
    }
}

/// The number that `proc(5)` gives the mount of an open file.
fn mount_number(of: BorrowedFd<'_>) -> Option<u64> {
    let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", of.as_raw_fd())).ok()?;
    let number = told.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
    number.trim().parse().ok()
}

/// Directories held open at once; those further up are closed and found again.
const OPEN_FRAMES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_help_of_the_kernel_another_mount_is_known_by_its_number() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sub")).unwrap();
        let open = |path: &std::path::Path| OwnedFd::from(std::fs::File::open(path).unwrap());
        let (root, process) = (open("/".as_ref()), open("/proc".as_ref()));
        let (above, here) = (open(home.path()), open(&home.path().join("sub")));

        assert!(on_one_mount(above.as_fd(), here).is_ok());
        assert_eq!(on_one_mount(root.as_fd(), process).err(), Some(Errno::XDEV));
    }
}
