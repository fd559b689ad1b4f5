//! What lies below a directory, for `LIST -R`: one directory after the other, each before those
//! inside it, with limits to everything.

use std::collections::HashSet;

use crate::model::{FileKey, VirtualPath};
use crate::vfs::{Entry, Home, Kind, Listing, StorageError};

/// The directories that a recursive listing still has to visit.
#[derive(Debug)]
pub(super) struct Tree {
    home: Home,
    /// The directory being listed.
    here: Branch,
    /// Directories found in it, in the order of their lines.
    found: Vec<Branch>,
    /// Those that come later, the next one last.
    waiting: Vec<Branch>,
    /// Directories that were met: a link can lead back up.
    met: HashSet<FileKey>,
    entries: usize,
}

#[derive(Clone, Debug)]
struct Branch {
    path: VirtualPath,
    title: String,
    depth: usize,
}

impl Tree {
    /// Directories inside directories.
    const DEPTH_LIMIT: usize = 16;
    /// Entries after which no further directory is visited.
    const ENTRIES_LIMIT: usize = 100_000;
    /// Directories that wait at once.
    const WAITING_LIMIT: usize = 10_000;

    /// Below `path`, which the client called `typed`.
    pub(super) fn below(home: Home, path: VirtualPath, typed: &str) -> Self {
        let here = Branch {
            path,
            title: typed.trim_end_matches('/').to_owned(),
            depth: 0,
        };
        Self {
            home,
            here,
            found: Vec::new(),
            waiting: Vec::new(),
            met: HashSet::new(),
            entries: 0,
        }
    }

    /// Notes the directories among entries of the directory being listed.
    pub(super) fn note<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        for entry in entries {
            self.entries += 1;
            if self.entries > Self::ENTRIES_LIMIT || self.here.depth >= Self::DEPTH_LIMIT {
                return;
            }
            let has_room = self.found.len() + self.waiting.len() < Self::WAITING_LIMIT;
            if entry.kind != Kind::Directory || !has_room || !self.met.insert(entry.key) {
                continue;
            }
            let Some(name) = entry.name.to_str() else {
                continue;
            };
            let Ok(path) = self.here.path.resolve(name) else {
                continue;
            };
            self.found.push(Branch {
                path,
                title: format!("{}/{name}", self.here.title),
                depth: self.here.depth + 1,
            });
        }
    }

    /// The next directory with the lines above it; `None` when all were visited.
    pub(super) async fn next(&mut self) -> Result<Option<(String, Listing)>, StorageError> {
        self.waiting.extend(self.found.drain(..).rev());
        while let Some(next) = self.waiting.pop() {
            if self.entries > Self::ENTRIES_LIMIT {
                return Ok(None);
            }
            match self.home.list(&next.path).await {
                Ok(listing) => {
                    let title = next.title.replace(char::is_control, "?");
                    self.here = next;
                    return Ok(Some((format!("\r\n{title}:\r\n"), listing)));
                }
                // It vanished meanwhile, or may be seen but not looked into.
                Err(
                    StorageError::Denied(_) | StorageError::NotFound | StorageError::NotDirectory,
                ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
