//! Why a transfer may not go on.

use crate::clock::Timestamp;
use crate::model::Scope;

/// Not one more byte may cross in this period.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the traffic allowance of the {} is used up", words(*.scope))]
pub struct UsedUp {
    /// Whose allowance.
    pub scope: Scope,
    /// When the next period begins.
    pub until: Timestamp,
}

fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::Account => "account",
        Scope::Customer => "customer",
    }
}
