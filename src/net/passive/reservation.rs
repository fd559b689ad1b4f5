//! A reservation, and the connection that came in on it.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::net::error::PassiveError;

/// A port reserved for one peer. Dropping it gives the port back, and closes a connection that has
/// arrived but was not taken.
#[derive(Debug)]
pub struct PortReservation {}

/// A connection that came in on a passive port; the page counts it until it is dropped.
#[derive(Debug)]
pub struct PassiveConnection {
    #[expect(dead_code, reason = "bodies follow")]
    socket: TcpStream,
}

impl PortReservation {
    /// The port to tell the client.
    pub fn port(&self) -> u16 {
        todo!()
    }

    /// Waits for the client's connection, which may have arrived already. After
    /// [`PassiveError::TimedOut`] the port is given back.
    ///
    /// # Errors
    ///
    /// [`PassiveError::TimedOut`] after `within`, [`PassiveError::Ended`] if the reservation was
    /// used or too old.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub async fn accept(&mut self, within: Duration) -> Result<PassiveConnection, PassiveError> {
        todo!("{within:?}")
    }
}
