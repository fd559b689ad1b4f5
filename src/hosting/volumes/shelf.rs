//! One volume in this process: what is stored about it, and the open folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::condition::{Condition, Found, Kept, Wanted};
use super::details::VolumeReport;
use crate::clock::Timestamp;
use crate::model::{AccountId, StorageVolume, VolumeId};
use crate::vfs::{LocalHome, Space, Volume};

/// A volume, and how it was found.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) volume: StorageVolume,
    pub(super) root: PathBuf,
    pub(super) condition: Condition,
    /// Accounts whose figures may be behind the disk, because it was missing when they were to be
    /// counted.
    pub(super) uncounted: BTreeSet<AccountId>,
    open: Option<Volume>,
    /// Raised whenever another folder is opened, or none any more.
    epoch: u64,
    space: Option<Space>,
    looked_at: Timestamp,
    /// Somebody looks at it, or still waits for its answer.
    is_looked_at: Arc<AtomicBool>,
    /// Held while it is probed: one probe at a time.
    probing: Arc<Mutex<()>>,
}

/// A home that is open, and where.
#[derive(Clone, Debug)]
pub(super) struct OpenHome {
    pub(super) volume: VolumeId,
    pub(super) home: LocalHome,
}

/// A question to the disk, to be asked without any lock.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: VolumeId,
    wanted: Wanted,
    open: Option<Volume>,
    is_looked_at: Arc<AtomicBool>,
}

/// Somebody looks at a volume; dropping it ends that.
#[derive(Debug)]
struct Looking(Arc<AtomicBool>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What the answer to a question has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// Another folder is open, or none any more: whoever uses the one from before must leave it.
    Other,
}

impl Question {
    /// A disk that takes longer does not answer.
    const WITHIN: Duration = Duration::from_secs(3);

    /// Asks, and waits for an answer in time. A disk that owes one is not asked again.
    pub(super) async fn ask(self) -> (VolumeId, Found) {
        let id = self.id;
        if self.is_looked_at.swap(true, Ordering::AcqRel) {
            return (id, Found::Unclear(Condition::Silent));
        }
        let looking = Looking(self.is_looked_at);
        let look = move || {
            let found = self.wanted.look(self.open.as_ref());
            drop(looking);
            found
        };
        let answer = tokio::time::timeout(Self::WITHIN, tokio::task::spawn_blocking(look)).await;
        let found = match answer {
            Ok(Ok(found)) => found,
            Ok(Err(lost)) => Found::Unclear(Condition::Failing(lost.to_string())),
            Err(_late) => Found::Unclear(Condition::Silent),
        };
        (id, found)
    }
}

impl Shelf {
    /// A volume that nobody has looked at.
    pub(super) fn new(volume: StorageVolume, files: &Path, now: Timestamp) -> Self {
        Self {
            root: root_of(&volume, files),
            volume,
            condition: Condition::Failing("nobody has looked at it".to_owned()),
            uncounted: BTreeSet::new(),
            open: None,
            epoch: 0,
            space: None,
            looked_at: now,
            is_looked_at: Arc::default(),
            probing: Arc::default(),
        }
    }

    /// What is held while it is probed.
    pub(super) fn turn(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.probing)
    }

    /// Takes over what was stored meanwhile.
    pub(super) fn update(&mut self, volume: StorageVolume, files: &Path) {
        self.root = root_of(&volume, files);
        self.volume = volume;
    }

    /// `reserve` is what uploads leave free according to the settings, in bytes.
    pub(super) fn question(&self, reserve: u64) -> Question {
        Question {
            id: self.volume.id,
            wanted: Wanted {
                root: self.root.clone(),
                id: self.volume.id,
                token: self.volume.mark.clone(),
                kept: Kept::of(&self.volume, reserve),
            },
            open: self.open.clone(),
            is_looked_at: Arc::clone(&self.is_looked_at),
        }
    }

    /// The open folder and its epoch; `None` if it is not there.
    pub(super) fn opened(&self) -> Option<(Volume, u64)> {
        Some((self.open.clone()?, self.epoch))
    }

    /// The same, if accounts may be let in.
    pub(super) fn usable(&self) -> Option<(Volume, u64)> {
        self.opened().filter(|_| !self.is_returning())
    }

    pub(super) fn is_returning(&self) -> bool {
        self.open.is_some() && !self.uncounted.is_empty()
    }

    /// Uploads leave as much free as is stored for it, or else `reserve` bytes.
    pub(super) fn set_reserve(&self, reserve: u64) {
        if let Some(open) = &self.open {
            Kept::of(&self.volume, reserve).on(open);
        }
    }

    /// Takes in what was found.
    pub(super) fn take_in(&mut self, found: Found, now: Timestamp) -> Turn {
        self.looked_at = now;
        match found {
            Found::Same(space) => {
                self.space = space;
                self.settle();
                Turn::None
            }
            Found::Opened(volume, space) => {
                self.open = Some(volume);
                self.space = space;
                self.epoch += 1;
                self.settle();
                Turn::Other
            }
            Found::Gone(condition) => {
                self.condition = condition;
                self.space = None;
                self.epoch += 1;
                self.open.take().map_or(Turn::None, |_open| Turn::Other)
            }
            // What is open stays open: it may well go on.
            Found::Unclear(condition) => {
                self.condition = condition;
                Turn::None
            }
        }
    }

    /// Says whether accounts may be let in, now that the folder is there.
    pub(super) fn settle(&mut self) {
        self.condition = if self.is_returning() {
            Condition::Returning
        } else {
            Condition::Ready
        };
    }

    pub(super) fn report(&self) -> VolumeReport {
        VolumeReport {
            volume: self.volume.clone(),
            root: self.root.clone(),
            condition: self.condition.clone(),
            space: self.space,
            looked_at: self.looked_at,
            is_open: self.usable().is_some(),
        }
    }
}

/// The folder of a volume; `files` is that of the first one.
pub(super) fn root_of(volume: &StorageVolume, files: &Path) -> PathBuf {
    if volume.root.is_empty() {
        files.to_owned()
    } else {
        PathBuf::from(&volume.root)
    }
}
