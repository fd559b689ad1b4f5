//! Control connections: the streams that carry commands and replies.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::HandshakeError;
use super::socket::Pulse;
use super::transport::{TlsFacts, Transport, canonical, passes_through};

/// A client that does not acknowledge a reply for so long is gone.
const GIVE_UP: Duration = Duration::from_mins(2);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much of what a client still sends is read for its sake.
const FAREWELL_BYTES: u64 = 65_536;

/// A control connection, in the clear or encrypted.
#[derive(Debug)]
pub struct ControlStream {
    transport: Transport,
    peer: SocketAddr,
    local: SocketAddr,
}

impl ControlStream {
    /// Takes over an accepted connection and sets its socket options.
    ///
    /// # Errors
    ///
    /// The peer is gone already.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        let peer = canonical(socket.peer_addr()?);
        let local = canonical(socket.local_addr()?);
        // `ABOR` may come as urgent data (RFC 959 §4.1.3); it is read in its place among the rest.
        let options = SockRef::from(&socket);
        options.set_out_of_band_inline(true)?;
        options.set_tcp_user_timeout(Some(GIVE_UP))?;
        Ok(Self {
            transport: Transport::accepted(socket),
            peer,
            local,
        })
    }

    /// Encrypts the connection; the caller has made sure that no command byte is left unread.
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

    /// The server's address on this connection, an IPv4 address always written as such.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Tells whether the client is still there, while somebody else reads.
    pub fn pulse(&self) -> Pulse {
        self.transport.socket().pulse()
    }

    /// Says goodbye so that the last reply arrives: ends our side, then reads what the client still
    /// sends for a moment. Closing over unread bytes would reset the connection and could take the
    /// reply with it.
    pub async fn close(mut self) {
        let farewell = async {
            self.transport.shutdown().await?;
            let mut rest = self.transport.take(FAREWELL_BYTES);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        let _either_way = timeout(FAREWELL, farewell).await;
    }
}

passes_through!(ControlStream);
