//! Settings as text, and the history of their changes.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::SettingRevision;

/// The settings as stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StoredSettings {
    /// Number of the latest revision; 0 before the first.
    pub revision: i64,
    /// Key and text of every setting that was ever changed.
    pub rows: Vec<(String, String)>,
}

impl Db {
    /// Every stored setting and the number of the latest revision.
    pub async fn settings(&self) -> Result<StoredSettings, StoreError> {
        todo!()
    }

    /// At most `limit` revisions, latest first, only older than `before` if that is given.
    pub async fn setting_revisions(
        &self,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<SettingRevision>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Stores the new texts of `changes` (key, text before, text after) as one revision and returns
    /// its number. `seen` is the revision that was read.
    pub async fn change_settings(
        &mut self,
        seen: i64,
        at: Timestamp,
        actor: &str,
        changes: &[(String, String, String)],
    ) -> Result<i64, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
