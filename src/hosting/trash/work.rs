//! The two jobs about files of deleted accounts. Both find out what is done already, so that they can
//! be begun again after a service that died in between.

use std::time::Duration;

use super::service::Trash;
use crate::hosting::jobs::{JobFailure, JobReport, JobTask};
use crate::model::{AccountId, ByteSize, JobUnit, TrashEntry, TrashState, Usage};
use crate::vfs::StorageError;

impl Trash {
    /// The folder of the trash, beside those of the customers; no customer's begins with a dot.
    const FOLDER: &str = ".trash";
    /// Names that are removed in one step.
    const STEP: usize = 512;
    /// Pause after a step: others get most of the disk's time.
    const PAUSE: Duration = Duration::from_millis(10);
    /// Steps that remove nothing before somebody who keeps filling the tree wins.
    const IDLE_STEPS: u32 = 50;

    /// Moves the files of a deleted account into the trash, in one piece.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; the files are where they were.
    pub async fn discard(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let Some(entry) = self.entry(task).await? else {
            return Ok(told("The files are gone already.", Vec::new()));
        };
        let place = format!("{}/{}", Self::FOLDER, entry.account_id);
        let facts = vec![("Files".to_owned(), words(entry.usage))];
        if entry.place == place {
            return Ok(told("The files lie in the trash.", facts));
        }
        match self.volumes.relocate(&entry.place, &place).await {
            Ok(()) => {}
            // A disk of its own is mounted there: what lies on it cannot be moved in one piece.
            Err(StorageError::CrossesMount | StorageError::Busy) => {
                task.log("The folder is on a disk of its own, so the files stay where they are.");
                return Ok(told("The files lie in their old folder.", facts));
            }
            Err(error) => return Err(error.into()),
        }
        let mut tx = self.foundation.db.begin().await?;
        tx.set_trash_place(entry.account_id, &place).await?;
        tx.commit().await?;
        Ok(told("The files lie in the trash.", facts))
    }

    /// Removes the files of a deleted account for good: in steps, so that nobody else waits long for
    /// the disk. A link goes as a link.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; what was removed before stays removed, and the rest is kept.
    pub async fn remove(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let Some(entry) = self.entry(task).await? else {
            return Ok(told("The files are gone already.", Vec::new()));
        };
        task.expect(Some(entry.usage.files), JobUnit::Files);
        let removed = self.clear(task, &entry.place).await;
        let mut tx = self.foundation.db.begin().await?;
        match &removed {
            Ok(_) => {
                tx.delete_trash(entry.account_id).await?;
            }
            Err(JobFailure::Stopped) => {}
            // Whoever stopped it does not want it to begin again by itself.
            Err(_) => {
                let kept = TrashState::Kept;
                tx.set_trash_state(entry.account_id, kept, None).await?;
            }
        }
        tx.commit().await?;
        let removed = removed?;
        let facts = [
            ("Files removed", removed.files.to_string()),
            ("Space freed", ByteSize(removed.bytes).to_string()),
        ];
        let facts = facts.map(|(name, value)| (name.to_owned(), value));
        Ok(told("The files are gone for good.", facts.into()))
    }

    async fn clear(&self, task: &JobTask, place: &str) -> Result<Usage, JobFailure> {
        let mut removed = Usage::default();
        let mut idle = 0;
        loop {
            task.check()?;
            let cut = self.volumes.remove_some(place, Self::STEP).await?;
            removed.bytes = removed.bytes.saturating_add(cut.files.bytes);
            removed.files = removed.files.saturating_add(cut.files.files);
            task.advance(cut.files.files);
            if cut.is_gone {
                return Ok(removed);
            }
            idle = if cut.names == 0 { idle + 1 } else { 0 };
            if idle == Self::IDLE_STEPS {
                let words = "Somebody keeps putting files there.";
                return Err(JobFailure::Failed(words.to_owned()));
            }
            task.pause(Self::PAUSE).await?;
        }
    }

    async fn entry(&self, task: &JobTask) -> Result<Option<TrashEntry>, JobFailure> {
        let id: AccountId = task.spec()?;
        Ok(self.foundation.db.trash_entry(id).await?)
    }
}

fn words(usage: Usage) -> String {
    let files = if usage.files == 1 { "file" } else { "files" };
    format!("{} {files}, {}", usage.files, ByteSize(usage.bytes))
}

fn told(result: &str, facts: Vec<(String, String)>) -> JobReport {
    JobReport {
        result: result.to_owned(),
        facts,
    }
}
