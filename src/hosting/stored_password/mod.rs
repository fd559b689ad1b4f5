//! Stored passwords of every kind that can be verified: ours, and those that accounts bring along from
//! other servers. What a hash may cost is bounded, so that nobody imports a login that takes minutes.

mod argon;
mod blowfish;
mod derived;
mod md5;
mod memory;
mod refusal;
mod sha;
mod stored;

#[cfg(test)]
pub(super) use argon::spent;
pub(super) use memory::give_back;
pub use refusal::{HashRefusal, Scheme};
pub use stored::{NO_PASSWORD, check, scheme};
pub(super) use stored::{StoredPassword, hash};
