//! What customers moved.

use super::error::CustomerError;
use super::service::Customers;
use crate::hosting::traffic::{history, stored_history};
use crate::model::{Customer, CustomerId, PeriodTraffic, TrafficOwner};

impl Customers {
    /// What its accounts moved in this period and in those before, newest first.
    ///
    /// # Errors
    ///
    /// [`CustomerError::NotFound`].
    pub async fn traffic_history(
        &self,
        id: CustomerId,
    ) -> Result<Vec<PeriodTraffic>, CustomerError> {
        let now = self.traffic(&self.get(id).await?);
        let owner = TrafficOwner::Customer(id);
        Ok(history(&self.foundation().db, owner, now).await?)
    }

    /// The same as last written down, for a process that does not keep the books; the running period
    /// comes first.
    ///
    /// # Errors
    ///
    /// [`CustomerError::NotFound`].
    pub async fn stored_traffic(
        &self,
        id: CustomerId,
    ) -> Result<Vec<PeriodTraffic>, CustomerError> {
        let day = self.get(id).await?.traffic.reset_day;
        let (foundation, owner) = (self.foundation(), TrafficOwner::Customer(id));
        Ok(stored_history(&foundation.db, owner, (foundation.now(), day)).await?)
    }

    /// What its accounts moved in this period.
    pub fn traffic(&self, customer: &Customer) -> PeriodTraffic {
        let day = customer.traffic.reset_day;
        self.ledger().traffic().pool_traffic(customer.id, day)
    }
}
