//! What goes into a customer and what is known about it.

use crate::hosting::limits::Effective;
use crate::model::{
    Account, Customer, Override, PeriodTraffic, Plan, PlanId, PoolTraffic, Traffic, Usage,
};

/// The part of a customer that an administrator edits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CustomerSettings {
    /// Unique name, 1 to 120 characters.
    pub name: String,
    /// Where notices go; empty if unknown.
    pub contact_email: String,
    /// The plan.
    pub plan_id: PlanId,
    /// Own limit of bytes shared by all its accounts.
    pub pool_bytes: Override,
    /// Own limit of files shared by all its accounts.
    pub pool_files: Override,
    /// Own limit of the number of accounts.
    pub max_accounts: Override,
    /// Traffic of all its accounts together, and when its periods begin.
    pub traffic: PoolTraffic,
    /// Free text.
    pub notes: String,
}

/// A customer with everything that its page shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CustomerDetails {
    /// The customer.
    pub customer: Customer,
    /// Its plan.
    pub plan: Plan,
    /// Bytes that its accounts share.
    pub pool_bytes: Effective,
    /// Files that its accounts share.
    pub pool_files: Effective,
    /// Accounts it may have.
    pub max_accounts: Effective,
    /// Bytes that its accounts may move in a period, together.
    pub pool_traffic: Traffic<Effective>,
    /// What they moved in this one.
    pub traffic: PeriodTraffic,
    /// What its accounts use together.
    pub usage: Usage,
    /// Its accounts, by name.
    pub accounts: Vec<Account>,
    /// Sessions its accounts have now.
    pub sessions: usize,
}
