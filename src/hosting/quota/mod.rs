//! Exact quotas: a byte is granted before it is written, in two scopes at once.
//!
//! [`Ledger`] holds what is used and reserved; in one process it is the truth, and [`Keeper`] writes
//! it to the database in batches. An upload holds an [`Allowance`]; dropping it gives everything
//! back, settling it turns what was reserved into what is used.

mod allowance;
mod book;
mod error;
mod holder;
mod keeper;
mod ledger;
mod pool;
pub mod recovery;
mod shared;

pub use allowance::{AccountQuota, Allowance, Cover, OpenChange, Reservation};
pub use book::{Limits, Reserved};
pub use error::QuotaError;
pub use keeper::Keeper;
pub use ledger::Ledger;
