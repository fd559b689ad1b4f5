//! What accounts moved.

use super::error::AccountError;
use super::service::Accounts;
use crate::hosting::traffic::{history, stored_history};
use crate::model::{AccountId, Customer, PeriodTraffic, TrafficOwner};

impl Accounts {
    /// What the account moved in this period and in those before, newest first.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn traffic_history(&self, id: AccountId) -> Result<Vec<PeriodTraffic>, AccountError> {
        let (customer, _) = self.owner(self.get(id).await?.customer_id).await?;
        let (owner, now) = (TrafficOwner::Account(id), self.traffic(id, &customer));
        Ok(history(&self.parts().foundation.db, owner, now).await?)
    }

    /// The same as last written down, for a process that does not keep the books; the running period
    /// comes first.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`].
    pub async fn stored_traffic(&self, id: AccountId) -> Result<Vec<PeriodTraffic>, AccountError> {
        let (customer, _) = self.owner(self.get(id).await?.customer_id).await?;
        let foundation = &self.parts().foundation;
        let (owner, day) = (TrafficOwner::Account(id), customer.traffic.reset_day);
        Ok(stored_history(&foundation.db, owner, (foundation.now(), day)).await?)
    }

    /// What the account moved in this period.
    pub(super) fn traffic(&self, id: AccountId, customer: &Customer) -> PeriodTraffic {
        let day = customer.traffic.reset_day;
        self.parts().ledger.traffic().traffic(id, day)
    }

    /// What all accounts of the customer moved in this period.
    pub(super) fn pool_traffic(&self, customer: &Customer) -> PeriodTraffic {
        let day = customer.traffic.reset_day;
        let traffic = self.parts().ledger.traffic();
        traffic.pool_traffic(customer.id, day)
    }
}
