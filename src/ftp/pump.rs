//! What every transfer is given to work with, and the writing side that downloads and listings
//! share: whole buffers, a deadline on every wait, and an ear for whoever wants it to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::buffers::Buffers;
use super::error::TransferError;
use super::stop::Stop;
use crate::hosting::rates::Pace;
use crate::hosting::sessions::LiveTransfer;
use crate::net::DataStream;

/// What a transfer is given to work with.
#[derive(Clone, Debug)]
pub(super) struct Pump {
    /// Where buffers come from.
    pub(super) buffers: Buffers,
    /// Counts the bytes for everybody who looks; `None` for listings, which nobody counts.
    pub(super) live: Option<Arc<LiveTransfer>>,
    /// How fast bytes may move.
    pub(super) pace: Pace,
    /// How long no byte may move.
    pub(super) stall: Duration,
    /// Says when to stop.
    pub(super) stop: Stop,
}

impl Pump {
    /// Counts bytes that were stored or sent.
    pub(super) fn moved(&self, bytes: u64) {
        if let Some(live) = &self.live {
            live.moved(bytes);
        }
    }

    /// Bytes counted so far.
    pub(super) fn moved_bytes(&self) -> u64 {
        self.live.as_ref().map_or(0, |live| live.moved_bytes())
    }

    /// Sends all of `bytes`, no faster than it may.
    ///
    /// # Errors
    ///
    /// As [`Pump::send`].
    pub(super) async fn send_paced(
        &self,
        stream: &mut DataStream,
        mut bytes: &[u8],
    ) -> Result<(), TransferError> {
        while !bytes.is_empty() {
            let piece = self.pace.take(size(bytes.len())).await;
            let (now, rest) = bytes
                .split_at_checked(piece.length())
                .unwrap_or((bytes, &[]));
            self.send(stream, now).await?;
            bytes = rest;
        }
        Ok(())
    }

    /// Sends all of `bytes`, for which the pace was asked before.
    ///
    /// # Errors
    ///
    /// [`TransferError::Stalled`] if the client does not take one more byte in time,
    /// [`TransferError::Lost`] if it is gone.
    pub(super) async fn send(
        &self,
        stream: &mut DataStream,
        mut bytes: &[u8],
    ) -> Result<(), TransferError> {
        while !bytes.is_empty() {
            let sent = timeout(self.stall, stream.write(bytes));
            let sent = sent.await.map_err(|_| TransferError::Stalled)?;
            let sent = sent.map_err(TransferError::Lost)?;
            bytes = bytes.get(sent..).unwrap_or_default();
            self.moved(size(sent));
        }
        Ok(())
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
