//! From what `PASV` or `PORT` arranged to a byte stream: accept or connect, then TLS.
//!
//! Passive: the client is told 150 first and connects when it likes. Active: the connection is made
//! before 150, so that a failure is the only reply the client hears (Python's ftplib waits in
//! `accept` as soon as it has read 150).
//!
//! Most clients begin with TLS when they have heard 150. One that has begun before is answered
//! before: basic-ftp for Node ends an empty upload the moment it hears 150, shaken hands or not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::net::{
    self, DataStream, HandshakeError, PassiveConnection, PassiveError, PassiveOptions,
    PortReservation,
};

/// What `PASV`, `EPSV`, `PORT` or `EPRT` arranged for the next transfer.
#[derive(Debug)]
pub(super) enum Endpoint {
    /// The client will connect, or has connected already.
    Passive {
        /// The port, held for this client.
        reservation: PortReservation,
        /// When it lapses if it is not used.
        until: Instant,
    },
    /// The server will connect.
    Active(Target),
}

/// Where the server connects to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// The local address of the control connection.
    pub(super) local: IpAddr,
    /// The client's listener.
    pub(super) address: SocketAddr,
    /// The source port to try first.
    pub(super) source_port: Option<u16>,
    /// How long connecting may take.
    pub(super) within: Duration,
}

/// How the data connection must be.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// TLS; `None`: in the clear.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Whether TLS must resume a handshake of this session.
    pub(super) resumption: Resumption,
    /// How long the client may take to connect.
    pub(super) connect_within: Duration,
    /// How long the TLS handshake may take.
    pub(super) handshake_within: Duration,
    /// How long no byte may move.
    pub(super) stall: Duration,
}

/// What a data connection must prove.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Resumption {
    /// Nothing beyond its address.
    Preferred,
    /// That it belongs to this session.
    Required,
}

/// An arranged connection that is ready for 150.
pub(super) enum Arrival {
    /// The client connects after 150.
    Expected(PortReservation),
    /// The client has connected.
    Arrived(PassiveConnection),
    /// The server has connected.
    Connected(TcpStream),
    /// The client has begun with TLS, but not come to the end.
    Opening(BoxFuture<'static, Result<DataStream, DataError>>),
    /// Everything is done.
    Open(DataStream),
}

/// How long 150 waits for the handshake of a client that began with it early. If the client in its
/// turn waits for 150, it goes on then.
const EARLY_HANDSHAKE_WITHIN: Duration = Duration::from_millis(300);

/// Why there is no data connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DataError {
    /// The server could not connect to the client.
    #[error("the client's port cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The client did not connect, or took too long.
    #[error(transparent)]
    NotConnected(#[from] PassiveError),
    /// The connection broke before it could be used.
    #[error("the connection broke at once")]
    Broken(#[source] io::Error),
    /// The TLS handshake failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The TLS handshake did not resume one of this session.
    #[error("the TLS session was not resumed")]
    NotResumed,
}

impl Endpoint {
    /// A port that was just reserved.
    pub(super) fn passive(reservation: PortReservation) -> Self {
        let until = Instant::now() + PassiveOptions::default().ttl;
        Self::Passive { reservation, until }
    }

    /// Whether the arrangement has lapsed.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self, Self::Passive { until, .. } if *until <= Instant::now())
    }

    /// Gives it up because the transfer was refused, in a way that a client which begins with TLS
    /// understands (Perl's `Net::FTP` does so before it reads the reply, and dies of writing into a
    /// connection that was closed in the ordinary way).
    pub(super) fn refuse(self) {
        if let Self::Passive { reservation, .. } = self {
            reservation.refuse();
        }
    }

    /// Does what must be done before 150.
    ///
    /// # Errors
    ///
    /// [`DataError::Unreachable`], or what [`Arrival::open`] may meet; the peer hears 425 or 522 and
    /// no 150.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future closes what it had opened.
    pub(super) async fn prepare(self, terms: &Terms) -> Result<Arrival, DataError> {
        match self {
            Self::Passive {
                mut reservation, ..
            } => match reservation.arrived() {
                None => Ok(Arrival::Expected(reservation)),
                Some(connection) if terms.tls.is_some() && connection.has_spoken() => {
                    Arrival::Arrived(connection).hurry(terms.clone()).await
                }
                Some(connection) => Ok(Arrival::Arrived(connection)),
            },
            Self::Active(Target {
                local,
                address,
                source_port,
                within,
            }) => net::connect(local, address, source_port, within)
                .await
                .map(Arrival::Connected)
                .map_err(DataError::Unreachable),
        }
    }
}

impl Arrival {
    /// The same, if the client has connected meanwhile.
    pub(super) fn now(self) -> Self {
        let Self::Expected(mut reservation) = self else {
            return self;
        };
        match reservation.arrived() {
            Some(connection) => Self::Arrived(connection),
            None => Self::Expected(reservation),
        }
    }

    /// Opens now if that is done soon.
    async fn hurry(self, terms: Terms) -> Result<Self, DataError> {
        let mut opening = async move { self.open(&terms).await }.boxed();
        match timeout(EARLY_HANDSHAKE_WITHIN, &mut opening).await {
            Ok(opened) => opened.map(Self::Open),
            Err(_elapsed) => Ok(Self::Opening(opening)),
        }
    }

    /// Waits for the client if need be, and encrypts. The pool of passive ports has checked that a
    /// connection comes from the control connection's peer.
    ///
    /// # Errors
    ///
    /// See [`DataError`]; the peer hears 425, or 522 if TLS is the reason.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future closes the connection.
    pub(super) async fn open(self, terms: &Terms) -> Result<DataStream, DataError> {
        let stream = match self {
            Self::Expected(mut reservation) => {
                let connection = reservation.accept(terms.connect_within).await?;
                DataStream::passive(connection)
            }
            Self::Arrived(connection) => DataStream::passive(connection),
            Self::Connected(socket) => DataStream::active(socket).map_err(DataError::Broken)?,
            Self::Opening(opening) => return opening.await,
            Self::Open(stream) => return Ok(stream),
        };
        let Some(config) = &terms.tls else {
            return Ok(stream);
        };
        let stream = stream
            .start_tls(Arc::clone(config), terms.handshake_within)
            .await?;
        let is_bound = stream.tls().is_some_and(|facts| facts.is_resumed);
        if terms.resumption == Resumption::Required && !is_bound {
            stream.abort();
            return Err(DataError::NotResumed);
        }
        if !is_bound {
            tracing::debug!(client.address = %stream.peer().ip(), "a data connection resumed no TLS session");
        }
        Ok(stream)
    }
}
