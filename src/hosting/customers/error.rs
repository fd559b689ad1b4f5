//! What can go wrong with a customer.

use crate::model::Right;
use crate::store::StoreError;

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

impl From<StoreError> for CustomerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            other => Self::Store(other),
        }
    }
}
