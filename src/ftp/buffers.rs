//! Buffers for bytes that must be looked at. Lent per chunk, so that a thousand idle connections
//! hold none, and bounded, so that a thousand busy ones cannot exhaust the memory.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::telemetry::Metrics;

/// The buffers of the FTP door. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Buffers(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    free: Mutex<Vec<Box<[u8]>>>,
    places: Arc<Semaphore>,
    metrics: Metrics,
}

/// A lent buffer of [`Buffers::SIZE_BYTES`]; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    shelf: Arc<Shelf>,
    _place: OwnedSemaphorePermit,
}

impl Buffers {
    /// Size of one buffer.
    pub(super) const SIZE_BYTES: usize = 256 * 1_024;
    /// Buffers in use at once; whoever wants another one waits.
    const LIMIT: usize = 1_024;
    /// Unused buffers that are kept.
    const KEPT: usize = 64;

    /// An empty shelf, whose buffers in use `metrics` counts.
    pub(super) fn new(metrics: Metrics) -> Self {
        let places = Arc::new(Semaphore::new(Self::LIMIT));
        Self(Arc::new(Shelf {
            free: Mutex::default(),
            places,
            metrics,
        }))
    }

    /// Lends a buffer. Its content is left over from somebody else: write before you read.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future takes nothing.
    pub(super) async fn lend(&self) -> Buffer {
        let place = match Arc::clone(&self.0.places).acquire_owned().await {
            Ok(place) => place,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        };
        self.hand_out(place)
    }

    /// Lends a buffer to somebody who has one already and therefore must not wait for it: if all who
    /// have one waited for another, nobody would ever give one back.
    pub(super) fn lend_another(&self) -> Option<Buffer> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        Some(self.hand_out(place))
    }

    fn hand_out(&self, place: OwnedSemaphorePermit) -> Buffer {
        let bytes = self
            .0
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let bytes = bytes.unwrap_or_else(|| vec![0; Self::SIZE_BYTES].into_boxed_slice());
        self.0.metrics.buffer_lent();
        Buffer {
            bytes,
            shelf: Arc::clone(&self.0),
            _place: place,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.shelf.metrics.buffer_returned();
        let bytes = std::mem::take(&mut self.bytes);
        let mut free = self
            .shelf
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if free.len() < Buffers::KEPT {
            free.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_buffer_is_lent_again() {
        let buffers = Buffers::new(Metrics::default());
        let mut first = buffers.lend().await;
        first[0] = 7;
        drop(first);

        let second = buffers.lend().await;

        assert_eq!((second[0], second.len()), (7, Buffers::SIZE_BYTES));
    }

    #[tokio::test]
    async fn whoever_has_a_buffer_gets_another_only_if_there_is_one() {
        let buffers = Buffers::new(Metrics::default());
        let mut lent = Vec::new();
        for _ in 1..Buffers::LIMIT {
            lent.push(buffers.lend().await);
        }

        let last = buffers.lend_another();

        assert!(last.is_some());
        assert!(buffers.lend_another().is_none());
        drop(last);
        assert!(buffers.lend_another().is_some());
    }
}
