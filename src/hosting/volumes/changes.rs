//! Adding, changing and removing volumes.

use std::time::Duration;

use super::condition::Condition;
use super::details::{NewVolume, VolumeSettings};
use super::error::{RootError, VolumeError};
use super::place::{Ground, Prepared};
use super::service::Volumes;
use crate::events::Event;
use crate::hosting::foundation::{Deed, bytes, differences};
use crate::model::{
    Actor, AuditAction, Right, StorageVolume, Version, VolumeId, VolumeMark, VolumeRow,
};
use crate::store::{Conflict, StoreError};
use crate::vfs::Volume;

impl Volumes {
    /// Characters of the longest name.
    const NAME_LIMIT: usize = 60;
    /// A folder that takes longer to be looked at does not answer.
    const ANSWER_WITHIN: Duration = Duration::from_secs(10);

    /// Adds a folder of the host as a volume: makes it if it is missing, probes and marks it. Accounts
    /// can be made there at once.
    ///
    /// # Errors
    ///
    /// [`VolumeError::Root`] says what is wrong with the folder; [`VolumeError::BadName`],
    /// [`VolumeError::Taken`]. Nothing is left behind.
    pub async fn add(&self, actor: &Actor, new: NewVolume) -> Result<StorageVolume, VolumeError> {
        require(actor)?;
        let name = named(&new.name)?;
        let (unix_ms, random) = self.0.foundation.id_parts();
        let id = VolumeId::from_parts(unix_ms, random);
        let mark = VolumeMark {
            volume_id: id,
            token: self.token(),
        };
        let ground = self.ground(id).await?;
        let (typed, marked) = (new.root, mark.clone());
        let prepared = answer(move || ground.prepare(&typed, &marked)).await?;
        let now = self.0.foundation.now();
        let volume = StorageVolume {
            id,
            name,
            root: prepared.root.display().to_string(),
            mark: mark.token,
            reserve: new.reserve,
            is_closed: false,
            is_default: new.is_default,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        if let Err(error) = self.insert(actor, &volume).await {
            take_back(prepared).await;
            return Err(taken(error, &volume));
        }
        self.changed().await?;
        Ok(volume)
    }

    /// Replaces the editable part; `seen` is the version that the editor saw. Another folder must bear
    /// the mark of the volume: its files were moved there.
    ///
    /// # Errors
    ///
    /// [`VolumeError::Stale`] if somebody else saved first; [`VolumeError::IsFirst`] if the folder of
    /// the data directory would be another one; [`VolumeError::IsDefault`] if new accounts would have
    /// nowhere to go; and those of [`Volumes::add`].
    pub async fn change(
        &self,
        actor: &Actor,
        id: VolumeId,
        seen: Version,
        settings: VolumeSettings,
    ) -> Result<StorageVolume, VolumeError> {
        require(actor)?;
        let before = self.get(id).await?;
        // The default moves by making another volume the default, never by leaving none.
        let is_default = settings.is_default || before.is_default;
        if is_default && settings.is_closed {
            return Err(VolumeError::IsDefault);
        }
        let mut after = StorageVolume {
            name: named(&settings.name)?,
            root: self.moved(&before, settings.root).await?,
            reserve: settings.reserve,
            is_closed: settings.is_closed,
            is_default,
            version: seen,
            ..before.clone()
        };
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        let saved = tx.save_volume(&after, foundation.now()).await;
        after.version = saved.map_err(|error| taken(error, &after))?;
        let deed = deed(AuditAction::VolumeChanged, &after, changes(&before, &after));
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.changed().await?;
        self.get(id).await
    }

    /// Removes a volume on which nobody has anything. Its folder stays, without the mark.
    ///
    /// # Errors
    ///
    /// [`VolumeError::IsFirst`], [`VolumeError::IsDefault`], [`VolumeError::InUse`],
    /// [`VolumeError::NotFound`].
    pub async fn remove(&self, actor: &Actor, id: VolumeId) -> Result<StorageVolume, VolumeError> {
        require(actor)?;
        let rows = self.rows().await?;
        let row = rows.into_iter().find(|row| row.volume.id == id);
        let row = row.ok_or(VolumeError::NotFound)?;
        removable(&row)?;
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        match tx.delete_volume(id).await {
            Ok(true) => {}
            Ok(false) => return Err(VolumeError::NotFound),
            Err(StoreError::Conflict(Conflict::InUse)) => return Err(in_use(&row)),
            Err(error) => return Err(error.into()),
        }
        let deed = deed(AuditAction::VolumeRemoved, &row.volume, Vec::new());
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        let open = self.opened(id);
        self.changed().await?;
        if let Ok((open, _)) = open {
            unmark(open, &row.volume.name).await;
        }
        Ok(row.volume)
    }

    /// Marks the folder of a volume again, after somebody made sure that it is the right one: its mark
    /// was lost, or its files came back from a backup that left the mark out.
    ///
    /// # Errors
    ///
    /// [`VolumeError::NotUnmarked`] unless a mark is all that is missing, [`VolumeError::Root`].
    pub async fn adopt(&self, actor: &Actor, id: VolumeId) -> Result<StorageVolume, VolumeError> {
        require(actor)?;
        let volume = self.get(id).await?;
        let report = self.report(id).ok_or(VolumeError::NotFound)?;
        if report.condition != Condition::Unmarked {
            return Err(VolumeError::NotUnmarked);
        }
        let mark = VolumeMark {
            volume_id: id,
            token: volume.mark.clone(),
        };
        answer(move || {
            let folder = Volume::open(&report.root).map_err(RootError::Unwritable)?;
            folder.probe().map_err(RootError::Unwritable)?;
            folder.set_mark(&mark).map_err(RootError::Unwritable)
        })
        .await?;
        let foundation = &self.0.foundation;
        let told = vec![(
            "mark".to_owned(),
            "missing".to_owned(),
            "written".to_owned(),
        )];
        let mut tx = foundation.db.begin().await?;
        let deed = deed(AuditAction::VolumeChanged, &volume, told);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.look_at(|found| found == id).await;
        Ok(volume)
    }

    async fn insert(&self, actor: &Actor, volume: &StorageVolume) -> Result<(), StoreError> {
        let foundation = &self.0.foundation;
        let mut tx = foundation.db.begin().await?;
        tx.insert_volume(volume).await?;
        let told = vec![("folder".to_owned(), String::new(), volume.root.clone())];
        let deed = deed(AuditAction::VolumeAdded, volume, told);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await
    }

    /// The folder of `before` from now on.
    async fn moved(&self, before: &StorageVolume, root: String) -> Result<String, VolumeError> {
        let root = root.trim().to_owned();
        if root == before.root {
            return Ok(root);
        }
        if before.id == VolumeId::FIRST {
            return Err(VolumeError::IsFirst);
        }
        let ground = self.ground(before.id).await?;
        let mark = VolumeMark {
            volume_id: before.id,
            token: before.mark.clone(),
        };
        let found = answer(move || ground.find_moved(&root, &mark)).await?;
        Ok(found.display().to_string())
    }

    /// What stands around a folder for the volume `id`.
    async fn ground(&self, id: VolumeId) -> Result<Ground, VolumeError> {
        let folders = &self.0.folders;
        let volumes = self.0.foundation.db.volumes().await?;
        let others = volumes.into_iter().filter(|volume| volume.id != id);
        let neighbour = |volume: StorageVolume| {
            let root = super::shelf::root_of(&volume, &folders.files);
            (volume.name, root)
        };
        Ok(Ground {
            data: folders.data.clone(),
            neighbours: others.map(neighbour).collect(),
        })
    }

    /// Lets this process follow a change, and tells the others.
    async fn changed(&self) -> Result<(), StoreError> {
        self.reload().await?;
        self.0.foundation.publish(Event::VolumesChanged);
        Ok(())
    }
}

/// Whether a volume can be removed, as far as is known.
fn removable(row: &VolumeRow) -> Result<(), VolumeError> {
    if row.volume.id == VolumeId::FIRST {
        return Err(VolumeError::IsFirst);
    }
    if row.volume.is_default {
        return Err(VolumeError::IsDefault);
    }
    if row.accounts > 0 || row.deleted_accounts > 0 {
        return Err(in_use(row));
    }
    Ok(())
}

fn in_use(row: &VolumeRow) -> VolumeError {
    VolumeError::InUse {
        accounts: row.accounts,
        deleted: row.deleted_accounts,
    }
}

fn require(actor: &Actor) -> Result<(), VolumeError> {
    let right = Right::ChangeSettings;
    if actor.may(right) {
        Ok(())
    } else {
        Err(VolumeError::Forbidden(right))
    }
}

fn named(typed: &str) -> Result<String, VolumeError> {
    let name = typed.trim();
    let is_long = name.chars().count() > Volumes::NAME_LIMIT;
    if name.is_empty() || is_long || name.chars().any(char::is_control) {
        return Err(VolumeError::BadName);
    }
    Ok(name.to_owned())
}

/// Waits for the disk, which may not answer; then what was begun goes on without anybody.
async fn answer<T, F>(ask: F) -> Result<T, RootError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, RootError> + Send + 'static,
{
    let asked = tokio::task::spawn_blocking(ask);
    match tokio::time::timeout(Volumes::ANSWER_WITHIN, asked).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) | Err(_) => Err(RootError::Silent),
    }
}

async fn take_back(prepared: Prepared) {
    // If the disk does not answer any more, nothing is lost but an empty folder.
    let _late = answer(move || {
        prepared.undo();
        Ok(())
    })
    .await;
}

async fn unmark(folder: Volume, name: &str) {
    let unmarked = answer(move || folder.clear_mark().map_err(RootError::Unwritable));
    if let Err(error) = unmarked.await {
        tracing::warn!(volume.name = %name, %error, "the mark of `{name}` could not be removed");
    }
}

fn taken(error: StoreError, volume: &StorageVolume) -> VolumeError {
    match error {
        StoreError::Conflict(Conflict::VolumeName) => VolumeError::Taken(volume.name.clone()),
        StoreError::Conflict(Conflict::VolumeRoot) => {
            VolumeError::Root(RootError::Same("Another volume".to_owned()))
        }
        other => other.into(),
    }
}

fn deed(
    action: AuditAction,
    volume: &StorageVolume,
    changes: Vec<(String, String, String)>,
) -> Deed<'_> {
    Deed {
        action,
        object: &volume.name,
        object_id: volume.id.to_string(),
        changes,
    }
}

fn changes(before: &StorageVolume, after: &StorageVolume) -> Vec<(String, String, String)> {
    let reserve = |volume: &StorageVolume| {
        let own = volume.reserve.map(bytes);
        own.unwrap_or_else(|| "from the settings".to_owned())
    };
    let takes = |volume: &StorageVolume| yes_or_no(!volume.is_closed);
    let default = |volume: &StorageVolume| yes_or_no(volume.is_default);
    differences([
        ("name", before.name.clone(), after.name.clone()),
        ("folder", before.root.clone(), after.root.clone()),
        ("leave free", reserve(before), reserve(after)),
        ("new accounts", takes(before), takes(after)),
        ("default", default(before), default(after)),
    ])
}

fn yes_or_no(yes: bool) -> String {
    (if yes { "yes" } else { "no" }).to_owned()
}
