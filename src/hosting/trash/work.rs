//! The two jobs about files of deleted accounts. Both find out what is done already, so that they can
//! be begun again after a service that died in between.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::service::Trash;
use crate::hosting::jobs::{JobFailure, JobReport, JobTask};
use crate::model::{AccountId, ByteSize, JobUnit, Progress, TrashEntry, Usage};
use crate::vfs::{Left, Removal, StorageError};

impl Trash {
    /// The folder of the trash, beside those of the customers; no customer's begins with a dot.
    const FOLDER: &str = ".trash";

    /// Moves the files of a deleted account into the trash, in one piece.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; the files are where they were.
    pub async fn discard(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let Some(entry) = self.entry(task).await? else {
            return Ok(told("The files are gone already.", Vec::new()));
        };
        let place = Self::place(entry.account_id);
        let facts = vec![("Files".to_owned(), words(entry.usage))];
        if entry.place == place {
            return Ok(told("The files lie in the trash.", facts));
        }
        match self
            .volumes
            .relocate(entry.volume_id, &entry.place, &place)
            .await
        {
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
    /// the disk. A link goes as a link. What cannot be removed is told, and does not keep the rest from it.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; what was removed before stays removed, and the rest is kept.
    pub async fn remove(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let Some(entry) = self.entry(task).await? else {
            return Ok(told("The files are gone already.", Vec::new()));
        };
        let before = task.go_on(Some(entry.usage.files), JobUnit::Files);
        let mut purge = Purge {
            task,
            removed: Usage::default(),
            stays: Vec::new(),
            stays_count: 0,
        };
        let mut outcome = Ok(());
        for place in &self.places(&entry).await? {
            outcome = match outcome {
                Ok(()) => {
                    purge
                        .clear(self.volumes.removal(entry.volume_id, place)?, place)
                        .await
                }
                failed => failed,
            };
        }
        purge.log();
        if matches!(outcome, Err(JobFailure::Stopped)) {
            return Err(JobFailure::Stopped);
        }
        let is_missing = before == 0 && purge.found_nothing() && entry.usage.files > 0;
        let is_gone = outcome.is_ok() && purge.stays_count == 0 && !is_missing;
        if is_gone && before > 0 {
            // What was removed in the last moments of an earlier server was not written down.
            let Progress { done, total, .. } = task.progress();
            task.advance(total.unwrap_or(done).saturating_sub(done));
        }
        let mut tx = self.foundation.db.begin().await?;
        if is_gone {
            tx.delete_trash(entry.account_id).await?;
        } else if outcome.is_ok() && is_missing {
            // Whoever purges again knows what is not there.
            tx.set_trash_usage(entry.account_id, Usage::default())
                .await?;
        } else {
            let left = Usage {
                bytes: entry.usage.bytes.saturating_sub(purge.removed.bytes),
                files: entry.usage.files.saturating_sub(task.progress().done),
            };
            tx.set_trash_usage(entry.account_id, left).await?;
        }
        tx.commit().await?;
        outcome?;
        if is_missing {
            return Err(JobFailure::Failed(format!(
                "Nothing lies where {} files should be: is a disk not mounted? Mount it and start                  again; if they are gone, start again as well",
                entry.usage.files
            )));
        }
        purge.report(before > 0)
    }

    /// Everywhere that files of a deleted account may lie: a service that died while it moved them did not
    /// write it down.
    async fn places(&self, entry: &TrashEntry) -> Result<Vec<String>, JobFailure> {
        let account = self.foundation.db.deleted_account(entry.account_id).await?;
        let mut places = vec![entry.place.clone(), Self::place(entry.account_id)];
        places.extend(account.map(|account| account.home));
        places.sort();
        places.dedup();
        Ok(places)
    }

    /// Where the files of a deleted account lie in the trash.
    pub(super) fn place(id: AccountId) -> String {
        format!("{}/{id}", Self::FOLDER)
    }

    async fn entry(&self, task: &JobTask) -> Result<Option<TrashEntry>, JobFailure> {
        let id: AccountId = task.spec()?;
        Ok(self.foundation.db.trash_entry(id).await?)
    }
}

/// A purge that is going on.
struct Purge<'a> {
    task: &'a JobTask,
    removed: Usage,
    /// The first names that could not be removed.
    stays: Vec<String>,
    stays_count: u64,
}

impl Purge<'_> {
    fn found_nothing(&self) -> bool {
        self.removed == Usage::default() && self.stays_count == 0
    }

    /// Names that are looked at in one step.
    const STEP: usize = 512;
    /// Pause after a step: others get most of the disk's time.
    const PAUSE: Duration = Duration::from_millis(10);

    async fn clear(&mut self, mut removal: Removal, place: &str) -> Result<(), JobFailure> {
        let outcome = loop {
            if let Err(failure) = self.task.check() {
                break Err(failure);
            }
            let cut = removal.step(Self::STEP).await?;
            self.removed.bytes = self.removed.bytes.saturating_add(cut.files.bytes);
            self.removed.files = self.removed.files.saturating_add(cut.files.files);
            self.task.advance(cut.files.files);
            match cut.left {
                Left::More => {}
                Left::Nothing | Left::Stays => break Ok(()),
                Left::Refilled => {
                    let words = "Somebody keeps putting files there.";
                    break Err(JobFailure::Failed(words.to_owned()));
                }
            }
            if let Err(failure) = self.task.pause(Self::PAUSE).await {
                break Err(failure);
            }
        };
        self.stays_count += removal.stays_count();
        for stay in removal.stays() {
            let folders = Path::new(place).iter().chain(&stay.path);
            let path: PathBuf = folders.collect();
            self.stays.push(format!("{}: {}", path.display(), stay.why));
        }
        outcome
    }

    /// Names what could not be removed in the log of the job.
    fn log(&self) {
        for stay in &self.stays {
            self.task.log(&format!("Not removed: {stay}."));
        }
        let told = u64::try_from(self.stays.len()).unwrap_or(u64::MAX);
        let more = self.stays_count.saturating_sub(told);
        if more > 0 {
            self.task.log(&format!("Not removed: {more} more."));
        }
    }

    fn report(&self, goes_on: bool) -> Result<JobReport, JobFailure> {
        let freed = if goes_on {
            "Space freed since it was begun again"
        } else {
            "Space freed"
        };
        let mut facts = vec![
            ("Files removed", self.task.progress().done.to_string()),
            (freed, ByteSize(self.removed.bytes).to_string()),
        ];
        let count = self.stays_count;
        if count > 0 {
            facts.push(("Not removed", count.to_string()));
        }
        let facts = facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let facts = facts.collect();
        match self.stays.first() {
            None => Ok(told("The files are gone for good.", facts)),
            Some(first) if count == 1 => {
                let words = format!("Everything is gone but {first}.");
                Err(JobFailure::Incomplete(told(&words, facts)))
            }
            Some(first) => {
                let words = format!(
                    "Everything is gone but {count} files and folders that cannot be removed, and what \
                     they lie in; the log names them. The first is {first}."
                );
                Err(JobFailure::Incomplete(told(&words, facts)))
            }
        }
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
