//! Data connections: the streams that carry files and listings.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::HandshakeError;
use super::passive::{ConnectedPort, PassiveConnection};
use super::transport::{TlsFacts, Transport, canonical, passes_through};

/// A data connection, in the clear or encrypted. A TLS peer that ends without `close_notify` is
/// seen as [`io::ErrorKind::UnexpectedEof`] by whoever reads.
#[derive(Debug)]
pub struct DataStream {
    transport: Transport,
    peer: SocketAddr,
    place: Option<ConnectedPort>,
}

/// What a socket can be ready for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// Something arrived, or the end.
    Read,
    /// There is room for more.
    Write,
}

impl DataStream {
    /// A connection that came in on a passive port.
    pub fn passive(connection: PassiveConnection) -> Self {
        let PassiveConnection {
            socket,
            from,
            place,
        } = connection;
        Self {
            transport: Transport::accepted(socket),
            peer: canonical(from),
            place: Some(place),
        }
    }

    /// A connection that the server made.
    ///
    /// # Errors
    ///
    /// The peer is gone already.
    pub fn active(socket: TcpStream) -> io::Result<Self> {
        let peer = canonical(socket.peer_addr()?);
        Ok(Self {
            transport: Transport::connected(socket)?,
            peer,
            place: None,
        })
    }

    /// Encrypts the connection; the server plays the TLS server in active mode too (RFC 4217 §7).
    ///
    /// # Errors
    ///
    /// See [`HandshakeError`]; the connection is closed then.
    pub async fn start_tls(
        self,
        config: Arc<ServerConfig>,
        within: Duration,
    ) -> Result<Self, HandshakeError> {
        Ok(Self {
            transport: self.transport.start_tls(config, within).await?,
            ..self
        })
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self.transport, Transport::Tls(_))
    }

    /// What was agreed; `None` in the clear.
    pub fn tls(&self) -> Option<TlsFacts> {
        self.transport.tls()
    }

    /// The client's address, an IPv4 address always written as such.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The passive port it came in on; `None` in active mode.
    pub fn passive_port(&self) -> Option<u16> {
        self.place.as_ref().map(ConnectedPort::port)
    }

    /// The socket itself, if nothing has to be encrypted.
    pub fn plain(&self) -> Option<&TcpStream> {
        match &self.transport {
            Transport::Plain(socket) => Some(socket),
            Transport::Tls(_) => None,
        }
    }

    /// Waits up to `patience`, on the spot, until the socket is ready. Blocking.
    pub fn is_soon(&self, readiness: Readiness, patience: Duration) -> bool {
        let socket: &TcpStream = self.transport.socket();
        let flags = match readiness {
            Readiness::Read => PollFlags::IN,
            Readiness::Write => PollFlags::OUT,
        };
        let patience = Timespec::try_from(patience).ok();
        let waited = poll(&mut [PollFd::new(socket, flags)], patience.as_ref());
        waited.is_ok_and(|ready| ready > 0)
    }

    /// Ends our side: the rest of the bytes, `close_notify` if encrypted, then the end of the
    /// stream. The connection closes when the value is dropped.
    ///
    /// # Errors
    ///
    /// The peer went away before the last byte, or does not take the rest within `within`.
    pub async fn finish(&mut self, within: Duration) -> io::Result<()> {
        timeout(within, self.transport.shutdown()).await?
    }

    /// Breaks the connection off, so that the client cannot take what it got for the whole file: no
    /// `close_notify`, and a reset instead of an end.
    pub fn abort(self) {
        self.transport.reset_on_close();
    }
}

passes_through!(DataStream);
