//! Plans.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{Plan, PlanId, PlanRow, Version};

impl Db {
    /// The plan `id`.
    pub async fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        todo!()
    }

    /// The plan that new customers get; `None` only while there is no plan at all.
    pub async fn default_plan(&self) -> Result<Option<Plan>, StoreError> {
        todo!()
    }

    /// Every plan, by name.
    pub async fn plans(&self) -> Result<Vec<PlanRow>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Adds a plan. If it is the default, no other is any more.
    pub async fn insert_plan(&mut self, plan: &Plan) -> Result<(), StoreError> {
        todo!()
    }

    /// Saves a plan and raises its version. If it is the default, no other is any more.
    pub async fn save_plan(&mut self, plan: &Plan, at: Timestamp) -> Result<Version, StoreError> {
        todo!()
    }

    /// Removes a plan that no customer has; `false` if there is no such plan.
    pub async fn delete_plan(&mut self, id: PlanId) -> Result<bool, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
