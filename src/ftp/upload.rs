//! Uploads: from the data connection into a staged file, and what becomes of the file in the end.

use std::time::Duration;

use super::error::TransferError;
use super::pour::Pour;
use super::pump::Pump;
use crate::hosting::quota::{Allowance, QuotaError};
use crate::model::{Checksum, Durability};
use crate::net::DataStream;
use crate::proto::CrlfToLf;
use crate::vfs::{Abandoned, Committed, Home, OnAbort, StorageError, Target, Upload};

/// An upload that was checked and admitted, and waits for its data connection.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) home: Home,
    pub(super) target: Target,
    pub(super) allowance: Allowance,
    /// `TYPE A` converts line ends.
    pub(super) conversion: Option<CrlfToLf>,
    /// What `ALLO` announced.
    pub(super) announced: Option<u64>,
    pub(super) durability: Durability,
    pub(super) checksum: Checksum,
    /// What stays if it breaks off.
    pub(super) on_abort: OnAbort,
    /// Whether the end of TLS counts as the end of the file without `close_notify`.
    pub(super) tolerates_truncation: bool,
}

/// A file that was stored.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its SHA-256, if it was wanted and the whole file arrived in this upload.
    pub(super) sha256: Option<String>,
}

/// An upload that did not end well.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: TransferError,
    /// Size of the file now; `None` if the upload left none.
    pub(super) size: Option<u64>,
    /// Bytes that arrived for the file, those included that did not fit.
    pub(super) received: u64,
    /// The data connection, if the client should be allowed to finish sending.
    pub(super) unread: Option<DataStream>,
}

/// In the clear, the end of a file and the death of its sender look alike; but the death takes the
/// control connection with it, some moments later. So long a file that would replace another waits
/// for that, unless its size was announced.
const DOUBT: Duration = Duration::from_millis(20);
/// How long the client may take to hear that its end was heard.
const FAREWELL_WITHIN: Duration = Duration::from_secs(2);

impl Receiving {
    /// Where the upload begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.target.offset()
    }

    /// Receives the file, and stores it or not. Runs to its end in any case: what was granted is settled
    /// before this returns.
    pub(super) async fn run(self, stream: DataStream, pump: &Pump) -> Result<Stored, Box<Failed>> {
        let is_replacing = self.offset() == 0 && self.target.existing().is_some();
        let is_doubtful = is_replacing && !stream.is_tls();
        let upload = match self.home.begin_upload(self.target).await {
            Ok(upload) => upload,
            Err(error) => {
                stream.abort();
                return Err(Box::new(Failed {
                    error: error.into(),
                    size: None,
                    received: 0,
                    unread: None,
                }));
            }
        };
        if self.checksum == Checksum::Sha256 {
            upload.keep_checksum();
        }
        // An append begins where the file ends now, not where it did when the client asked.
        let mut allowance = self.allowance;
        allowance.begins_at(upload.start());
        let mut pour = Pour::new(&upload, allowance, self.conversion, pump.clone());
        let (stream, poured) = pour.run(stream, self.announced).await;
        let doubt = if is_doubtful && self.announced != Some(pour.received()) {
            DOUBT
        } else {
            Duration::ZERO
        };
        let ended = match (poured, stream) {
            (Ok(()), Some(mut stream)) => {
                if stream.is_tls() {
                    // The client waits for our close_notify before it reads 226. All its bytes are
                    // here, so it does not matter if it has gone already.
                    let _gone = stream.finish(FAREWELL_WITHIN).await;
                }
                Ok(())
            }
            (Err(TransferError::Truncated), Some(_)) if self.tolerates_truncation => Ok(()),
            (Ok(()), None) => Err((TransferError::Worker, None)),
            (Err(error), stream) => Err((error, stream)),
        };
        let ended = match pump.stop.last_look(doubt).await {
            Some(cause) => ended.and(Err((TransferError::Stopped(cause), None))),
            None => ended,
        };
        // Nobody compares the books with the disk until what happens now is booked.
        let _until_booked = pour.until_booked().await;
        match ended {
            Ok(()) => commit(pour, upload, self.durability).await,
            Err((error, stream)) => {
                let policy = if is_full(&error) {
                    OnAbort::Discard
                } else {
                    self.on_abort
                };
                Err(give_up(pour, upload, stream, (error, policy)).await)
            }
        }
    }
}

async fn commit(pour: Pour, upload: Upload, durability: Durability) -> Result<Stored, Box<Failed>> {
    let cover = pour.cover();
    let received = pour.received();
    let allows = move |size, replaced| cover.allows(size, replaced);
    let committed = match upload.commit_if(durability, allows).await {
        Ok(committed) => committed,
        // Nobody knows what a disk that failed now has kept of it.
        Err(error) => {
            let ended = (error.into(), OnAbort::Discard);
            return Err(give_up(pour, upload, None, ended).await);
        }
    };
    let size = settle(pour, &committed);
    if durability == Durability::OnDisk && committed.durability != Durability::OnDisk {
        tracing::error!(file.path = %committed.path, "a stored file was not confirmed by the disk");
        return Err(Box::new(Failed {
            error: TransferError::Unconfirmed,
            size: Some(size),
            received,
            unread: None,
        }));
    }
    let sha256 = committed.sha256;
    Ok(Stored { size, sha256 })
}

async fn give_up(
    pour: Pour,
    upload: Upload,
    stream: Option<DataStream>,
    (error, policy): (TransferError, OnAbort),
) -> Box<Failed> {
    let received = pour.received();
    let unread = stream.and_then(|stream| {
        if is_full(&error) {
            return Some(stream);
        }
        stream.abort();
        None
    });
    let cover = pour.cover();
    let allows = move |size, replaced| cover.allows(size, replaced);
    let abandoned = upload.abandon_if(policy, allows).await;
    let abandoned = abandoned.unwrap_or_else(|error| {
        tracing::error!(%error, "an interrupted upload could not be cleaned up");
        Abandoned::Nothing
    });
    let size = abandoned.change().map(|change| settle(pour, change));
    Box::new(Failed {
        error,
        size,
        received,
        unread,
    })
}

/// Whether the upload ended for want of room; then nothing of it stays.
fn is_full(error: &TransferError) -> bool {
    matches!(
        error,
        TransferError::Quota(
            QuotaError::Bytes { .. } | QuotaError::FileSize { .. } | QuotaError::Files { .. }
        ) | TransferError::Storage(StorageError::NoSpace | StorageError::DiskQuota)
    )
}

/// Books what stands now; tells its size.
fn settle(pour: Pour, change: &Committed) -> u64 {
    pour.into_allowance().settle(change.size, change.replaced);
    change.size
}
