//! Jobs: work that takes longer than an answer may. Queued here by whoever wants it, run by the
//! clock's door a few at a time, one at a time for each subject; they tell their progress, can be
//! cancelled between two steps, and know what to do about a service that died under them.

mod error;
mod report;
mod run;
mod service;
mod task;

pub use error::{JobError, JobFailure};
pub use report::JobReport;
pub use service::{Jobs, NewJob};
pub use task::JobTask;
