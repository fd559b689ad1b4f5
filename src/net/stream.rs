//! The streams that carry commands and files, in the clear or encrypted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::error::HandshakeError;
use super::passive::PassiveConnection;

/// A control connection.
#[derive(Debug)]
pub struct ControlStream {}

/// A data connection. A TLS peer that ends without `close_notify` is seen as
/// [`io::ErrorKind::UnexpectedEof`] by whoever reads.
#[derive(Debug)]
pub struct DataStream {}

/// What was agreed in a TLS handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFacts {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite, for example `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// The handshake resumed an earlier one of the same FTP session.
    pub is_resumed: bool,
}

impl ControlStream {
    /// Takes over an accepted connection and sets its socket options.
    ///
    /// # Errors
    ///
    /// The peer is gone already.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        todo!("{socket:?}")
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
        todo!("{config:?} {within:?}")
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        todo!()
    }

    /// What was agreed; `None` in the clear.
    pub fn tls(&self) -> Option<TlsFacts> {
        todo!()
    }

    /// The client's address, an IPv4 address always written as such.
    pub fn peer(&self) -> SocketAddr {
        todo!()
    }

    /// The server's address on this connection, an IPv4 address always written as such.
    pub fn local(&self) -> SocketAddr {
        todo!()
    }

    /// Says goodbye so that the last reply arrives: ends our side, then reads what the client still
    /// sends for a moment.
    pub async fn close(self) {
        todo!()
    }
}

impl DataStream {
    /// A connection that came in on a passive port. `stall` is how long unacknowledged bytes may
    /// wait before the system gives up.
    pub fn passive(connection: PassiveConnection, stall: Duration) -> io::Result<Self> {
        todo!("{connection:?} {stall:?}")
    }

    /// A connection that the server made.
    pub fn active(socket: TcpStream, stall: Duration) -> io::Result<Self> {
        todo!("{socket:?} {stall:?}")
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
        todo!("{config:?} {within:?}")
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        todo!()
    }

    /// What was agreed; `None` in the clear.
    pub fn tls(&self) -> Option<TlsFacts> {
        todo!()
    }

    /// The client's address, an IPv4 address always written as such.
    pub fn peer(&self) -> SocketAddr {
        todo!()
    }

    /// The socket itself, if nothing has to be encrypted.
    pub fn plain(&self) -> Option<&TcpStream> {
        todo!()
    }

    /// Ends the file: the rest of the bytes, `close_notify` if encrypted, then the end of the
    /// stream. The connection closes when the value is dropped.
    ///
    /// # Errors
    ///
    /// The peer went away before the last byte, or does not take the rest within `within`.
    pub async fn finish(&mut self, within: Duration) -> io::Result<()> {
        todo!("{within:?}")
    }

    /// Breaks the connection off, so that the client cannot take what it got for the whole file: no
    /// `close_notify`, and a reset instead of an end.
    pub fn abort(self) {
        todo!()
    }
}

impl AsyncRead for ControlStream {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        todo!()
    }
}

impl AsyncWrite for ControlStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        todo!()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }
}

impl AsyncRead for DataStream {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        todo!()
    }
}

impl AsyncWrite for DataStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        todo!()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }
}
