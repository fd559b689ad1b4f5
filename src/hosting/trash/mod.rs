//! Files of deleted accounts, and how they vanish.

mod purge;

pub use purge::{PurgeSpec, Purges};
