//! The service itself: which volumes there are, and which takes a new account.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::condition::Condition;
use super::details::{DataFolders, VolumeReport};
use super::error::{OpenVolumesError, VolumeError};
use super::shelf::{OpenHome, Shelf};
use crate::hosting::foundation::Foundation;
use crate::model::{AccountId, StorageVolume, VolumeId, VolumeMark, VolumeRow};
use crate::settings::Settings;
use crate::store::StoreError;
use crate::vfs::{StorageError, Volume};

/// A cheap handle on the volumes and the open homes.
#[derive(Clone, Debug)]
pub struct Volumes(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) foundation: Foundation,
    pub(super) folders: DataFolders,
    /// What uploads leave free where a volume does not say so itself, in bytes.
    reserve: AtomicU64,
    shelves: Mutex<BTreeMap<VolumeId, Shelf>>,
    /// Locked after `shelves`, where both are.
    homes: Mutex<HashMap<AccountId, OpenHome>>,
    /// Held while volumes are looked at: one look at a time.
    pub(super) looking: tokio::sync::Mutex<()>,
}

impl Volumes {
    /// Threads that the blocking pool of a process should have at most.
    pub const BLOCKING_THREADS: usize = crate::vfs::BLOCKING_THREADS;

    /// Runtime threads that a process should have, with those to spare for calls to the disk.
    pub fn runtime_threads() -> usize {
        crate::vfs::runtime_threads()
    }

    /// Opens every volume that is there. One that is missing is looked for again by
    /// [`Volumes::look`]; only the data directory itself must be usable.
    ///
    /// # Errors
    ///
    /// [`OpenVolumesError`].
    pub async fn open(
        foundation: Foundation,
        folders: DataFolders,
    ) -> Result<Self, OpenVolumesError> {
        let opened = Self(Arc::new(Shared {
            foundation,
            folders,
            reserve: AtomicU64::new(0),
            shelves: Mutex::default(),
            homes: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        }));
        opened.mark_first().await?;
        opened.reload().await?;
        Ok(opened)
    }

    /// Does as `settings` say from now on.
    pub fn follow(&self, settings: &Settings) {
        let reserve = settings.disk_reserve.0;
        self.0.reserve.store(reserve, Ordering::Relaxed);
        for shelf in self.shelves().values() {
            shelf.set_reserve(reserve);
        }
    }

    /// Learns what was stored about volumes, and looks at those it did not know.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn reload(&self) -> Result<(), StoreError> {
        let stored = self.0.foundation.db.volumes().await?;
        let (files, now) = (&self.0.folders.files, self.0.foundation.now());
        let ids: Vec<VolumeId> = stored.iter().map(|volume| volume.id).collect();
        let mut unknown = Vec::new();
        {
            let mut all = self.shelves();
            all.retain(|id, _| ids.contains(id));
            for volume in stored {
                let id = volume.id;
                if let Some(shelf) = all.get_mut(&id) {
                    shelf.update(volume, files);
                    shelf.set_reserve(self.reserve());
                } else {
                    all.insert(id, Shelf::new(volume, files, now));
                    unknown.push(id);
                }
            }
            self.homes().retain(|_, home| ids.contains(&home.volume));
        }
        if !unknown.is_empty() {
            self.look_at(|id| unknown.contains(&id)).await;
        }
        Ok(())
    }

    /// Every volume as it was found last, by name. Nothing is asked for it, so no disk is waited for.
    pub fn reports(&self) -> Vec<VolumeReport> {
        let mut reports: Vec<VolumeReport> = self.shelves().values().map(Shelf::report).collect();
        reports.sort_by_cached_key(|report| report.volume.name.to_lowercase());
        reports
    }

    /// One volume as it was found last; `None` if it is not known here.
    pub fn report(&self, id: VolumeId) -> Option<VolumeReport> {
        self.shelves().get(&id).map(Shelf::report)
    }

    /// Every volume with what is booked on it, by name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rows(&self) -> Result<Vec<VolumeRow>, StoreError> {
        self.0.foundation.db.volume_rows().await
    }

    /// One volume, as stored.
    ///
    /// # Errors
    ///
    /// [`VolumeError::NotFound`].
    pub async fn get(&self, id: VolumeId) -> Result<StorageVolume, VolumeError> {
        let found = self.0.foundation.db.volume(id).await?;
        found.ok_or(VolumeError::NotFound)
    }

    /// Where a new account goes: to `wanted`, or to the default volume.
    ///
    /// # Errors
    ///
    /// [`VolumeError::NotFound`], [`VolumeError::Closed`], [`VolumeError::Missing`].
    pub fn for_newcomer(&self, wanted: Option<VolumeId>) -> Result<VolumeId, VolumeError> {
        let all = self.shelves();
        let mut each = all.values();
        let found = match wanted {
            Some(id) => each.find(|shelf| shelf.volume.id == id),
            None => each.find(|shelf| shelf.volume.is_default),
        };
        let chosen = found.ok_or(VolumeError::NotFound)?;
        let volume = &chosen.volume;
        if volume.is_closed {
            return Err(VolumeError::Closed(volume.name.clone()));
        }
        if chosen.usable().is_none() {
            return Err(VolumeError::Missing(volume.name.clone()));
        }
        Ok(volume.id)
    }

    /// The folder of a volume; its accounts need not be let in yet.
    pub(super) fn opened(&self, id: VolumeId) -> Result<(Volume, u64), StorageError> {
        let opened = self.shelves().get(&id).and_then(Shelf::opened);
        opened.ok_or(StorageError::Unavailable)
    }

    /// The folder of a volume whose accounts may be let in.
    pub(super) fn usable(&self, id: VolumeId) -> Result<(Volume, u64), StorageError> {
        let usable = self.shelves().get(&id).and_then(Shelf::usable);
        usable.ok_or(StorageError::Unavailable)
    }

    pub(super) fn reserve(&self) -> u64 {
        self.0.reserve.load(Ordering::Relaxed)
    }

    pub(super) fn shelves(&self) -> MutexGuard<'_, BTreeMap<VolumeId, Shelf>> {
        let shelves = self.0.shelves.lock();
        shelves.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn homes(&self) -> MutexGuard<'_, HashMap<AccountId, OpenHome>> {
        self.0.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes and marks the folder of the first volume, on the first start of an installation or of the
    /// first program that knows of volumes. A mark that an earlier database knew is taken over.
    async fn mark_first(&self) -> Result<(), OpenVolumesError> {
        let db = &self.0.foundation.db;
        let first = db.volume(VolumeId::FIRST).await?;
        if first.is_none_or(|first| !first.mark.is_empty()) {
            return Ok(());
        }
        let fresh = VolumeMark {
            volume_id: VolumeId::FIRST,
            token: self.token(),
        };
        let files = self.0.folders.files.clone();
        let held = db.files_of_all().await?;
        if held > 0 && is_empty(&files).await {
            let path = files.display().to_string();
            return Err(OpenVolumesError::FilesMissing { path, files: held });
        }
        let marked = tokio::task::spawn_blocking(move || mark_or_read(&files, &fresh)).await;
        let marked = marked.unwrap_or_else(|lost| Err(std::io::Error::other(lost).into()));
        let found = marked.map_err(|source| OpenVolumesError::DataDir {
            path: self.0.folders.files.display().to_string(),
            source,
        })?;
        // Another process may have been faster; what it wrote down stands.
        let mut tx = db.begin().await?;
        tx.set_volume_mark(VolumeId::FIRST, &found.token).await?;
        Ok(tx.commit().await?)
    }

    /// The random part of a mark.
    pub(super) fn token(&self) -> String {
        let (unix_ms, random) = self.0.foundation.id_parts();
        VolumeId::from_parts(unix_ms, random).to_string()
    }
}

/// Whether nothing at all lies in a folder, or it is not there.
async fn is_empty(folder: &std::path::Path) -> bool {
    match tokio::fs::read_dir(folder).await {
        Ok(mut entries) => matches!(entries.next_entry().await, Ok(None)),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Makes the folder for nobody else to read, and marks it. The mark of another volume is left as it
/// is: it will be found to be foreign.
fn mark_or_read(folder: &std::path::Path, fresh: &VolumeMark) -> Result<VolumeMark, StorageError> {
    let mut maker = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(maker.recursive(true), 0o700);
    maker.create(folder)?;
    let volume = Volume::open(folder)?;
    match volume.set_mark(fresh) {
        Ok(()) => return Ok(fresh.clone()),
        Err(StorageError::Exists) => {}
        Err(error) => return Err(error),
    }
    let standing = volume.mark()?.and_then(|text| text.parse().ok());
    let own = standing.filter(|mark: &VolumeMark| mark.volume_id == fresh.volume_id);
    Ok(own.unwrap_or_else(|| fresh.clone()))
}

impl VolumeReport {
    /// Whether something is wrong with it.
    pub fn is_ill(&self) -> bool {
        self.condition != Condition::Ready
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn mark(volume_id: VolumeId, token: &str) -> VolumeMark {
        VolumeMark {
            volume_id,
            token: token.to_owned(),
        }
    }

    #[test]
    fn the_first_folder_is_made_and_marked_once() {
        let dir = tempfile::tempdir().unwrap();
        let files = dir.path().join("data/files");
        let (one, two) = (mark(VolumeId::FIRST, "one"), mark(VolumeId::FIRST, "two"));

        assert_eq!(mark_or_read(&files, &one).unwrap(), one);
        // A database that was made anew takes the mark over.
        assert_eq!(mark_or_read(&files, &two).unwrap(), one);
        let text = fs::read_to_string(files.join(VolumeMark::FILE)).unwrap();
        assert_eq!(text, one.to_string());
    }

    #[test]
    fn the_mark_of_another_volume_is_not_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = mark(VolumeId::from_parts(7, [7; 10]), "foreign");
        let file = dir.path().join(VolumeMark::FILE);
        fs::write(&file, foreign.to_string()).unwrap();
        let fresh = mark(VolumeId::FIRST, "fresh");

        assert_eq!(mark_or_read(dir.path(), &fresh).unwrap(), fresh);
        assert_eq!(fs::read_to_string(&file).unwrap(), foreign.to_string());
    }
}
