//! A reservation, and the connection that came in on it.

use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::model::SessionId;
use crate::net::error::PassiveError;

use super::bookings::{Booked, BookingKey, Caller};
use super::shared::{Shared, reset};

/// A port reserved for one peer. Dropping it gives the port back, and closes a connection that has
/// arrived but was not taken.
#[derive(Debug)]
pub struct PortReservation {
    shared: Arc<Shared>,
    key: BookingKey,
    session: SessionId,
    /// The connection waits in here if it is earlier than the verb that wants it.
    arrival: Option<oneshot::Receiver<Caller>>,
}

/// A connection that came in on a passive port.
#[derive(Debug)]
pub struct PassiveConnection {
    pub(in crate::net) socket: TcpStream,
    pub(in crate::net) from: SocketAddr,
    pub(in crate::net) place: ConnectedPort,
}

/// The pool counts a connection on its port until this is dropped.
#[derive(Debug)]
pub(in crate::net) struct ConnectedPort {
    shared: Arc<Shared>,
    place: (u16, u64),
}

impl PortReservation {
    pub(super) fn new(shared: Arc<Shared>, booked: Booked, session: SessionId) -> Self {
        Self {
            shared,
            key: booked.key,
            session,
            arrival: Some(booked.arrival),
        }
    }

    /// The port to tell the client.
    pub fn port(&self) -> u16 {
        self.key.port
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
        let Some(arrival) = &mut self.arrival else {
            return Err(PassiveError::Ended);
        };
        let key = self.key;
        self.shared
            .with(|state| state.bookings.keep(key, Instant::now() + within));
        let arrived = timeout(within, &mut *arrival).await;
        let result = match arrived {
            Ok(Ok(caller)) => Ok(caller),
            Ok(Err(_expired)) => Err(PassiveError::Ended),
            Err(_elapsed) => {
                // It may have come this very moment.
                self.shared.look(key);
                if self.shared.release(key) {
                    self.shared.count_timeout();
                    Err(PassiveError::TimedOut)
                } else {
                    // Somebody is handing it over, or it was too old.
                    arrival.await.map_err(|_| PassiveError::TimedOut)
                }
            }
        };
        self.arrival = None;
        Ok(self.connection(result?))
    }

    /// The client's connection if it has been made already.
    pub fn arrived(&mut self) -> Option<PassiveConnection> {
        let arrival = self.arrival.as_mut()?;
        let caller = arrival.try_recv().or_else(|_| {
            self.shared.look(self.key);
            arrival.try_recv()
        });
        let caller = caller.ok()?;
        self.arrival = None;
        Some(self.connection(caller))
    }

    /// Gives the port back. A connection that has arrived is reset instead of ended: a client that
    /// begins with TLS then fails at connecting.
    pub fn refuse(mut self) {
        self.shared.look(self.key);
        self.shared.release(self.key);
        if let Some(caller) = self.arrival.take().and_then(|mut it| it.try_recv().ok()) {
            reset(caller.socket);
        }
    }

    fn connection(&self, caller: Caller) -> PassiveConnection {
        let place = ConnectedPort {
            place: self.shared.connected(self.key.port, self.session),
            shared: Arc::clone(&self.shared),
        };
        PassiveConnection {
            socket: caller.socket,
            from: caller.from,
            place,
        }
    }
}

impl Drop for PortReservation {
    fn drop(&mut self) {
        if self.arrival.is_some() {
            self.shared.look(self.key);
            self.shared.release(self.key);
        }
    }
}

impl AsFd for PassiveConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl PassiveConnection {
    /// The port it came in on.
    pub fn port(&self) -> u16 {
        self.place.port()
    }

    /// Whether the client has sent something already.
    pub fn has_spoken(&self) -> bool {
        let peeked = SockRef::from(&self.socket).peek(&mut [MaybeUninit::uninit()]);
        peeked.is_ok_and(|bytes| bytes > 0)
    }
}

impl ConnectedPort {
    pub(in crate::net) fn port(&self) -> u16 {
        self.place.0
    }
}

impl Drop for ConnectedPort {
    fn drop(&mut self) {
        self.shared.disconnected(self.place);
    }
}
