//! The way from the runtime to the blocking pool and back.

use std::io;

use super::error::StorageError;

/// Runs `work` on the blocking pool. A hop costs some ten microseconds: one per operation, or per
/// batch, never per entry.
pub(super) async fn hop<T, F>(work: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StorageError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(lost) => Err(StorageError::Io(io::Error::other(lost))),
    }
}
