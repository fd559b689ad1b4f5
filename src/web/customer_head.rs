//! What all pages of one customer begin with: name, state, plan and the links to its sections.

use crate::hosting::customers::CustomerDetails;
use crate::model::CustomerStatus;

/// The head of a customer's pages, for `templates/admin/customers/_head.html`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CustomerHead {
    /// The immutable id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// The overview.
    pub(crate) url: String,
    /// Class of the state's dot.
    pub(crate) dot: &'static str,
    /// The state in words.
    pub(crate) status: &'static str,
    /// Name of the plan.
    pub(crate) plan: String,
    /// The plan's page.
    pub(crate) plan_url: String,
    /// Whether the reader may change it.
    pub(crate) may_manage: bool,
    /// Whether its accounts may log in.
    pub(crate) is_active: bool,
    /// The path of the section below the overview.
    pub(crate) current: &'static str,
}

impl CustomerHead {
    /// The head of the section `current` of a customer.
    pub(crate) fn new(details: &CustomerDetails, may_manage: bool, current: &'static str) -> Self {
        let customer = &details.customer;
        let (dot, status) = state(customer.status);
        Self {
            id: customer.id.to_string(),
            name: customer.name.clone(),
            url: format!("/admin/customers/{}", customer.id),
            dot,
            status,
            plan: details.plan.name.clone(),
            plan_url: format!("/admin/plans/{}", details.plan.id),
            may_manage,
            is_active: customer.status == CustomerStatus::Active,
            current,
        }
    }
}

/// Class of the dot and words for whether a customer's accounts can sign in.
pub(crate) fn state(status: CustomerStatus) -> (&'static str, &'static str) {
    match status {
        CustomerStatus::Active => ("ok", "Active"),
        CustomerStatus::Suspended => ("off", "Suspended"),
    }
}
