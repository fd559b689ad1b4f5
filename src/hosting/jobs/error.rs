//! What can go wrong with a job.

use super::report::JobReport;
use crate::model::Right;
use crate::store::StoreError;
use crate::vfs::StorageError;

/// Why a job cannot be queued, found or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is no such job.
    #[error("no such job")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// It is over already.
    #[error("the job is over already")]
    Over,
    /// It is not over, it came to its end, or the same work is under way.
    #[error("the job cannot be begun again now")]
    NotAgain,
    /// The database failed.
    #[error("jobs are not available")]
    Store(#[from] StoreError),
}

/// Why a job did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum JobFailure {
    /// Somebody cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// The service stops.
    #[error("the service stops")]
    Stopped,
    /// It was done in part; what is left is told.
    #[error("{}", .0.result)]
    Incomplete(JobReport),
    /// It cannot be done; a sentence for whoever reads the page.
    #[error("{0}")]
    Failed(String),
    /// The disk refused.
    #[error("the files cannot be reached: {0}")]
    Storage(#[from] StorageError),
    /// The database refused.
    #[error("the database does not answer: {0}")]
    Store(#[from] StoreError),
}
