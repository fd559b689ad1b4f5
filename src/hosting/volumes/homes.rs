//! The homes of accounts, and whatever else is done to files of one account.

use super::service::Volumes;
use super::shelf::{OpenHome, Shelf};
use crate::clock::Timestamp;
use crate::model::{Account, AccountId, Usage, VolumeId};
use crate::vfs::{HomeOptions, LocalHome, Removal, StorageError, Volume};

impl Volumes {
    /// The home of an account; made if it is missing on its volume.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] while the volume is; [`StorageError`] if the home cannot be made or
    /// opened.
    pub async fn home(&self, account: &Account) -> Result<LocalHome, StorageError> {
        // First: while a volume returns, its homes are opened to be counted, and nobody is let in.
        let on = self.usable(account.volume_id)?;
        if let Some(open) = self.homes().get(&account.id) {
            return Ok(open.home.clone());
        }
        self.open_home(account, on).await
    }

    /// Makes the home of a new account: nothing may lie there, so that it never shows what another has
    /// left.
    ///
    /// # Errors
    ///
    /// [`StorageError::Exists`] if something lies there, or that it cannot be made.
    pub async fn make_home(&self, account: &Account) -> Result<LocalHome, StorageError> {
        let (volume, epoch) = self.usable(account.volume_id)?;
        let made = volume.new_home(&account.home, self.options()).await?;
        self.keep_open(account, (made, epoch))
    }

    /// Forgets the open home of a deleted account.
    pub fn forget(&self, id: AccountId) {
        self.homes().remove(&id);
    }

    /// Begins to remove a tree on a volume; its steps do.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if no tree can have such a name, or while the volume is missing.
    pub fn removal(&self, volume: VolumeId, place: &str) -> Result<Removal, StorageError> {
        let (volume, _) = self.opened(volume)?;
        volume.removal(place)
    }

    /// Moves a tree to another place on its volume, in one piece. That it is there already is no error.
    ///
    /// # Errors
    ///
    /// [`StorageError::CrossesMount`] if it is on another disk.
    pub async fn relocate(
        &self,
        volume: VolumeId,
        from: &str,
        to: &str,
    ) -> Result<(), StorageError> {
        let (volume, _) = self.opened(volume)?;
        volume.relocate(from, to).await
    }

    /// Counts what an account holds on disk, also while its volume is about to return.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the home cannot be read.
    pub async fn count(&self, account: &Account) -> Result<Usage, StorageError> {
        self.home_to_count(account).await?.count().await
    }

    /// Removes staged files of uploads that died, older than `before`; tells how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the home cannot be read.
    pub async fn sweep(&self, account: &Account, before: Timestamp) -> Result<u64, StorageError> {
        let home = self.home_to_count(account).await?;
        home.sweep_staged(before).await
    }

    /// Removes staged files of dead uploads, older than `before`, from every open home; tells how
    /// many.
    ///
    /// # Errors
    ///
    /// The first [`StorageError`]; the other homes are swept all the same.
    pub async fn sweep_open(&self, before: Timestamp) -> Result<u64, StorageError> {
        let mut swept = Ok(0);
        for home in self.all_open() {
            swept = match (swept, home.sweep_staged(before).await) {
                (Ok(before), Ok(more)) => Ok(before + more),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        swept
    }

    /// Files that uploads write to, and names that are promised to them, in all open homes.
    pub fn in_flight(&self) -> usize {
        self.all_open().iter().map(LocalHome::in_flight).sum()
    }

    async fn home_to_count(&self, account: &Account) -> Result<LocalHome, StorageError> {
        if let Some(open) = self.homes().get(&account.id) {
            return Ok(open.home.clone());
        }
        let on = self.opened(account.volume_id)?;
        self.open_home(account, on).await
    }

    async fn open_home(
        &self,
        account: &Account,
        (volume, epoch): (Volume, u64),
    ) -> Result<LocalHome, StorageError> {
        let home = volume.home(&account.home, self.options()).await?;
        self.keep_open(account, (home, epoch))
    }

    fn options(&self) -> HomeOptions {
        HomeOptions {
            clock: std::sync::Arc::clone(&self.0.foundation.clock),
        }
    }

    fn keep_open(
        &self,
        account: &Account,
        (home, epoch): (LocalHome, u64),
    ) -> Result<LocalHome, StorageError> {
        // Whoever finds that the volume is gone closes its homes; none may be left open afterwards.
        let shelves = self.shelves();
        let now_open = shelves.get(&account.volume_id).and_then(Shelf::opened);
        if now_open.is_none_or(|(_, current)| current != epoch) {
            return Err(StorageError::Unavailable);
        }
        let opened = OpenHome {
            volume: account.volume_id,
            home,
        };
        // Two logins may open it at once; both must end up with the same one.
        let mut homes = self.homes();
        let open = homes.entry(account.id).or_insert(opened);
        Ok(open.home.clone())
    }

    fn all_open(&self) -> Vec<LocalHome> {
        let homes = self.homes();
        homes.values().map(|open| open.home.clone()).collect()
    }
}
