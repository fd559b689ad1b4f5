//! What accounts hold.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{AccountId, Usage};

/// What an account holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UsageChange {
    /// The account.
    pub account_id: AccountId,
    /// Bytes and files.
    pub usage: Usage,
    /// Whether the figures may be behind the disk.
    pub dirty: bool,
}

impl Db {
    /// What an account holds, as last written down, and whether the figures may be behind the disk.
    pub async fn usage(&self, id: AccountId) -> Result<Option<(Usage, bool)>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Writes down what accounts hold; accounts that are gone are passed over.
    pub async fn save_usage(
        &mut self,
        changes: &[UsageChange],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Marks accounts whose figures may fall behind the disk.
    pub async fn mark_dirty(&mut self, ids: &[AccountId], at: Timestamp) -> Result<(), StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
