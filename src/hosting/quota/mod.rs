//! Exact quotas: a byte is granted before it is written, in two scopes at once.
//!
//! [`Ledger`] holds what is used and reserved; in one process it is the truth, and [`Keeper`] writes
//! it to the database in batches. An upload holds an [`Allowance`]; dropping it gives everything
//! back, settling it turns what was reserved into what is used.

mod allowance;
mod book;
mod changes;
mod error;
mod finding;
mod holder;
mod keeper;
mod ledger;
mod pool;
mod recount;
pub mod recovery;
mod shared;

pub use allowance::{AccountQuota, Allowance, Cover, Reservation};
pub use book::{Limits, Reserved};
pub use changes::{OpenChange, Rest};
pub use error::QuotaError;
pub use finding::Finding;
pub use keeper::Keeper;
pub use ledger::Ledger;
pub use recount::{RecountSpec, Recounts};
