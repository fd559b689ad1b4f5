//! Data connections: the streams that carry files and listings.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_tcp_cork;
use rustls::ServerConfig;
use socket2::SockRef;
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

/// A connection in the clear that no runtime looks after, for whoever moves many bytes at once: each
/// packet that arrived, and each time there is room again, would wake a thread of the runtime only to
/// note it.
#[derive(Debug)]
pub struct DetachedStream {
    socket: std::net::TcpStream,
    peer: SocketAddr,
    place: Option<ConnectedPort>,
}

impl DetachedStream {
    /// Gives it back to the runtime.
    ///
    /// # Errors
    ///
    /// The system can note no further socket; the connection is closed then.
    pub fn attach(self) -> io::Result<DataStream> {
        let socket = TcpStream::from_std(self.socket)?;
        // If this fails the connection is gone already.
        let _gone = SockRef::from(&socket).set_linger(None);
        Ok(DataStream {
            transport: Transport::accepted(socket),
            peer: self.peer,
            place: self.place,
        })
    }

    /// Resets the connection if it is closed before somebody has it back: a client must not take what
    /// it got until then for all.
    pub fn reset_if_lost(&self) {
        // If this fails the connection is gone already.
        let _gone = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }

    /// Has the system send whole packets only, until the end: one that is half full at the end of a
    /// call waits for what comes next. That saves a sender of a large file a seventh of its time.
    pub fn send_whole_packets(&self) {
        // Without it the packets are as they were.
        let _as_before = set_tcp_cork(&self.socket, true);
    }

    /// Waits up to `patience`, on the spot, until something arrives or the stream ends. Blocking.
    pub fn is_readable_soon(&self, patience: Duration) -> bool {
        self.is_soon(PollFlags::IN, patience)
    }

    /// Waits up to `patience`, on the spot, until there is room for more. Blocking.
    pub fn is_writable_soon(&self, patience: Duration) -> bool {
        self.is_soon(PollFlags::OUT, patience)
    }

    fn is_soon(&self, flags: PollFlags, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).ok();
        let waited = poll(&mut [PollFd::new(self, flags)], patience.as_ref());
        waited.is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for DetachedStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
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
            transport: self
                .transport
                .reading_ahead()
                .start_tls(config, within)
                .await?,
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

    /// Takes it from the runtime, if it is in the clear.
    ///
    /// # Errors
    ///
    /// The connection is encrypted, or the system does not let go of it; it is closed then.
    pub fn detach(self) -> io::Result<DetachedStream> {
        let Transport::Plain(socket) = self.transport else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        Ok(DetachedStream {
            socket: socket.detach()?,
            peer: self.peer,
            place: self.place,
        })
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
