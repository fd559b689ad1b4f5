//! Files of deleted accounts: where they lie, how long, and how they vanish.

mod error;
mod service;
mod work;

pub use error::TrashError;
pub use service::Trash;
