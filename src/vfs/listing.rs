//! A directory, read in batches.

use std::collections::VecDeque;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, OFlags};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::model::{Access, Permissions, VirtualPath};

use super::beneath::{open_at, relative};
use super::entry::{Entry, Kind};
use super::error::StorageError;
use super::local::LocalHome;
use super::name;
use super::ruling::{Ruling, real};

/// A directory being read. Up to 4096 entries come sorted by name bytes, more in the order of the
/// disk; memory is bounded either way. Staged uploads, devices, pipes and sockets are left out.
#[derive(Debug)]
pub struct Listing {
    next: Next,
}

/// Where the next batch comes from.
#[derive(Debug)]
enum Next {
    /// It has to be read.
    Read(Box<Reader>),
    /// It is being read while the last one is looked at.
    Ahead(JoinHandle<Result<Batch, StorageError>>),
    /// There is none: after the end, an error or a cancelled call.
    Nothing,
}

/// A batch, and whoever reads the next one; `None` behind the last.
type Batch = Option<(Vec<Entry>, Box<Reader>)>;

#[derive(Debug)]
struct Reader {
    home: LocalHome,
    rules: Scope,
    base: PathBuf,
    dir: Dir,
    names_on_disk: rustix::fs::Dir,
    names: VecDeque<CString>,
    has_begun: bool,
    has_all_names: bool,
}

/// What the names of one directory are judged by.
#[derive(Debug)]
struct Scope {
    access: Access,
    directory: VirtualPath,
    /// Where the directory is, if its path leads over a link.
    real: Option<VirtualPath>,
    /// What holds for every name where there are no rules.
    permissions: Permissions,
}

impl Listing {
    /// Opens the directory at `path`. Blocking.
    pub(super) fn open(
        home: &LocalHome,
        path: &VirtualPath,
        (access, ruling): (Access, &Ruling),
    ) -> Result<Self, StorageError> {
        name::visible(path)?;
        let dir = home.root().directory(path)?;
        let on_disk = open_at(&dir, OsStr::new("."), OFlags::DIRECTORY)?;
        let reader = Reader {
            home: home.clone(),
            rules: Scope {
                access,
                directory: path.clone(),
                real: ruling.real.clone(),
                permissions: ruling.permissions,
            },
            base: relative(path).into(),
            names_on_disk: rustix::fs::Dir::new(on_disk)?,
            dir,
            names: VecDeque::new(),
            has_begun: false,
            has_all_names: false,
        };
        Ok(Self {
            next: Next::Read(Box::new(reader)),
        })
    }

    /// The next entries, at most 1024; `None` at the end. A name that vanishes meanwhile is left out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, but a cancelled call ends the listing.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<Entry>>, StorageError> {
        let batch = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => return Ok(None),
            Next::Ahead(ahead) => ahead.await.map_err(lost)??,
            Next::Read(reader) => {
                let disk = reader.home.disk().clone();
                disk.short(move || reader.batch(FIRST)).await?
            }
        };
        let Some((entries, reader)) = batch else {
            return Ok(None);
        };
        // Reading many names takes as long as telling them.
        self.next = if reader.has_more() {
            Next::Ahead(spawn_blocking(move || reader.batch(BATCH)))
        } else {
            Next::Nothing
        };
        Ok(Some(entries))
    }
}

impl Reader {
    /// The next entries, at most `most`, and itself.
    fn batch(mut self: Box<Self>, most: usize) -> Result<Batch, StorageError> {
        self.begin()?;
        loop {
            if self.names.is_empty() {
                self.read_names(most)?;
            }
            let count = self.names.len().min(most);
            if count == 0 {
                return Ok(None);
            }
            let names: Vec<CString> = self.names.drain(..count).collect();
            let entries: Vec<Entry> = names
                .into_iter()
                .filter_map(|name| self.entry(name))
                .collect();
            if !entries.is_empty() {
                return Ok(Some((entries, self)));
            }
        }
    }

    fn has_more(&self) -> bool {
        !(self.has_all_names && self.names.is_empty())
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
        let permissions = self.rules.at(&name)?;
        let entry = Entry::new(name, &stat, permissions)?;
        if entry.kind != Kind::Symlink {
            return Some(entry);
        }
        let mut path = self.base.clone();
        path.push(&entry.name);
        let Ok(target) = self.home.root().look(&path) else {
            return Some(entry);
        };
        let permissions = self.rules.beyond(&self.home, &path)?.and(permissions);
        Entry::new(entry.name, &target, permissions)
    }
}

impl Scope {
    /// What may be done with `name`; `None` if nobody may know of it.
    fn at(&self, name: &OsStr) -> Option<Permissions> {
        if !self.access.has_rules() {
            return Some(self.permissions);
        }
        let name = name.to_str();
        let here = self.access.at_name(&self.directory, name);
        let there = match &self.real {
            Some(real) => self.access.at_name(real, name),
            None => return (!here.is_hidden).then_some(here.permissions),
        };
        let is_seen = !here.is_hidden && !there.is_hidden;
        is_seen.then_some(here.permissions.and(there.permissions))
    }

    /// What may be done with what the link at `path` leads to; `None` if nobody may know of it.
    fn beyond(&self, home: &LocalHome, path: &Path) -> Option<Permissions> {
        if !self.access.has_rules() {
            return Some(self.permissions);
        }
        let target = real(home, path).ok().flatten()?;
        let verdict = self.access.at(&target);
        (!verdict.is_hidden).then_some(verdict.permissions)
    }
}

/// Entries of the first batch: few enough not to hold up a runtime thread. Most directories have no
/// more.
const FIRST: usize = 256;
/// Entries of the batches behind it, which are read in hops.
const BATCH: usize = 1_024;
/// Directories up to this size are sorted.
const SORTED_LIMIT: usize = 4_096;

fn lost(lost: JoinError) -> StorageError {
    StorageError::Io(io::Error::other(lost))
}
