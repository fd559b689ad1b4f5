//! Accounts: create, change, set rules for folders, suspend, delete. The only writer of accounts.

mod deletion;
mod details;
mod error;
mod newcomers;
mod reach;
mod restoration;
mod rules;
mod service;
mod traffic;
mod trail;

pub use details::{AccountDetails, AccountSettings, Files, NewAccount};
pub use error::AccountError;
pub(in crate::hosting) use newcomers::{Newcomer, differing};
pub use rules::PathTrial;
pub use service::{Accounts, Parts};
