//! The public DNS name, resolved in the background. The last good address is kept, and nobody ever
//! waits for DNS.

use std::net::Ipv4Addr;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::PublicAddress;

/// A handle on the background resolver.
#[derive(Clone, Debug)]
pub struct PublicName {}

/// What is known of the name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameStatus {
    /// The name.
    pub name: String,
    /// Its last good address.
    pub address: Option<Ipv4Addr>,
    /// Why the last attempt failed; `None`: it did not.
    pub failure: Option<String>,
}

impl PublicName {
    /// Starts the resolver. It follows no name yet and ends with `stop`.
    pub fn start(tasks: &TaskTracker, stop: CancellationToken) -> Self {
        todo!("{tasks:?} {stop:?}")
    }

    /// Follows `address` from now on if it is a name; forgets the earlier one.
    pub fn follow(&self, address: &PublicAddress) {
        todo!("{address}")
    }

    /// The last good address of the name; `None` if there is no name or it never resolved.
    pub fn address(&self) -> Option<Ipv4Addr> {
        todo!()
    }

    /// What is known of the name; `None` if none is followed.
    pub fn status(&self) -> Option<NameStatus> {
        todo!()
    }
}
