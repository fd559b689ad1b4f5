//! A directory, read in batches.

use super::entry::Entry;
use super::error::StorageError;

/// A directory being read. Up to 4096 entries come sorted by name bytes, more in the order of the
/// disk; memory is bounded either way. Staged uploads, devices, pipes and sockets are left out.
#[derive(Debug)]
pub struct Listing {}

impl Listing {
    /// The next entries, at most 256; `None` at the end. A name that vanishes meanwhile is left out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, but a cancelled call ends the listing.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<Entry>>, StorageError> {
        todo!()
    }
}
