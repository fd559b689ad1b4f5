//! What a command may ask of the control loop: say something, move bytes, compute, encrypt, end.

use super::data::Endpoint;
use super::hashing::Hashing;
use super::job::Job;
use crate::proto::Reply;

/// What a command asks for.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This is the answer.
    Say(Reply),
    /// Compute a checksum, and answer at the end.
    Hash(Box<Hashing>),
    /// Move bytes, and answer at the end.
    Transfer(Box<Transfer>),
    /// This is the last answer in the clear.
    UpgradeTls(Reply),
    /// This is the last answer.
    Close(Reply),
}

/// A transfer that was checked and admitted.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Where the data connection comes from.
    pub(super) endpoint: Endpoint,
    /// 150.
    pub(super) opening: Reply,
    /// What happens then.
    pub(super) job: Job,
}
