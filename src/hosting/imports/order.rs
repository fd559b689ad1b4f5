//! What shall be done with a file.

use crate::hosting::accounts::Accounts;
use crate::hosting::customers::Customers;
use crate::hosting::plans::Plans;

/// What imports work with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Makes accounts.
    pub accounts: Accounts,
    /// Knows customers, and makes those that are missing.
    pub customers: Customers,
    /// Knows the plan of a new customer.
    pub plans: Plans,
}

/// What shall be done with the accounts of a file.
#[derive(Clone, Debug)]
pub struct Order {
    /// What the file is, in the words of the audit log: a kind, a name.
    pub title: String,
    /// Whose accounts they are if the file does not tell.
    pub customer: Option<String>,
    /// Whether accounts that are there and differ are changed.
    pub existing: Existing,
    /// Whether it is done, or only said what would be.
    pub mode: Mode,
}

/// What becomes of accounts that are there and differ.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Existing {
    /// They stay as they are, and the report tells how they differ.
    #[default]
    Keep,
    /// They become as the file wants them.
    Change,
}

/// Whether it is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Nothing is written; every check is made and every account gets its result.
    Rehearse,
    /// It is done.
    Perform,
}
