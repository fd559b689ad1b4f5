//! A plan: the limits that customers and their accounts inherit.

use super::Version;
use super::account_limits::AccountLimits;
use super::account_rules::Checksum;
use super::id::PlanId;
use super::limits::{Limit, Override};
use super::name_patterns::NamePatterns;
use super::traffic::Traffic;
use crate::clock::Timestamp;

/// A plan, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Never changes.
    pub id: PlanId,
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// Bytes that all accounts of a customer share.
    pub pool_bytes: Limit,
    /// Files that all accounts of a customer share.
    pub pool_files: Limit,
    /// Accounts a customer may have.
    pub max_accounts: Limit,
    /// Bytes that all accounts of a customer may move in a period.
    pub pool_traffic: Traffic<Limit>,
    /// What limits one account.
    pub account: AccountLimits<Limit>,
    /// Days that the journal is kept; inherits from the settings, and no limit is for ever.
    pub journal_days: Override,
    /// Days that the files of a deleted account stay in the trash; `None` = as the settings say.
    pub trash_days: Option<u32>,
    /// Names that its accounts may not give to files and folders, unless they have a list of their
    /// own.
    pub denied_names: NamePatterns,
    /// Whether uploads get a checksum, unless the account says so; inherits from the settings.
    pub checksum: Override<Checksum>,
    /// Whether new customers get it unless told otherwise.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Raised by every change.
    pub version: Version,
}
