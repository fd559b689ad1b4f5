//! Monthly traffic: how many bytes may cross data connections in a period, in two scopes at once.
//!
//! [`TrafficLedger`] holds what was moved and what running transfers may still move; in one process it
//! is the truth, and [`TrafficKeeper`] writes it to the database in batches. A transfer of an account
//! that has an allowance, or whose customer has one, holds a [`Toll`]: it is granted bytes in slices
//! before they move, counts those that did, and gives the rest back when it ends. Which period it is
//! follows from the clock and the customer's reset day; nothing has to happen when one ends.

mod account;
mod book;
mod error;
mod history;
mod keeper;
mod ledger;
mod pool;
mod shared;
mod toll;

pub use account::AccountTraffic;
pub use error::UsedUp;
pub(super) use history::{history, stored_history};
pub use keeper::TrafficKeeper;
pub use ledger::{NearlyUsed, TrafficLedger};
pub use toll::Toll;
