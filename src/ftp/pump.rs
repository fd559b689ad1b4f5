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
use crate::hosting::traffic::Toll;
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
    /// How many bytes may cross the data connection; `None` if nothing limits that.
    pub(super) toll: Option<Arc<Toll>>,
    /// How long no byte may move.
    pub(super) stall: Duration,
    /// Says when to stop.
    pub(super) stop: Stop,
}

impl Pump {
    /// How many of `want` bytes may cross the data connection now.
    ///
    /// # Errors
    ///
    /// [`TransferError::Traffic`] if not one more.
    pub(super) fn reach(&self, want: u64) -> Result<u64, TransferError> {
        match &self.toll {
            None => Ok(want),
            Some(toll) => Ok(toll.reach(want)?),
        }
    }

    /// Counts bytes that crossed the data connection.
    pub(super) fn crossed(&self, bytes: u64) {
        if let Some(toll) = &self.toll {
            toll.moved(bytes);
        }
    }

    /// Counts bytes that were sent.
    pub(super) fn sent(&self, bytes: u64) {
        self.crossed(bytes);
        self.moved(bytes);
    }

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
    /// [`TransferError::Lost`] if it is gone, [`TransferError::Traffic`] if no more may be sent.
    pub(super) async fn send(
        &self,
        stream: &mut DataStream,
        mut bytes: &[u8],
    ) -> Result<(), TransferError> {
        while !bytes.is_empty() {
            let most = usize::try_from(self.reach(size(bytes.len()))?).unwrap_or(usize::MAX);
            let sent = timeout(self.stall, stream.write(bytes.get(..most).unwrap_or(bytes)));
            let sent = sent.await.map_err(|_| TransferError::Stalled)?;
            let sent = sent.map_err(TransferError::Lost)?;
            bytes = bytes.get(sent..).unwrap_or_default();
            self.sent(size(sent));
        }
        Ok(())
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
