//! Files of deleted accounts.

use super::id::{AccountId, CustomerId, VolumeId};
use super::quota::Usage;
use crate::clock::Timestamp;

/// What becomes of files without an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrashState {
    /// They stay until somebody removes them.
    Kept,
    /// They are being removed.
    Purging,
    /// The account is being made again.
    Restoring,
    /// They stay for some days.
    Trashed,
}

impl TrashState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Kept, Self::Purging, Self::Restoring, Self::Trashed];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Purging => "purging",
            Self::Restoring => "restoring",
            Self::Trashed => "trashed",
        }
    }

    /// The words on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Kept => "Kept",
            Self::Purging => "Being deleted",
            Self::Restoring => "Being restored",
            Self::Trashed => "In the trash",
        }
    }
}

/// The files that a deleted account has left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrashEntry {
    /// The account that they belonged to.
    pub account_id: AccountId,
    /// Its user name; another account may have it by now.
    pub username: String,
    /// Its customer.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// The volume that they lie on.
    pub volume_id: VolumeId,
    /// Where they lie there.
    pub place: String,
    /// What becomes of them.
    pub state: TrashState,
    /// How much they were when the account was deleted, without what was removed since.
    pub usage: Usage,
    /// Whether somebody has begun to remove them.
    pub is_partial: bool,
    /// Whether it is known what the account was, so that it can be made again.
    pub is_restorable: bool,
    /// Who deleted the account.
    pub deleted_by: String,
    /// When.
    pub deleted_at: Timestamp,
    /// When they are removed; `None` if nobody wants that.
    pub due_at: Option<Timestamp>,
}
