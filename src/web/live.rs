//! What moves now: live sessions sampled at most once a second, for all viewers together.

use std::sync::Arc;

use crate::clock::Clock;
use crate::hosting::sessions::Sessions;

/// A sampler of live sessions.
#[derive(Debug)]
pub(crate) struct Live {
    sessions: Sessions,
    clock: Arc<dyn Clock>,
}

impl Live {
    /// A sampler of `sessions`.
    pub(crate) fn new(sessions: Sessions, clock: Arc<dyn Clock>) -> Self {
        Self { sessions, clock }
    }
}
