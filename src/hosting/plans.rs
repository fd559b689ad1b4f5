//! Plans: the limits that customers and accounts inherit.

use crate::model::page::PlanRow;
use crate::model::{Actor, Limit, Plan, PlanId, Right, Version};
use crate::store::StoreError;

/// A cheap handle on the plans.
#[derive(Clone, Debug)]
pub struct Plans;

/// The part of a plan that an administrator edits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PlanSettings {
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Bytes that all accounts of a customer share.
    pub pool_bytes: Limit,
    /// Files that all accounts of a customer share.
    pub pool_files: Limit,
    /// Accounts a customer may have.
    pub max_accounts: Limit,
    /// Bytes of one account.
    pub account_bytes: Limit,
    /// Files of one account.
    pub account_files: Limit,
    /// Sessions of one account at once.
    pub account_sessions: Limit,
    /// Whether new customers get it unless told otherwise.
    pub is_default: bool,
}

/// Whom a plan concerns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlanImpact {
    /// Customers on the plan.
    pub customers: u64,
    /// Their accounts.
    pub accounts: u64,
}

/// What can go wrong with a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no such plan.
    #[error("no such plan")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// The name is empty or longer than 60 characters.
    #[error("Name must be 1 to 60 characters")]
    BadName,
    /// Another plan has the name.
    #[error("{0} is taken")]
    Taken(String),
    /// Customers are on it.
    #[error("{0} customers are on the plan")]
    InUse(u64),
    /// It is the default plan; another one must become the default first.
    #[error("the default plan cannot be deleted")]
    IsDefault,
    /// Somebody else saved first.
    #[error("the plan was changed meanwhile")]
    Stale,
    /// The database failed.
    #[error("plans are not available")]
    Store(StoreError),
}

impl Plans {
    /// Makes a plan.
    pub async fn create(&self, actor: &Actor, settings: PlanSettings) -> Result<Plan, PlanError> {
        todo!()
    }

    /// Replaces the editable part; `seen` is the version that the editor saw. Limits of everybody on
    /// the plan change at once.
    pub async fn change(
        &self,
        actor: &Actor,
        id: PlanId,
        seen: Version,
        settings: PlanSettings,
    ) -> Result<Plan, PlanError> {
        todo!()
    }

    /// Deletes a plan that nobody is on.
    pub async fn delete(&self, actor: &Actor, id: PlanId) -> Result<(), PlanError> {
        todo!()
    }

    /// One plan.
    pub async fn get(&self, id: PlanId) -> Result<Plan, PlanError> {
        todo!()
    }

    /// Whom a change of the plan concerns.
    pub async fn impact(&self, id: PlanId) -> Result<PlanImpact, PlanError> {
        todo!()
    }

    /// All plans by name, with the number of their customers.
    pub async fn all(&self) -> Result<Vec<PlanRow>, PlanError> {
        todo!()
    }
}
