//! What a plan gives, as lines of a panel.

use crate::model::page::PlanRow;
use crate::model::{Checksum, Override, Plan};
use crate::web::access_form::{capital, checksum_words};
use crate::web::account_form::LIMITS;
use crate::web::customer_form::{MAX_ACCOUNTS, POOL_BYTES, POOL_FILES};
use crate::web::format::plural;
use crate::web::traffic_words::allowance;

/// A panel about one plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PlanPanel {
    /// `Business gives`.
    pub(crate) title: String,
    /// Name and value.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// How many customers are on it.
    pub(crate) used_by: String,
    /// Its page.
    pub(crate) url: String,
}

/// The panel of a plan.
pub(crate) fn panel(row: &PlanRow) -> PlanPanel {
    PlanPanel {
        title: format!("{} gives", row.plan.name),
        facts: facts(&row.plan),
        used_by: match row.customers {
            1 => "1 customer is on it".to_owned(),
            customers => format!("{} are on it", plural(customers, "customer", "customers")),
        },
        url: format!("/admin/plans/{}", row.plan.id),
    }
}

/// What a plan gives: name and value.
pub(crate) fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let account = both(
        LIMITS.bytes.measure.words(plan.account.bytes),
        LIMITS.files.measure.words(plan.account.files),
    );
    let pool = both(
        POOL_BYTES.measure.words(plan.pool_bytes),
        POOL_FILES.measure.words(plan.pool_files),
    );
    vec![
        ("Each account", account),
        (
            "Sessions",
            LIMITS.sessions.measure.words(plan.account.sessions),
        ),
        ("All together", pool),
        ("Accounts", MAX_ACCOUNTS.measure.words(plan.max_accounts)),
        ("Journal", kept(plan.journal_days)),
        (
            "Trash",
            kept(plan.trash_days.map(|days| Some(days.into())).into()),
        ),
        ("Checksum of uploads", checksum(plan.checksum)),
        ("Monthly traffic", allowance(plan.account.traffic)),
        ("Traffic together", allowance(plan.pool_traffic)),
    ]
}

/// How long a plan keeps the journal.
fn kept(days: Override) -> String {
    match days {
        Override::Inherit => "As in the settings".to_owned(),
        Override::Own(None) => "For ever".to_owned(),
        Override::Own(Some(days)) => plural(days, "day", "days"),
    }
}

/// Whether a plan wants checksums.
fn checksum(own: Override<Checksum>) -> String {
    let own = own.own().map(checksum_words);
    own.map_or_else(|| "As in the settings".to_owned(), capital)
}

/// Two limits in one line; what is not limited is left out.
fn both(bytes: String, files: String) -> String {
    let limited = |words: &String| words != "No limit";
    match (limited(&bytes), limited(&files)) {
        (true, true) => format!("{bytes}, {files}"),
        (false, true) => files,
        _ => bytes,
    }
}
