//! Files of deleted accounts: where they lie, how long, and how they vanish or become an account again.

mod error;
mod restore;
mod service;
mod work;

pub use error::TrashError;
pub use service::Trash;
