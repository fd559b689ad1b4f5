//! A customer: the company or person that owns accounts and shares one pool among them.

use super::Version;
use super::id::{CustomerId, PlanId};
use super::limits::Override;
use super::traffic::PoolTraffic;
use crate::clock::Timestamp;

/// Whether the accounts of a customer may log in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CustomerStatus {
    /// Its active accounts may log in.
    #[default]
    Active,
    /// None of its accounts may log in.
    Suspended,
}

impl CustomerStatus {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// The state with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// A customer, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Customer {
    /// Never changes.
    pub id: CustomerId,
    /// Unique name, 1 to 120 characters.
    pub name: String,
    /// Short form of the name for folder names: `a–z 0–9 -`; never changes.
    pub slug: String,
    /// Where notices go; empty if unknown.
    pub contact_email: String,
    /// The plan that gives the limits.
    pub plan_id: PlanId,
    /// Whether its accounts may log in.
    pub status: CustomerStatus,
    /// Own limit of bytes shared by all its accounts.
    pub pool_bytes: Override,
    /// Own limit of files shared by all its accounts.
    pub pool_files: Override,
    /// Own limit of the number of accounts.
    pub max_accounts: Override,
    /// Traffic of all its accounts together, and when its periods begin.
    pub traffic: PoolTraffic,
    /// Free text for administrators.
    pub notes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Raised by every change.
    pub version: Version,
}
