//! Looks whether volumes are still there, or there again.

use std::time::Duration;

use futures_util::future::join_all;

use super::condition::{Condition, Found};
use super::service::Volumes;
use super::shelf::{OpenHome, Question, Shelf, Turn};
use crate::model::{AccountId, VolumeId};
use crate::vfs::StorageError;

/// What a look at the volumes has brought.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sighting {
    /// Accounts that had a home open on a volume which is gone now: their sessions must end.
    pub lost: Vec<AccountId>,
    /// Volumes that are back and wait until these accounts are counted, see [`Volumes::admit`].
    pub returning: Vec<(VolumeId, Vec<AccountId>)>,
}

impl Volumes {
    /// A disk that takes longer to write a few bytes does not work.
    const PROBED_WITHIN: Duration = Duration::from_secs(4);

    /// Looks at every volume at the same time: a slow one keeps nobody waiting but itself, and for some
    /// seconds at most. One that is not there any more is closed, one that is there again is opened.
    pub async fn look(&self) -> Sighting {
        let lost = self.look_at(|_| true).await;
        let shelves = self.shelves();
        let returning = shelves.values().filter(|shelf| shelf.is_returning());
        let told = |shelf: &Shelf| {
            let accounts = shelf.uncounted.iter().copied();
            (shelf.volume.id, accounts.collect())
        };
        Sighting {
            lost,
            returning: returning.map(told).collect(),
        }
    }

    /// Writes and removes a small file: does the volume work?
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] if it is not there or does not answer; else why not.
    pub async fn probe(&self, id: VolumeId) -> Result<(), StorageError> {
        let (volume, _) = self.opened(id)?;
        let turn = self.shelves().get(&id).map(Shelf::turn);
        let turn = turn.ok_or(StorageError::Unavailable)?;
        let probe = async {
            // A disk that owes an answer is not asked again.
            let turn = turn.lock_owned().await;
            let write = move || {
                let written = volume.probe();
                drop(turn);
                written
            };
            tokio::task::spawn_blocking(write).await
        };
        match tokio::time::timeout(Self::PROBED_WITHIN, probe).await {
            Ok(Ok(written)) => written,
            Ok(Err(lost)) => Err(std::io::Error::other(lost).into()),
            Err(_late) => Err(StorageError::Unavailable),
        }
    }

    /// Remembers that an account could not be counted because its volume is missing: nobody is let in
    /// there before it was.
    pub fn postpone(&self, volume: VolumeId, account: AccountId) {
        if let Some(shelf) = self.shelves().get_mut(&volume) {
            shelf.uncounted.insert(account);
        }
    }

    /// The account was counted, or is gone; with the last one a volume that waited for them is open.
    pub fn admit(&self, volume: VolumeId, account: AccountId) {
        let mut all = self.shelves();
        let Some(place) = all.get_mut(&volume) else {
            return;
        };
        place.uncounted.remove(&account);
        if place.condition == Condition::Returning {
            place.settle();
            tell(place, &Condition::Returning);
        }
    }

    /// Looks at some volumes; the accounts whose homes had to be closed.
    pub(super) async fn look_at(&self, is_meant: impl Fn(VolumeId) -> bool) -> Vec<AccountId> {
        let _turn = self.0.looking.lock().await;
        let questions: Vec<_> = {
            let shelves = self.shelves();
            let meant = shelves.iter().filter(|(id, _)| is_meant(**id));
            meant
                .map(|(_, shelf)| shelf.question(self.reserve()))
                .collect()
        };
        let answers = join_all(questions.into_iter().map(Question::ask)).await;
        let mut lost = Vec::new();
        for (id, found) in answers {
            lost.extend(self.take_in(id, found));
        }
        lost
    }

    fn take_in(&self, id: VolumeId, found: Found) -> Vec<AccountId> {
        let now = self.0.foundation.now();
        let mut all = self.shelves();
        let Some(place) = all.get_mut(&id) else {
            return Vec::new();
        };
        let before = place.condition.clone();
        let outcome = place.take_in(found, now);
        place.set_reserve(self.reserve());
        tell(place, &before);
        if outcome == Turn::None {
            return Vec::new();
        }
        let mut homes = self.homes();
        let is_closed = |_: &AccountId, open: &mut OpenHome| open.volume == id;
        let closed = homes.extract_if(is_closed);
        closed.map(|(account, _)| account).collect()
    }
}

/// Tells the log what changed about a volume.
fn tell(shelf: &Shelf, before: &Condition) {
    if shelf.condition == *before {
        return;
    }
    let (name, root) = (&shelf.volume.name, shelf.root.display());
    match &shelf.condition {
        Condition::Ready => {
            tracing::info!(volume.name = %name, volume.root = %root, "volume `{name}` is there");
        }
        Condition::Returning => tracing::info!(
            volume.name = %name,
            volume.root = %root,
            "volume `{name}` is back; files of its accounts are counted"
        ),
        condition => tracing::error!(
            volume.name = %name,
            volume.root = %root,
            volume.condition = condition.as_str(),
            "volume `{name}` cannot be used: {}",
            condition.advice()
        ),
    }
}
