//! One account's directory.

use std::sync::Arc;

use crate::clock::Clock;

/// One account's directory with what is in flight there: staged uploads, files being written in
/// place, overwrites that were rolled back. There is exactly one per account; clones are cheap and
/// share everything.
#[derive(Clone, Debug)]
pub struct LocalHome {
    inner: Arc<()>,
}

/// What a home needs from outside.
#[derive(Clone, Debug)]
pub struct HomeOptions {
    /// Decides when a resume guard has expired.
    pub clock: Arc<dyn Clock>,
}
