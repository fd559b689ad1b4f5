//! What a listing sends: lines, a batch of directory entries at a time, so that a directory of a
//! million names needs no more memory than one of a thousand.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;

use super::error::TransferError;
use super::pump::Pump;
use super::tree::Tree;
use crate::clock::Timestamp;
use crate::net::DataStream;
use crate::proto::{
    EntryKind, Facts, Glob, ListEntry, ListOptions, SortBy, list_line, mlsd_line, nlst_line,
};
use crate::vfs::{Entry, Kind, Listing, StorageError};

/// The lines of one listing.
#[derive(Debug)]
pub(super) struct Sheet {
    style: Style,
    /// Lines that are known already.
    ready: String,
    rest: Option<Listing>,
    /// What lies below, for `LIST -R`.
    tree: Option<Tree>,
}

/// How a line looks.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) form: Form,
    pub(super) now: Timestamp,
    /// Tells two files apart without saying where on the disk they are.
    pub(super) unique: RandomState,
    /// Whether names with a leading dot are shown.
    pub(super) shows_dotfiles: bool,
}

/// Which kind of line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// `LIST`.
    Long,
    /// `MLSD`.
    Facts(Facts),
    /// `NLST`: the part of the path that the client typed, then the name.
    Names { prefix: String },
}

impl Sheet {
    /// Entries that are looked through or sorted at most; what is beyond comes unsorted.
    const SORTED_LIMIT: usize = 50_000;

    /// The lines of a directory.
    pub(super) fn directory(style: Style, listing: Listing) -> Self {
        Self {
            style,
            ready: String::new(),
            rest: Some(listing),
            tree: None,
        }
    }

    /// The lines of a directory, and then of those inside it.
    pub(super) fn tree(style: Style, listing: Listing, tree: Tree) -> Self {
        Self {
            tree: Some(tree),
            ..Self::directory(style, listing)
        }
    }

    /// Lines that were written before.
    pub(super) fn of_lines(style: Style, ready: String) -> Self {
        Self {
            style,
            ready,
            rest: None,
            tree: None,
        }
    }

    /// The lines of a directory in an order of the client's own.
    pub(super) async fn sorted(
        style: Style,
        mut listing: Listing,
        options: ListOptions,
    ) -> Result<Self, StorageError> {
        let mut entries = Vec::new();
        let mut rest = None;
        while let Some(batch) = listing.next_batch().await? {
            entries.extend(batch);
            if entries.len() >= Self::SORTED_LIMIT {
                rest = Some(listing);
                break;
            }
        }
        match options.sort {
            SortBy::Name => entries.sort_by(|a, b| a.name.cmp(&b.name)),
            SortBy::Size => entries.sort_by_key(|entry| Reverse(entry.size)),
            SortBy::Time => entries.sort_by_key(|entry| Reverse(entry.modified)),
        }
        if options.reversed {
            entries.reverse();
        }
        let ready = style.lines(&entries);
        Ok(Self {
            style,
            ready,
            rest,
            tree: None,
        })
    }

    /// The lines of those entries whose names fit `pattern`; `None` if there are none.
    pub(super) async fn matching(
        style: Style,
        mut listing: Listing,
        pattern: &Glob,
    ) -> Result<Option<Self>, StorageError> {
        let mut ready = String::new();
        let mut seen = 0;
        while let Some(mut batch) = listing.next_batch().await? {
            seen += batch.len();
            batch.retain(|entry| {
                entry
                    .name
                    .to_str()
                    .is_some_and(|name| pattern.matches(name))
            });
            ready.push_str(&style.lines(&batch));
            if seen >= Self::SORTED_LIMIT {
                break;
            }
        }
        if ready.is_empty() {
            Ok(None)
        } else {
            Ok(Some(Self::of_lines(style, ready)))
        }
    }

    /// Sends everything.
    pub(super) async fn run(
        mut self,
        mut stream: DataStream,
        pump: &Pump,
    ) -> Result<(), TransferError> {
        let sent = tokio::select! {
            biased;
            cause = pump.stop.told() => Err(TransferError::Stopped(cause)),
            sent = self.send(&mut stream, pump) => sent,
        };
        let finished = match sent {
            Ok(()) => stream.finish(pump.stall).await.map_err(TransferError::Lost),
            Err(error) => Err(error),
        };
        if finished.is_err() {
            stream.abort();
        }
        finished
    }

    /// The first lines, at most `limit` of them, without line ends; and whether there are more.
    pub(super) async fn first(mut self, limit: usize) -> Result<(Vec<String>, bool), StorageError> {
        let mut lines = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            lines.extend(chunk.split_terminator("\r\n").map(str::to_owned));
            if lines.len() > limit {
                lines.truncate(limit);
                return Ok((lines, true));
            }
        }
        Ok((lines, false))
    }

    async fn send(&mut self, stream: &mut DataStream, pump: &Pump) -> Result<(), TransferError> {
        while let Some(chunk) = self.next_chunk().await? {
            pump.send_paced(stream, chunk.as_bytes()).await?;
        }
        Ok(())
    }

    async fn next_chunk(&mut self) -> Result<Option<String>, StorageError> {
        if !self.ready.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ready)));
        }
        if let Some(listing) = &mut self.rest {
            if let Some(entries) = listing.next_batch().await? {
                if let Some(tree) = &mut self.tree {
                    tree.note(entries.iter().filter(|entry| self.style.shows(entry)));
                }
                return Ok(Some(self.style.lines(&entries)));
            }
            self.rest = None;
        }
        let Some(tree) = &mut self.tree else {
            return Ok(None);
        };
        let Some((title, listing)) = tree.next().await? else {
            return Ok(None);
        };
        self.rest = Some(listing);
        Ok(Some(title))
    }
}

impl Style {
    /// The lines of `entries`, each with its CR LF.
    pub(super) fn lines(&self, entries: &[Entry]) -> String {
        let mut out = String::with_capacity(entries.len() * 80);
        for entry in entries.iter().filter(|entry| self.shows(entry)) {
            self.line(&self.shown(entry, entry.name.as_bytes()), &mut out);
        }
        out
    }

    /// Whether a listing shows this entry.
    fn shows(&self, entry: &Entry) -> bool {
        self.shows_dotfiles || !entry.name.as_bytes().starts_with(b".")
    }

    /// The line of a single entry under the name that the client gave it.
    pub(super) fn single(&self, entry: &Entry, name: &str) -> String {
        let mut out = String::new();
        self.line(&self.shown(entry, name.as_bytes()), &mut out);
        out
    }

    /// `entry` as a listing shows it, under `name`.
    pub(super) fn shown<'a>(&self, entry: &Entry, name: &'a [u8]) -> ListEntry<'a> {
        ListEntry {
            name,
            kind: match entry.kind {
                Kind::Directory => EntryKind::Directory,
                Kind::File => EntryKind::File,
                Kind::Symlink => EntryKind::Symlink,
            },
            size: entry.size,
            modified: entry.modified,
            mode: entry.mode,
            unique: self.unique(entry),
            permissions: entry.permissions,
            target: None,
        }
    }

    fn line(&self, entry: &ListEntry<'_>, out: &mut String) {
        match &self.form {
            Form::Long => list_line(entry, self.now, out),
            Form::Names { prefix } => nlst_line(prefix, entry.name, out),
            Form::Facts(facts) => {
                if !mlsd_line(entry, *facts, out) {
                    return;
                }
            }
        }
        out.push_str("\r\n");
    }

    /// The same for two names of one file, and nothing that tells where on the disk it is: a keyed
    /// hash, whose key nobody learns and which is another one after each start.
    fn unique(&self, entry: &Entry) -> u64 {
        match self.form {
            Form::Facts(_) => self.unique.hash_one((entry.key.device, entry.key.inode)),
            Form::Long | Form::Names { .. } => 0,
        }
    }
}
