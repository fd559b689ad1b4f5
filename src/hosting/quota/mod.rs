//! Exact quotas: a byte is granted before it is written, in two scopes at once.
//!
//! [`Ledger`] holds what is used and reserved; in one process it is the truth, and [`keeper`] writes
//! it to the database in batches. An upload holds an [`Allowance`]; dropping it gives everything
//! back, settling it turns what was reserved into what is used.

pub mod keeper;
pub mod ledger;
mod pool;
pub mod recovery;

pub use keeper::Keeper;
pub use ledger::{AccountQuota, Allowance, Ledger, Limits, OpenChange, QuotaError, Reservation};
