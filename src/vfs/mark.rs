//! The mark of a volume: a file in its folder that tells it from the empty folder which a disk leaves
//! behind that is not mounted. Everything here blocks.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::StorageError;
use super::volume::Volume;
use crate::model::VolumeMark;

impl Volume {
    /// What the mark says, as text; `None` if there is none. Whatever is no small file says nothing.
    pub fn mark(&self) -> Result<Option<String>, StorageError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(self.dir(), VolumeMark::FILE, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NXIO) => return Ok(Some(String::new())),
            Err(errno) => return Err(errno.into()),
        };
        if !file.metadata()?.is_file() {
            return Ok(Some(String::new()));
        }
        let mut text = Vec::new();
        let most = u64::try_from(VolumeMark::LIMIT_BYTES).unwrap_or(u64::MAX);
        file.take(most).read_to_end(&mut text)?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    /// Marks the folder, so that it outlives a power failure.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] if it is marked.
    pub fn set_mark(&self, mark: &VolumeMark) -> Result<(), StorageError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        let file = rustix::fs::openat(self.dir(), VolumeMark::FILE, flags, mode)?;
        let written = write_all(File::from(file), &mark.to_string());
        if written.is_err() {
            // Half a mark would be taken for that of another volume.
            self.clear_mark()?;
        }
        written
    }

    /// Takes the mark away; none there is no error.
    pub fn clear_mark(&self) -> Result<(), StorageError> {
        match rustix::fs::unlinkat(self.dir(), VolumeMark::FILE, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether the folder `path` of the host is this one.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotFound`] if there is nothing.
    pub fn is_at(&self, path: &Path) -> Result<bool, StorageError> {
        let there = std::fs::metadata(path)?;
        let here = rustix::fs::fstat(self.dir())?;
        Ok((there.dev(), there.ino()) == (here.st_dev, here.st_ino))
    }
}

fn write_all(mut file: File, text: &str) -> Result<(), StorageError> {
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(file.sync_all()?)
}
