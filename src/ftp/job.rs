//! The part of a transfer that happens beside the control connection, in a task of its own. It
//! returns a reply and never speaks itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::buffers::Buffers;
use super::data::{Arrival, Terms};
use super::download::Sending;
use super::error::TransferError;
use super::pump::Pump;
use super::record::{Ending, Record};
use super::refusals::Refusals;
use super::sheet::Sheet;
use super::stop::Stop;
use super::upload::{Failed, Receiving, Stored};
use crate::clock::Clock;
use crate::hosting::quota::QuotaError;
use crate::hosting::rates::Pace;
use crate::hosting::sessions::LiveTransfer;
use crate::hosting::traffic::Toll;
use crate::model::{AccountId, TransferResult, VirtualPath};
use crate::net::DataStream;
use crate::proto::{Code, Reply};

/// A transfer between 150 and its final reply.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) terms: Terms,
    pub(super) work: Work,
    pub(super) buffers: Buffers,
    pub(super) pace: Pace,
    pub(super) toll: Option<Arc<Toll>>,
    /// 226.
    pub(super) closing: Reply,
}

/// What is moved.
#[derive(Debug)]
pub(super) enum Work {
    /// A file to the client.
    Download {
        sending: Sending,
        record: Record,
        live: Arc<LiveTransfer>,
    },
    /// A list to the client. Nobody keeps a record of it.
    Listing(Sheet),
    /// A file from the client.
    Upload {
        receiving: Box<Receiving>,
        record: Record,
        live: Arc<LiveTransfer>,
        claim: Claim,
    },
}

/// For whom and where an upload is stored, and whom to tell if it does not fit.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) account: AccountId,
    pub(super) path: VirtualPath,
    pub(super) refusals: Refusals,
    pub(super) clock: Arc<dyn Clock>,
}

impl Job {
    /// Most bytes, and longest time, that are read from a client whose upload did not fit, so that
    /// it reads the reply instead of an error.
    const DRAIN_BYTES: u64 = 1 << 20;
    const DRAIN_WITHIN: Duration = Duration::from_secs(2);

    /// Moves the bytes and tells the final reply. Runs to its end in any case: what was granted is
    /// settled and the journal has its row before the reply is told.
    pub(super) async fn run(mut self, arrival: Arrival, stop: Stop, tell: oneshot::Sender<Reply>) {
        let pump = Pump {
            buffers: self.buffers.clone(),
            live: self.work.live(),
            pace: self.pace.clone(),
            toll: self.toll.take(),
            stall: self.terms.stall,
            stop,
        };
        let arrival = arrival.now();
        if self.work.is_sent_ahead(&arrival, &self.terms, &pump) {
            // The end of the connection is the end of the file.
            drop(arrival);
            let _gone = tell.send(self.sent(&pump));
            return;
        }
        let opened = tokio::select! {
            biased;
            cause = pump.stop.told() => Err(TransferError::Stopped(cause)),
            opened = arrival.open(&self.terms) => opened.map_err(TransferError::Data),
        };
        let stream = match opened {
            Ok(stream) => stream,
            Err(error) => {
                let _gone = tell.send(self.fail(&error));
                return;
            }
        };
        let (reply, unread) = match self.work {
            Work::Download {
                sending,
                record,
                live,
            } => {
                // The pump shows the transfer from here on, and no longer than it lasts.
                drop(live);
                (download(sending, record, stream, pump).await, None)
            }
            Work::Listing(sheet) => (sheet.run(stream, &pump).await.err(), None),
            Work::Upload {
                receiving,
                record,
                live,
                claim,
            } => {
                drop(live);
                upload(*receiving, record, claim, stream, pump).await
            }
        };
        let reply = reply.map_or(self.closing, |error| error.reply());
        // Nobody listens any more if the session is gone.
        let _gone = tell.send(reply);
        if let Some(stream) = unread {
            drain(stream).await;
        }
    }

    /// Ends a download that has been sent.
    fn sent(self, pump: &Pump) -> Reply {
        if let Work::Download {
            sending,
            mut record,
            ..
        } = self.work
        {
            record.travels(false);
            let size = Some(sending.download.size);
            record.end(complete(pump.moved_bytes(), size));
        }
        self.closing
    }

    /// Ends a transfer whose data connection never came about.
    pub(super) fn fail(self, error: &TransferError) -> Reply {
        let reply = error.reply();
        match self.work {
            Work::Download { record, .. } | Work::Upload { record, .. } => {
                record.failed(error, 0, None);
            }
            Work::Listing(_) => {}
        }
        reply
    }
}

impl Work {
    /// Who counts the bytes; nobody does for listings.
    fn live(&self) -> Option<Arc<LiveTransfer>> {
        match self {
            Self::Download { live, .. } | Self::Upload { live, .. } => Some(Arc::clone(live)),
            Self::Listing(_) => None,
        }
    }

    /// Whether the whole file could be sent at once.
    fn is_sent_ahead(&mut self, arrival: &Arrival, terms: &Terms, pump: &Pump) -> bool {
        let may_be = terms.tls.is_none() && pump.stop.cause().is_none() && pump.pace.is_free();
        match (self, arrival) {
            (Self::Download { sending, .. }, Arrival::Arrived(connection)) if may_be => {
                sending.send_ahead(connection, pump)
            }
            _ => false,
        }
    }
}

async fn download(
    sending: Sending,
    mut record: Record,
    stream: DataStream,
    pump: Pump,
) -> Option<TransferError> {
    record.travels(stream.is_tls());
    let size = Some(sending.download.size);
    let sent = sending.run(stream, &pump).await;
    let bytes = pump.moved_bytes();
    match sent {
        Ok(()) => {
            record.end(complete(bytes, size));
            None
        }
        Err(error) => {
            record.failed(&error, bytes, size);
            Some(error)
        }
    }
}

async fn upload(
    receiving: Receiving,
    mut record: Record,
    claim: Claim,
    stream: DataStream,
    pump: Pump,
) -> (Option<TransferError>, Option<DataStream>) {
    record.travels(stream.is_tls());
    let offset = receiving.offset();
    match receiving.run(stream, &pump).await {
        Ok(Stored { size, sha256 }) => {
            record.sums_up(sha256);
            claim.refusals.forget(claim.account, &claim.path);
            record.end(complete(pump.moved_bytes(), Some(size)));
            (None, None)
        }
        Err(failed) => {
            let Failed {
                error,
                size,
                received,
                unread,
            } = *failed;
            if let TransferError::Quota(refused) = &error
                && is_too_much(refused)
            {
                let needed = offset.saturating_add(received);
                let (place, now) = ((claim.account, &claim.path), claim.clock.now());
                claim.refusals.remember(place, needed, refused, now);
            }
            record.failed(&error, pump.moved_bytes(), size);
            (Some(error), unread)
        }
    }
}

/// Whether the same file would not fit again.
fn is_too_much(error: &QuotaError) -> bool {
    matches!(
        error,
        QuotaError::Bytes { .. } | QuotaError::FileSize { .. }
    )
}

fn complete(bytes: u64, size: Option<u64>) -> Ending {
    Ending {
        result: TransferResult::Complete,
        reason: "",
        code: Code::TransferComplete,
        bytes,
        size,
    }
}

/// Lets a client that is still sending come to its end.
async fn drain(mut stream: DataStream) {
    let draining = async {
        let _ended = stream.finish(Job::DRAIN_WITHIN).await;
        let mut rest = stream.take(Job::DRAIN_BYTES);
        let mut scratch = vec![0; 64 * 1_024];
        while rest.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
    };
    let _late = timeout(Job::DRAIN_WITHIN, draining).await;
}
