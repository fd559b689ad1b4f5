//! Ways into a home that cannot lead out of it: a whole path is resolved beneath the home's handle,
//! and what changes something works on the handle of the parent with one checked name.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::model::VirtualPath;

use super::entry::{Kind, kind};
use super::error::StorageError;
use super::name;

/// The handle of a home. Paths are resolved beneath it by the kernel (`openat2`), or component by
/// component where the kernel cannot; symbolic links are followed while they stay inside.
#[derive(Debug)]
pub(super) struct Beneath(Dir);

/// A name in a directory that is held open: what happens to the path meanwhile does not matter.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory.
    pub(super) dir: Dir,
    /// One plain component.
    pub(super) name: OsString,
}

impl Beneath {
    pub(super) fn new(dir: Dir) -> Self {
        Self(dir)
    }

    /// The handle itself.
    pub(super) fn dir(&self) -> &Dir {
        &self.0
    }

    /// Opens the directory at `path`, links followed.
    pub(super) fn directory(&self, path: &VirtualPath) -> Result<Dir, StorageError> {
        Ok(self.0.open_dir(relative(path))?)
    }

    /// What stands at `path`, links followed.
    pub(super) fn look(&self, path: &Path) -> Result<Stat, StorageError> {
        let file = self.open(path, OFlags::PATH)?;
        Ok(rustix::fs::fstat(&file)?)
    }

    /// Opens what stands at `path` for reading, links followed, without waiting for a pipe's writer.
    pub(super) fn open_read(&self, path: &VirtualPath) -> Result<File, StorageError> {
        self.open(relative(path).as_ref(), OFlags::NONBLOCK | OFlags::NOCTTY)
    }

    /// The parent of `path`, held open, and its name. The name itself is not followed.
    ///
    /// # Errors
    ///
    /// [`StorageError::Root`] for the home itself; what opening the parent says.
    pub(super) fn place(&self, path: &VirtualPath) -> Result<Place, StorageError> {
        let name = path.name().ok_or(StorageError::Root)?;
        Ok(Place {
            dir: self.directory(&path.parent())?,
            name: name.into(),
        })
    }

    /// As [`Beneath::place`], but for a symbolic link the place that it leads to.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`] for a link that leads nowhere or outside.
    pub(super) fn real_place(&self, path: &VirtualPath) -> Result<Place, StorageError> {
        Ok(self.look_at(path)?.0)
    }

    /// As [`Beneath::real_place`], and what stands there.
    pub(super) fn look_at(
        &self,
        path: &VirtualPath,
    ) -> Result<(Place, Option<Stat>), StorageError> {
        let place = self.place(path)?;
        let stat = place.stat()?;
        if !stat.is_some_and(|stat| kind(&stat) == Some(Kind::Symlink)) {
            return Ok((place, stat));
        }
        let place = self.follow(path)?;
        let stat = place.stat()?;
        Ok((place, stat))
    }

    /// Where `path` leads, beneath the home and free of links.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`] for what is not there or leads outside.
    pub(super) fn real(&self, path: &Path) -> Result<PathBuf, StorageError> {
        Ok(self.0.canonicalize(path)?)
    }

    /// The place that the symbolic link at `path` leads to.
    fn follow(&self, path: &VirtualPath) -> Result<Place, StorageError> {
        let real = self.real(relative(path).as_ref())?;
        let name = real.file_name().ok_or(StorageError::IsDirectory)?;
        if !name::is_plain(name) || name::is_staged(name.as_encoded_bytes()) {
            return Err(StorageError::NotFound);
        }
        let parent = real.parent().filter(|parent| *parent != Path::new(""));
        Ok(Place {
            dir: self.0.open_dir(parent.unwrap_or(Path::new(".")))?,
            name: name.to_owned(),
        })
    }

    fn open(&self, path: &Path, flags: OFlags) -> Result<File, StorageError> {
        let flags = i32::try_from(flags.bits()).map_err(|_| Errno::INVAL)?;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags);
        Ok(self.0.open_with(path, &options)?.into_std())
    }
}

impl Place {
    /// What stands at the name; a link is told as a link.
    pub(super) fn stat(&self) -> Result<Option<Stat>, StorageError> {
        match rustix::fs::statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens what stands at the name; never a link.
    pub(super) fn open(&self, flags: OFlags) -> Result<OwnedFd, StorageError> {
        open_at(&self.dir, &self.name, flags)
    }

    /// Writes the directory itself to the disk, so that the name survives a power cut.
    pub(super) fn sync_directory(&self) -> Result<(), StorageError> {
        let dir = open_at(&self.dir, OsStr::new("."), OFlags::DIRECTORY)?;
        Ok(rustix::fs::fsync(dir)?)
    }
}

/// Opens `name` in `dir`; never a link, and without waiting for a pipe's other end.
pub(super) fn open_at(dir: &Dir, name: &OsStr, flags: OFlags) -> Result<OwnedFd, StorageError> {
    let safe = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags | safe, Mode::empty())?)
}

/// `path` as the kernel wants it beneath a handle.
pub(super) fn relative(path: &VirtualPath) -> &str {
    match path.as_str().trim_start_matches('/') {
        "" => ".",
        relative => relative,
    }
}
