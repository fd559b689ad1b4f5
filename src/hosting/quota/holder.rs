//! Who holds a reservation.

use crate::model::{AccountId, FileKey};

/// An upload that holds a reservation, or waits for one.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) account: AccountId,
    pub(super) granted: u64,
    pub(super) credit: u64,
    pub(super) credit_key: Option<FileKey>,
    pub(super) files: u64,
    /// Bytes it wants while it waits for younger uploads to give some back; zero otherwise.
    pub(super) wanted: u64,
}

impl Holder {
    /// What the holder takes from others: what it was granted beyond its own credit.
    pub(super) fn charge(&self) -> u64 {
        self.granted.saturating_sub(self.credit)
    }
}
