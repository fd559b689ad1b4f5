//! Customers: who owns accounts and shares a pool among them.

use crate::hosting::limits::Effective;
use crate::model::page::{CustomerQuery, CustomerRow, Page};
use crate::model::{
    Account, Actor, Customer, CustomerId, Override, Plan, PlanId, Right, Usage, Version,
};
use crate::store::StoreError;

/// A cheap handle on the customers.
#[derive(Clone, Debug)]
pub struct Customers;

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
    /// What its accounts use together.
    pub usage: Usage,
    /// Its accounts, by name.
    pub accounts: Vec<Account>,
    /// Sessions its accounts have now.
    pub sessions: usize,
}

/// What can go wrong with a customer.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// There is no such customer.
    #[error("no such customer")]
    NotFound,
    /// There is no such plan.
    #[error("no such plan")]
    NoSuchPlan,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// The name is empty or longer than 120 characters.
    #[error("Name must be 1 to 120 characters")]
    BadName,
    /// Another customer has the name.
    #[error("{0} is taken")]
    Taken(String),
    /// It still has accounts.
    #[error("the customer has {0} accounts")]
    HasAccounts(usize),
    /// Somebody else saved first.
    #[error("the customer was changed meanwhile")]
    Stale,
    /// The database failed.
    #[error("customers are not available")]
    Store(StoreError),
}

impl Customers {
    /// Makes a customer.
    pub async fn create(
        &self,
        actor: &Actor,
        settings: CustomerSettings,
    ) -> Result<Customer, CustomerError> {
        todo!()
    }

    /// Replaces the editable part; `seen` is the version that the editor saw.
    pub async fn change(
        &self,
        actor: &Actor,
        id: CustomerId,
        seen: Version,
        settings: CustomerSettings,
    ) -> Result<Customer, CustomerError> {
        todo!()
    }

    /// Forbids logins of all its accounts and ends their sessions; tells how many.
    pub async fn suspend(&self, actor: &Actor, id: CustomerId) -> Result<usize, CustomerError> {
        todo!()
    }

    /// Allows logins again.
    pub async fn resume(&self, actor: &Actor, id: CustomerId) -> Result<(), CustomerError> {
        todo!()
    }

    /// Deletes a customer that has no accounts.
    pub async fn delete(&self, actor: &Actor, id: CustomerId) -> Result<(), CustomerError> {
        todo!()
    }

    /// One customer with its limits, usage and accounts.
    pub async fn details(&self, id: CustomerId) -> Result<CustomerDetails, CustomerError> {
        todo!()
    }

    /// The customer with this name.
    pub async fn by_name(&self, name: &str) -> Result<Option<Customer>, CustomerError> {
        todo!()
    }

    /// All customers by name, for a choice; at most 1,000.
    pub async fn choices(&self) -> Result<Vec<Customer>, CustomerError> {
        todo!()
    }

    /// One page of customers.
    pub async fn page(&self, query: &CustomerQuery) -> Result<Page<CustomerRow>, CustomerError> {
        todo!()
    }
}
