//! Doing it: in batches, each in one transaction.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::error::ImportError;
use super::format::{ExportFormat, Hashes};
use super::judge::{Judge, Verdict};
use super::making::Sheet;
use super::order::{Mode, Order, Parts};
use super::record::{Record, RowRefusal};
use super::report::{Counts, Outcome, Progress, Report, RowResult};
use super::{making, ours};
use crate::hosting::accounts::AccountError;
use crate::hosting::foundation::{Deed, Foundation};
use crate::model::page::{AccountQuery, Window};
use crate::model::{Actor, AuditAction, CustomerId, Right};

/// A cheap handle on the imports and exports.
#[derive(Clone, Debug)]
pub struct Imports(Arc<Parts>);

impl Imports {
    /// Accounts that are made in one transaction.
    pub const BATCH: usize = 100;
    /// Accounts of an export that are read at once.
    const PAGE: u64 = 500;

    /// Imports over these services.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Takes over the accounts of a file. `watch` hears how far it is after every batch, and ends it
    /// there by breaking; what was done until then stays done and is in the report. At the end the audit
    /// log has one entry with the counts, beside those of the accounts.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if it cannot go on at all; batches that were done stay done, and the same file
    /// can be imported again.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves the batches that were done, and perhaps some empty home folders.
    pub async fn run(
        &self,
        actor: &Actor,
        records: Vec<Record>,
        order: &Order,
        mut watch: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Report, ImportError> {
        require(actor)?;
        let total = records.len();
        let mut judge = Judge::new(&self.0, order);
        let mut report = Report::default();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() && !report.is_cancelled {
            let batch: Vec<Record> = records.by_ref().take(Self::BATCH).collect();
            let rows = self.batch(actor, &mut judge, batch, order.mode).await?;
            report.rows.extend(rows);
            let progress = Progress {
                done: report.rows.len(),
                total,
            };
            report.is_cancelled = watch(progress).is_break() && report.rows.len() < total;
        }
        report.new_customers = judge.new_customers().cloned().collect();
        if order.mode == Mode::Perform {
            let counted = (report.counts(), report.is_cancelled);
            self.note(actor, order, counted).await?;
        }
        Ok(report)
    }

    /// Accounts of one customer, or of all, as a file. Hashes that leave the house are noted in the
    /// audit log.
    ///
    /// # Errors
    ///
    /// [`ImportError::Store`].
    pub async fn export(
        &self,
        actor: &Actor,
        format: ExportFormat,
        customer: Option<CustomerId>,
        hashes: Hashes,
    ) -> Result<String, ImportError> {
        require(actor)?;
        let mut accounts = Vec::new();
        loop {
            let window = Window {
                offset: accounts.len() as u64,
                limit: Self::PAGE,
            };
            let query = AccountQuery {
                customer_id: customer,
                window,
                ..AccountQuery::default()
            };
            let page = self.0.accounts.stored_page(&query).await?;
            let is_last = page.rows.is_empty();
            let rows = page.rows.into_iter();
            accounts.extend(rows.map(|row| (row.account, row.customer_name)));
            if is_last || accounts.len() as u64 >= page.total {
                break;
            }
        }
        if hashes == Hashes::Included {
            let count = accounts.len().to_string();
            let changes = vec![("accounts".to_owned(), String::new(), count)];
            let action = AuditAction::AccountsExported;
            self.audit(actor, action, "with password hashes", changes)
                .await?;
        }
        Ok(match format {
            ExportFormat::Csv => ours::write_csv(&accounts, hashes),
            ExportFormat::Json => ours::write_json(&accounts, hashes),
        })
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    pub(super) fn foundation(&self) -> &Foundation {
        &self.0.accounts.parts().foundation
    }

    async fn batch(
        &self,
        actor: &Actor,
        judge: &mut Judge<'_>,
        batch: Vec<Record>,
        mode: Mode,
    ) -> Result<Vec<RowResult>, ImportError> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for record in &batch {
            verdicts.push(judge.judge(&record.wanted).await?);
        }
        let mut rows = Vec::with_capacity(batch.len());
        let mut outcomes = match mode {
            Mode::Rehearse => verdicts.iter().map(Verdict::rehearsed).collect(),
            Mode::Perform => self.perform(actor, judge, &verdicts, None).await?,
        }
        .into_iter();
        for record in batch {
            let missing = || Outcome::Refused(RowRefusal::new("line", "it was not looked at"));
            let (old_home, told) = match record.wanted {
                Ok(wanted) => (wanted.old_home, wanted.told),
                Err(_) => (String::new(), Vec::new()),
            };
            rows.push(RowResult {
                place: record.place,
                name: record.name,
                outcome: outcomes.next().unwrap_or_else(missing),
                old_home,
                told,
            });
        }
        Ok(rows)
    }

    /// Does what was judged, with the customers that are missing, and writes it down on the sheet.
    pub(super) async fn perform(
        &self,
        actor: &Actor,
        judge: &mut Judge<'_>,
        verdicts: &[Verdict],
        sheet: Option<Sheet<'_>>,
    ) -> Result<Vec<Outcome>, ImportError> {
        judge.make_customers(actor).await?;
        making::perform(&self.0.accounts, actor, judge, verdicts, sheet).await
    }

    /// Writes the counts of an import into the audit log, and whether it was cancelled.
    pub(super) async fn note(
        &self,
        actor: &Actor,
        order: &Order,
        (counts, is_cancelled): (Counts, bool),
    ) -> Result<(), ImportError> {
        let figures = [
            ("created", counts.created),
            ("changed", counts.changed),
            ("left though different", counts.differing),
            ("unchanged", counts.unchanged),
            ("refused", counts.refused),
        ];
        let mut changes: Vec<_> = figures
            .into_iter()
            .map(|(name, count)| (name.to_owned(), String::new(), count.to_string()))
            .collect();
        if is_cancelled {
            changes.push(("cancelled".to_owned(), String::new(), "yes".to_owned()));
        }
        self.audit(actor, AuditAction::AccountsImported, &order.title, changes)
            .await
    }

    async fn audit(
        &self,
        actor: &Actor,
        action: AuditAction,
        object: &str,
        changes: Vec<(String, String, String)>,
    ) -> Result<(), ImportError> {
        let foundation = self.foundation();
        let deed = Deed {
            action,
            object,
            object_id: String::new(),
            changes,
        };
        let mut tx = foundation.db.begin().await?;
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// # Errors
///
/// `Forbidden`.
pub(super) fn require(actor: &Actor) -> Result<(), ImportError> {
    let right = Right::ManageAccounts;
    if actor.may(right) {
        return Ok(());
    }
    Err(AccountError::Forbidden(right).into())
}
