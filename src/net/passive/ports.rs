//! The shared pool of passive ports.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::PortRange;
use crate::net::error::{BindError, PassiveError};
use crate::net::listen::BindAddresses;

use super::options::{PassiveOptions, ReservationRequest};
use super::reservation::PortReservation;
use super::view::{PassiveCounters, PortView};

/// The passive ports of this process. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct PassivePorts {}

impl PassivePorts {
    /// A pool without ports. Its tasks run on `tasks` and end with `stop`.
    pub fn new(options: PassiveOptions, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        todo!("{options:?} {tasks:?} {stop:?}")
    }

    /// Opens the range at start-up. Ports that cannot be opened are returned; they are tried again
    /// every minute.
    ///
    /// # Errors
    ///
    /// The first failure if no port at all could be opened.
    pub async fn open(
        &self,
        range: PortRange,
        on: BindAddresses,
    ) -> Result<Vec<BindError>, BindError> {
        todo!("{range} {on:?}")
    }

    /// Changes the range. The ports that are added are opened first; ports that left the range close
    /// when their last reservation ends; running transfers are untouched.
    ///
    /// # Errors
    ///
    /// An added port could not be opened; nothing has changed then.
    ///
    /// # Cancel safety
    ///
    /// The change is made entirely or not at all.
    pub async fn apply(&self, range: PortRange, on: BindAddresses) -> Result<(), BindError> {
        todo!("{range} {on:?}")
    }

    /// Reserves a random port for the peer, waiting a moment for one if all are taken.
    ///
    /// # Errors
    ///
    /// [`PassiveError::Exhausted`] if none became free in time, [`PassiveError::Closed`] if no port
    /// is open for the peer's address family.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves no reservation behind.
    pub async fn reserve(
        &self,
        request: ReservationRequest,
    ) -> Result<PortReservation, PassiveError> {
        todo!("{request:?}")
    }

    /// Whether a passive listener is open on `port`.
    pub fn owns(&self, port: u16) -> bool {
        todo!("{port}")
    }

    /// Every port, in ascending order.
    pub fn snapshot(&self) -> Vec<PortView> {
        todo!()
    }

    /// The numbers.
    pub fn counters(&self) -> PassiveCounters {
        todo!()
    }
}
