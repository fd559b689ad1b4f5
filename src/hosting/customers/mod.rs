//! Customers: who owns accounts and shares a pool among them.

mod details;
mod error;
mod service;
mod slug;
mod traffic;
mod trail;

pub use details::{CustomerDetails, CustomerSettings};
pub use error::CustomerError;
pub use service::Customers;
