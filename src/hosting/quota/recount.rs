//! Compares the books with the disk while customers work, and explains the difference.
//!
//! One moment is enough: the books are read when nothing is between the disk and the books, and the
//! count tells what stood on the disk at that moment, however long it takes and whatever changes
//! meanwhile. The difference is added to the books then; nothing that was booked since is lost.

use std::time::Duration;

use tokio::time::timeout;

use super::error::QuotaError;
use super::finding::{Finding, Totals};
use super::ledger::Ledger;
use crate::clock::Timestamp;
use crate::hosting::foundation::{Deed, Foundation, differences};
use crate::hosting::jobs::{JobFailure, JobReport, JobTask, NewJob};
use crate::hosting::volumes::Volumes;
use crate::model::{Account, AccountId, Actor, AuditAction, CustomerId, JobKind, JobUnit, Usage};
use crate::vfs::{LocalHome, RecountStep, StorageError};

/// Whose files are to be counted.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub enum RecountSpec {
    /// Of one account.
    Account(AccountId),
    /// Of every account of a customer.
    Customer(CustomerId),
    /// Of everybody.
    All,
}

impl RecountSpec {
    /// The job that does it; `subject` is the name of the account or the customer.
    pub fn job(&self, subject: &str) -> NewJob {
        let (subject, subject_id) = match self {
            Self::Account(id) => (subject.to_owned(), id.to_string()),
            Self::Customer(id) => (subject.to_owned(), id.to_string()),
            Self::All => ("all accounts".to_owned(), "all-accounts".to_owned()),
        };
        NewJob {
            kind: JobKind::Recount,
            subject,
            subject_id,
            spec: serde_json::json!(self).to_string(),
        }
    }
}

/// Counts again.
#[derive(Clone, Debug)]
pub struct Recounts {
    foundation: Foundation,
    ledger: Ledger,
    volumes: Volumes,
}

impl Recounts {
    /// Names that are looked at in one step.
    const STEP: u64 = 256;
    /// Pause after a step: 25,600 names in a second at most.
    const PAUSE: Duration = Duration::from_millis(10);
    /// Times that a count begins anew because a folder was moved across it.
    const RESTARTS: u32 = 3;
    /// How long what is between disk and books may take to be booked.
    const REST_WITHIN: Duration = Duration::from_secs(10);
    /// How long changes may wait for the last, quiet count.
    const QUIET_WITHIN: Duration = Duration::from_mins(1);
    /// Accounts that are read at once.
    const BATCH: u64 = 200;

    /// Counts on these volumes, for these books.
    pub fn new(foundation: Foundation, ledger: Ledger, volumes: Volumes) -> Self {
        Self {
            foundation,
            ledger,
            volumes,
        }
    }

    /// Does what the job says. It may be begun again at any time.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; accounts that were compared before stay corrected.
    pub async fn run(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        match task.spec()? {
            RecountSpec::Account(id) => self.one(task, id).await,
            RecountSpec::Customer(id) => {
                let accounts = self.foundation.db.accounts_of_customer(id).await?;
                let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
                let mut totals = Totals::default();
                task.expect(u64::try_from(ids.len()).ok(), JobUnit::Accounts);
                self.many(task, &ids, &mut totals).await?;
                Ok(totals.report())
            }
            RecountSpec::All => self.all(task).await,
        }
    }

    async fn one(&self, task: &JobTask, id: AccountId) -> Result<JobReport, JobFailure> {
        let gone = || JobFailure::Failed("The account was deleted.".to_owned());
        task.expect(Some(self.ledger.usage(id).files), JobUnit::Files);
        let finding = self.compare(task, id, true).await?.ok_or_else(gone)?;
        Ok(finding.report())
    }

    async fn all(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let known = u64::try_from(self.ledger.accounts()).ok();
        task.expect(known, JobUnit::Accounts);
        let mut totals = Totals::default();
        let mut after = None;
        loop {
            let db = &self.foundation.db;
            let briefs = db.account_briefs(after, Self::BATCH).await?;
            let ids: Vec<AccountId> = briefs.iter().map(|brief| brief.account_id).collect();
            let Some(last) = ids.last() else {
                return Ok(totals.report());
            };
            after = Some(*last);
            self.many(task, &ids, &mut totals).await?;
        }
    }

    /// Compares account after account. One that cannot be counted does not keep the others from it.
    async fn many(
        &self,
        task: &JobTask,
        ids: &[AccountId],
        totals: &mut Totals,
    ) -> Result<(), JobFailure> {
        for id in ids {
            match self.compare(task, *id, false).await {
                Ok(Some(finding)) => {
                    totals.compared += 1;
                    if !finding.agrees() {
                        totals.wrong += 1;
                        let (name, difference) = (&finding.username, finding.difference());
                        task.log(&format!("{name}: the books were wrong by {difference}."));
                    }
                }
                Ok(None) => {}
                Err(failure @ (JobFailure::Cancelled | JobFailure::Stopped)) => {
                    return Err(failure);
                }
                Err(failure) => {
                    totals.failed += 1;
                    let name = self.name(*id).await;
                    task.log(&format!("{name} could not be counted: {failure}"));
                }
            }
            task.advance(1);
        }
        Ok(())
    }

    async fn name(&self, id: AccountId) -> String {
        let account = self.foundation.db.account(id).await.ok().flatten();
        account.map_or_else(|| id.to_string(), |account| account.username.to_string())
    }

    /// Compares one account with the disk and corrects the books; `None` if it is gone.
    async fn compare(
        &self,
        task: &JobTask,
        id: AccountId,
        tells_files: bool,
    ) -> Result<Option<Finding>, JobFailure> {
        let db = &self.foundation.db;
        let Some(account) = db.account(id).await? else {
            return Ok(None);
        };
        let home = self.volumes.home(&account).await?;
        for _ in 0..=Self::RESTARTS {
            if let Some(finding) = self.walk(task, &account, (&home, tells_files)).await? {
                return self.correct(&account, finding).await.map(Some);
            }
            task.log("A folder was moved across the count; it begins anew.");
        }
        task.log("Folders move too often: changes wait while the files are counted.");
        let finding = self.quiet(&account, &home).await?;
        self.correct(&account, finding).await.map(Some)
    }

    /// Counts while everything goes on; `None` if a folder was moved across the count.
    async fn walk(
        &self,
        task: &JobTask,
        account: &Account,
        (home, tells_files): (&LocalHome, bool),
    ) -> Result<Option<Finding>, JobFailure> {
        let quota = self.ledger.quota(account.id).ok_or_else(gone)?;
        let rest = timeout(Self::REST_WITHIN, quota.rest()).await;
        let rest = rest.map_err(|_late| busy())?;
        let mut recount = loop {
            match home.begin_recount() {
                // Another job counts it.
                Err(StorageError::Busy) => task.pause(Self::PAUSE).await?,
                begun => break begun?,
            }
        };
        let books = quota.usage();
        let at = self.foundation.now();
        drop(rest);
        loop {
            task.check()?;
            let disk = match recount.step(Self::STEP).await? {
                RecountStep::Crossed | RecountStep::TooMany => return Ok(None),
                RecountStep::Done(disk) => disk,
                RecountStep::More(names) => {
                    if tells_files {
                        task.advance(names);
                    }
                    task.pause(Self::PAUSE).await?;
                    continue;
                }
            };
            return Ok(Some(self.finding(account, at, (books, disk)).await?));
        }
    }

    /// Counts while every change of the account waits.
    async fn quiet(&self, account: &Account, home: &LocalHome) -> Result<Finding, JobFailure> {
        let quota = self.ledger.quota(account.id).ok_or_else(gone)?;
        let rest = timeout(Self::REST_WITHIN, quota.rest()).await;
        let _rest = rest.map_err(|_late| busy())?;
        let at = self.foundation.now();
        let counted = timeout(Self::QUIET_WITHIN, home.count()).await;
        let disk = counted.map_err(|_late| busy())??;
        self.finding(account, at, (quota.usage(), disk)).await
    }

    async fn finding(
        &self,
        account: &Account,
        at: Timestamp,
        (books, disk): (Usage, Usage),
    ) -> Result<Finding, JobFailure> {
        let counted = self.foundation.db.counted_at(account.id).await?;
        Ok(Finding {
            username: account.username.clone(),
            at,
            books,
            disk,
            since: counted.unwrap_or(account.created_at),
        })
    }

    /// Adds the difference to the books, and writes down that they were compared.
    async fn correct(&self, account: &Account, finding: Finding) -> Result<Finding, JobFailure> {
        self.ledger.correct(account.id, finding.books, finding.disk);
        let mut tx = self.foundation.db.begin().await?;
        tx.set_counted_at(account.id, finding.at).await?;
        if !finding.agrees() {
            tracing::warn!(
                account.name = %account.username,
                books.bytes = finding.books.bytes,
                books.files = finding.books.files,
                disk.bytes = finding.disk.bytes,
                disk.files = finding.disk.files,
                "the books of `{}` were wrong and are corrected",
                account.username,
            );
            let (books, disk) = (finding.books, finding.disk);
            let changes = differences([
                ("bytes", books.bytes.to_string(), disk.bytes.to_string()),
                ("files", books.files.to_string(), disk.files.to_string()),
            ]);
            let deed = Deed {
                action: AuditAction::QuotaRecounted,
                object: account.username.as_str(),
                object_id: account.id.to_string(),
                changes,
            };
            self.foundation
                .audit(&mut tx, &Actor::system(), deed)
                .await?;
        }
        tx.commit().await?;
        Ok(finding)
    }
}

fn gone() -> JobFailure {
    JobFailure::Failed("The account was deleted.".to_owned())
}

fn busy() -> JobFailure {
    JobFailure::Failed("The account did not come to rest; try again later.".to_owned())
}

impl From<QuotaError> for JobFailure {
    fn from(error: QuotaError) -> Self {
        Self::Failed(error.to_string())
    }
}
