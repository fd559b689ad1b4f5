//! Writes the ledger to the database in batches, and marks accounts before they are written to.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ledger::{Ledger, MarkRequest};
use super::pool::Change;
use crate::clock::Clock;
use crate::model::AccountId;
use crate::store::{Db, StoreError};
use std::sync::Arc;

/// The one task that writes usage figures.
///
/// An account is marked in the database before its first change and unmarked once its figures are
/// written and nothing is under way. Whatever is marked when the service starts was in the middle of
/// something when it died, and is counted on disk again.
#[derive(Debug)]
pub struct Keeper {
    ledger: Ledger,
    requests: mpsc::Receiver<MarkRequest>,
    db: Db,
    clock: Arc<dyn Clock>,
}
