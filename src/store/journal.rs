//! The transfer journal.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{BusyAccount, HourTraffic, JournalEntry, JournalQuery};

impl Db {
    /// The rows that match, latest first.
    pub async fn transfers(&self, query: &JournalQuery) -> Result<Vec<JournalEntry>, StoreError> {
        todo!()
    }

    /// Counts the rows that match (whatever `before` and `limit` say), but not beyond `at_most`.
    pub async fn count_transfers(
        &self,
        query: &JournalQuery,
        at_most: u64,
    ) -> Result<u64, StoreError> {
        todo!()
    }

    /// Bytes moved per hour since `since`, earliest first; hours without transfers are left out.
    pub async fn traffic_by_hour(&self, since: Timestamp) -> Result<Vec<HourTraffic>, StoreError> {
        todo!()
    }

    /// The accounts that moved most bytes since `since`.
    pub async fn busiest_accounts(
        &self,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<BusyAccount>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Appends rows.
    pub async fn append_transfers(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        todo!()
    }

    /// Removes rows that ended before `before` and returns how many there were.
    pub async fn delete_transfers_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
