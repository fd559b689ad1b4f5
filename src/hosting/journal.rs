//! The transfer journal: written in batches, queried by pages.

use crate::clock::Timestamp;
use crate::model::JournalEntry;
use crate::model::page::{BusyAccount, HourTraffic, JournalQuery};
use crate::store::StoreError;

/// A cheap handle on the journal.
#[derive(Clone, Debug)]
pub struct Journal;

impl Journal {
    /// Hands a row to the writer. Waits only if the writer is far behind.
    pub async fn record(&self, entry: JournalEntry) {
        todo!()
    }

    /// One page of rows, latest first. Rows handed over before are on it.
    pub async fn page(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        todo!()
    }

    /// Bytes moved per hour since a moment.
    pub async fn traffic(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        todo!()
    }

    /// The accounts that moved most since a moment.
    pub async fn busiest(
        &self,
        since: Timestamp,
        most: u64,
    ) -> Result<Vec<BusyAccount>, StoreError> {
        todo!()
    }
}
