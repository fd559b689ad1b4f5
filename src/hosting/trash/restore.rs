//! The job that makes a deleted account again. Until the account is there, its files can be anywhere between
//! trash and home, so that it looks in both places whenever it is begun again.

use super::error::obstacle;
use super::service::Trash;
use crate::hosting::accounts::AccountError;
use crate::hosting::jobs::{JobFailure, JobReport, JobTask};
use crate::hosting::trash_jobs::RestoreSpec;
use crate::model::{Account, Actor, ByteSize, TrashEntry};
use crate::vfs::StorageError;

impl Trash {
    /// Moves the files of a deleted account back into its home, counts them, and makes the account
    /// again.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; the files are where they were, or where the next attempt finds them.
    pub async fn bring_back(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let spec: RestoreSpec = task.spec()?;
        let db = &self.foundation.db;
        let Some(entry) = db.trash_entry(spec.account).await? else {
            return match db.account(spec.account).await? {
                Some(_) => Ok(JobReport {
                    result: "The account is there.".to_owned(),
                    facts: Vec::new(),
                }),
                None => Err(failed("The files are gone for good.")),
            };
        };
        let account = db.deleted_account(spec.account).await?;
        let mut account = account.ok_or_else(|| failed("Only the files are left."))?;
        account.username = (spec.username.parse())
            .map_err(|_| failed("Nobody knows any more what it was to be called."))?;
        let check = self.accounts.check_return(&account, entry.usage).await;
        check.map_err(refused)?;
        self.move_home(&entry, &account).await?;
        let actor = Actor {
            name: task.job().actor.clone(),
            ..Actor::system()
        };
        match self.accounts.restore(&actor, &account, &entry).await {
            Ok(held) => Ok(JobReport {
                result: format!("The account {} is there again.", account.username),
                facts: [
                    ("Files", held.files.to_string()),
                    ("Size", ByteSize(held.bytes).to_string()),
                    ("Customer", entry.customer),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            }),
            // It may be there or not: the files stay where it would have them.
            Err(error @ AccountError::Store(_)) => Err(refused(error)),
            Err(error) => {
                self.move_back(task, (&entry, &account)).await;
                Err(refused(error))
            }
        }
    }

    async fn move_home(&self, entry: &TrashEntry, account: &Account) -> Result<(), JobFailure> {
        let trash = Self::place(entry.account_id);
        for place in [&trash, &entry.place] {
            if *place == account.home {
                continue;
            }
            match self
                .volumes
                .relocate(entry.volume_id, place, &account.home)
                .await
            {
                Ok(()) => {}
                Err(StorageError::Exists) => {
                    let words = format!("Something lies in {}, where its home was", account.home);
                    return Err(JobFailure::Failed(words));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The account could not be made: its files go where they were.
    async fn move_back(&self, task: &JobTask, (entry, account): (&TrashEntry, &Account)) {
        if entry.place == account.home {
            return;
        }
        if let Err(error) = self
            .volumes
            .relocate(entry.volume_id, &account.home, &entry.place)
            .await
        {
            let home = &account.home;
            task.log(&format!(
                "The files lie in {home}; they cannot be moved back: {error}."
            ));
        }
    }
}

fn failed(words: &str) -> JobFailure {
    JobFailure::Failed(words.to_owned())
}

fn refused(error: AccountError) -> JobFailure {
    match (obstacle(&error), error) {
        (Some(words), _) => JobFailure::Failed(words),
        (None, AccountError::Store(error)) => error.into(),
        (None, AccountError::Home(error)) => error.into(),
        (None, error) => JobFailure::Failed(error.to_string()),
    }
}
