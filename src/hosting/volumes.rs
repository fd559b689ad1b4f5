//! Where homes live: one volume, and exactly one [`LocalHome`] for each account, so that all its
//! sessions share the locks of its files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::{Clock, Timestamp};
use crate::model::{Account, AccountId, Usage};
use crate::settings::Settings;
use crate::vfs::{HomeOptions, LocalHome, Removal, Space, StorageError, Volume};

/// A cheap handle on the volume and the open homes.
#[derive(Clone, Debug)]
pub struct Volumes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    volume: Volume,
    clock: Arc<dyn Clock>,
    open: Mutex<HashMap<AccountId, LocalHome>>,
}

impl Volumes {
    /// Threads that the blocking pool of a process should have at most.
    pub const BLOCKING_THREADS: usize = crate::vfs::BLOCKING_THREADS;

    /// Runtime threads that a process should have, with those to spare for calls to the disk.
    pub fn runtime_threads() -> usize {
        crate::vfs::runtime_threads()
    }

    /// Does as `settings` say from now on.
    pub fn follow(&self, settings: &Settings) {
        self.0.volume.set_reserve(settings.disk_reserve.0);
    }

    /// Opens the folder `path` of the host. Blocking: for the start.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the folder is missing or not writable.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        let volume = Volume::open(path)?;
        Ok(Self(Arc::new(Shared {
            volume,
            clock,
            open: Mutex::default(),
        })))
    }

    /// The home of an account; made if it is missing.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if it cannot be made or opened.
    pub async fn home(&self, account: &Account) -> Result<LocalHome, StorageError> {
        let id = account.id;
        if let Some(home) = self.lock().get(&id) {
            return Ok(home.clone());
        }
        let options = HomeOptions {
            clock: Arc::clone(&self.0.clock),
        };
        let opened = self.0.volume.home(&account.home, options).await?;
        // Two logins may open it at once; both must end up with the same one.
        Ok(self.lock().entry(id).or_insert(opened).clone())
    }

    /// Makes the home of a new account: nothing may lie there, so that it never shows what another has
    /// left.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] if something lies there, or that it cannot be made.
    pub async fn make_home(&self, account: &Account) -> Result<LocalHome, StorageError> {
        let options = HomeOptions {
            clock: Arc::clone(&self.0.clock),
        };
        let made = self.0.volume.new_home(&account.home, options).await?;
        Ok(self.lock().entry(account.id).or_insert(made).clone())
    }

    /// Forgets the open home of a deleted account.
    pub fn forget(&self, id: AccountId) {
        self.lock().remove(&id);
    }

    /// Begins to remove a tree; its steps do.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if no tree can have such a name.
    pub fn removal(&self, place: &str) -> Result<Removal, StorageError> {
        self.0.volume.removal(place)
    }

    /// Moves a tree to another place, in one piece. That it is there already is no error.
    ///
    /// # Errors
    ///
    /// [`StorageError::CrossesMount`] if it is on another disk.
    pub async fn relocate(&self, from: &str, to: &str) -> Result<(), StorageError> {
        self.0.volume.relocate(from, to).await
    }

    /// Counts what an account holds on disk.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the home cannot be read.
    pub async fn count(&self, account: &Account) -> Result<Usage, StorageError> {
        self.home(account).await?.count().await
    }

    /// Removes staged files of uploads that died, older than `before`; tells how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the home cannot be read.
    pub async fn sweep(&self, account: &Account, before: Timestamp) -> Result<u64, StorageError> {
        self.home(account).await?.sweep_staged(before).await
    }

    /// Removes staged files of dead uploads, older than `before`, from every open home; tells how
    /// many.
    ///
    /// # Errors
    ///
    /// The first [`StorageError`]; the other homes are swept all the same.
    pub async fn sweep_open(&self, before: Timestamp) -> Result<u64, StorageError> {
        let homes: Vec<LocalHome> = self.lock().values().cloned().collect();
        let mut swept = Ok(0);
        for home in homes {
            swept = match (swept, home.sweep_staged(before).await) {
                (Ok(before), Ok(more)) => Ok(before + more),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        swept
    }

    /// Files that uploads write to, and names that are promised to them, in all open homes.
    pub fn in_flight(&self) -> usize {
        let homes: Vec<LocalHome> = self.lock().values().cloned().collect();
        homes.iter().map(LocalHome::in_flight).sum()
    }

    /// Room on the file system.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the system does not tell.
    pub async fn space(&self) -> Result<Space, StorageError> {
        self.0.volume.space().await
    }

    /// Writes and removes a small file: does the volume work?
    ///
    /// # Errors
    ///
    /// [`StorageError`] saying why not.
    pub async fn probe(&self) -> Result<(), StorageError> {
        self.0.volume.probe().await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, LocalHome>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
