//! What all pages of one account begin with: name, state, owner and the links to its sections.

use crate::hosting::accounts::AccountDetails;
use crate::model::{Account, AccountStanding, AccountStatus, CustomerStatus, Expiry, TlsRule};
use crate::web::table::encoded;

/// The head of an account's pages, for `templates/admin/accounts/_head.html`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AccountHead {
    /// The immutable id.
    pub(crate) id: String,
    /// The user name.
    pub(crate) name: String,
    /// The overview.
    pub(crate) url: String,
    /// Class of the state's dot.
    pub(crate) dot: &'static str,
    /// The state in words.
    pub(crate) status: &'static str,
    /// Name of the customer.
    pub(crate) customer: String,
    /// The customer's page.
    pub(crate) customer_url: String,
    /// Name of the plan.
    pub(crate) plan: String,
    /// The plan's page.
    pub(crate) plan_url: String,
    /// Whether the account may connect without encryption against the server's rule.
    pub(crate) allows_plain: bool,
    /// Whether the reader may change it.
    pub(crate) may_manage: bool,
    /// Whether the account itself is not suspended.
    pub(crate) is_active: bool,
    /// Whether nobody can sign in with it, for whatever reason.
    pub(crate) is_suspended: bool,
    /// Whether resuming the account is what helps.
    pub(crate) may_resume: bool,
    /// Why nobody can sign in, the fact.
    pub(crate) suspended_fact: String,
    /// Why nobody can sign in, the reason.
    pub(crate) suspended_why: String,
    /// The path of the section below the overview.
    pub(crate) current: &'static str,
}

impl AccountHead {
    /// The head of the section `current` of an account.
    pub(crate) fn new(details: &AccountDetails, may_manage: bool, current: &'static str) -> Self {
        let account = &details.account;
        let (dot, status) = state(details.standing, details.customer.status);
        let is_active = account.status == AccountStatus::Active;
        let (suspended_fact, suspended_why) = suspension(details);
        Self {
            id: account.id.to_string(),
            name: account.username.to_string(),
            url: account_url(account),
            dot,
            status,
            customer: details.customer.name.clone(),
            customer_url: format!("/admin/customers/{}", details.customer.id),
            plan: details.plan.name.clone(),
            plan_url: format!("/admin/plans/{}", details.plan.id),
            allows_plain: account.tls == TlsRule::Optional,
            may_manage,
            is_active,
            is_suspended: !suspended_fact.is_empty(),
            may_resume: !is_active,
            suspended_fact,
            suspended_why,
            current,
        }
    }
}

/// The page of an account, by name. An account that is called like one of our own pages is reached
/// by its id.
pub(crate) fn account_url(account: &Account) -> String {
    match account.username.as_str() {
        "import" | "new" => format!("/admin/accounts/{}", account.id),
        name => format!("/admin/accounts/{}", encoded(name)),
    }
}

/// Class of the dot and words for whether an account can sign in.
pub(crate) fn state(
    account: AccountStanding,
    customer: CustomerStatus,
) -> (&'static str, &'static str) {
    match (account, customer) {
        (AccountStanding::Suspended, _) => ("off", "Suspended"),
        (AccountStanding::Expired, _) => ("off", "Expired"),
        (AccountStanding::Active, CustomerStatus::Suspended) => ("warn", "Customer suspended"),
        (AccountStanding::Active, CustomerStatus::Active) => ("ok", "Active"),
    }
}

fn suspension(details: &AccountDetails) -> (String, String) {
    let name = &details.account.username;
    match (details.standing, details.customer.status) {
        (AccountStanding::Suspended, _) => {
            let why = match details.account.suspend_reason.as_str() {
                "" => "No reason was given. The audit log shows who did it and when.".to_owned(),
                reason => format!("Reason: {reason}"),
            };
            (
                format!("{name} is suspended. Nobody can sign in with it."),
                why,
            )
        }
        (AccountStanding::Expired, _) => {
            let end = details.account.login.expires_at.map(Expiry);
            let end = end.map(|end| end.to_string()).unwrap_or_default();
            (
                format!("{name} expired on {end}. Nobody can sign in with it."),
                "A later date under “Limits and access” opens it again.".to_owned(),
            )
        }
        (AccountStanding::Active, CustomerStatus::Suspended) => (
            format!("{} is suspended.", details.customer.name),
            "None of its accounts can sign in until the customer is resumed.".to_owned(),
        ),
        (AccountStanding::Active, CustomerStatus::Active) => (String::new(), String::new()),
    }
}
