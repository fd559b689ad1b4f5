//! A directory, read in batches.

use std::collections::VecDeque;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, OFlags};

use crate::model::VirtualPath;

use super::beneath::{open_at, relative};
use super::entry::{Entry, Kind};
use super::error::StorageError;
use super::local::LocalHome;
use super::name;

/// A directory being read. Up to 4096 entries come sorted by name bytes, more in the order of the
/// disk; memory is bounded either way. Staged uploads, devices, pipes and sockets are left out.
#[derive(Debug)]
pub struct Listing {
    // `None` after the end, an error or a cancelled call.
    reader: Option<Box<Reader>>,
}

#[derive(Debug)]
struct Reader {
    home: LocalHome,
    base: PathBuf,
    dir: Dir,
    names_on_disk: rustix::fs::Dir,
    names: VecDeque<CString>,
    has_begun: bool,
    has_all_names: bool,
}

impl Listing {
    /// Opens the directory at `path`. Blocking.
    pub(super) fn open(home: &LocalHome, path: &VirtualPath) -> Result<Self, StorageError> {
        name::visible(path)?;
        let dir = home.root().directory(path)?;
        let on_disk = open_at(&dir, OsStr::new("."), OFlags::DIRECTORY)?;
        let reader = Reader {
            home: home.clone(),
            base: relative(path).into(),
            names_on_disk: rustix::fs::Dir::new(on_disk)?,
            dir,
            names: VecDeque::new(),
            has_begun: false,
            has_all_names: false,
        };
        Ok(Self {
            reader: Some(Box::new(reader)),
        })
    }

    /// The next entries, at most 256; `None` at the end. A name that vanishes meanwhile is left out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, but a cancelled call ends the listing.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<Entry>>, StorageError> {
        let Some(mut reader) = self.reader.take() else {
            return Ok(None);
        };
        let disk = reader.home.disk().clone();
        let batch = disk.short(move || {
            let batch = reader.batch()?;
            Ok((reader, batch))
        });
        let (reader, batch) = batch.await?;
        if batch.is_some() {
            self.reader = Some(reader);
        }
        Ok(batch)
    }
}

impl Reader {
    fn batch(&mut self) -> Result<Option<Vec<Entry>>, StorageError> {
        self.begin()?;
        loop {
            if self.names.is_empty() {
                self.read_names(BATCH)?;
            }
            let count = self.names.len().min(BATCH);
            if count == 0 {
                return Ok(None);
            }
            let names: Vec<CString> = self.names.drain(..count).collect();
            let entries: Vec<Entry> = names
                .into_iter()
                .filter_map(|name| self.entry(name))
                .collect();
            if !entries.is_empty() {
                return Ok(Some(entries));
            }
        }
    }

    /// Sorts a directory that is small enough to be held.
    fn begin(&mut self) -> Result<(), StorageError> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        self.read_names(SORTED_LIMIT + 1)?;
        if self.has_all_names {
            self.names.make_contiguous().sort_unstable();
        }
        Ok(())
    }

    /// Reads on until `wanted` names are there or no more come.
    fn read_names(&mut self, wanted: usize) -> Result<(), StorageError> {
        while !self.has_all_names && self.names.len() < wanted {
            let Some(entry) = self.names_on_disk.read() else {
                self.has_all_names = true;
                break;
            };
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") && !name::is_staged(name.to_bytes()) {
                self.names.push_back(name.to_owned());
            }
        }
        Ok(())
    }

    /// The entry of one name; `None` if it vanished, cannot be read or is never shown.
    fn entry(&self, name: CString) -> Option<Entry> {
        let stat = rustix::fs::statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let name = OsString::from_vec(name.into_bytes());
        let entry = Entry::new(name, &stat)?;
        if entry.kind != Kind::Symlink {
            return Some(entry);
        }
        let mut path = self.base.clone();
        path.push(&entry.name);
        match self.home.root().look(&path) {
            Ok(target) => Entry::new(entry.name, &target),
            Err(_) => Some(entry),
        }
    }
}

/// Entries per batch: few enough not to hold up a runtime thread, enough to be worth a hop.
const BATCH: usize = 256;
/// Directories up to this size are sorted.
const SORTED_LIMIT: usize = 4_096;
