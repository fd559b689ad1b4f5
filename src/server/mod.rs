//! Starts and stops the doors. Stopping has an order: no new customers, sessions end, pages end,
//! the books are written.

mod doors;
mod http;

pub use doors::{Addresses, Server, StartError};
