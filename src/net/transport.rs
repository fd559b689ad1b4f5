//! What control and data connections have in common: a socket, in the clear or encrypted, and its
//! options.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion, ServerConfig};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::error::HandshakeError;
use super::socket::Socket;

/// A silent connection is asked after this time whether its peer is still there …
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
/// … again in this interval …
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// … and given up after so many unanswered questions.
const KEEPALIVE_PROBES: u32 = 4;

/// A connected socket, in the clear or encrypted.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

/// What was agreed in a TLS handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFacts {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite, for example `TLS13_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
    /// The handshake resumed an earlier one of the same FTP session.
    pub is_resumed: bool,
    /// The host that the client asked for (SNI), in lower case.
    pub server_name: Option<String>,
}

impl Transport {
    /// Takes over a socket that a listener accepted; it has its options from there.
    pub(super) fn accepted(socket: TcpStream) -> Self {
        Self::Plain(Socket::new(socket))
    }

    /// Takes over a socket that was connected to somebody, and sets its options.
    pub(super) fn connected(socket: TcpStream) -> io::Result<Self> {
        set_options(&SockRef::from(&socket))?;
        Ok(Self::accepted(socket))
    }

    /// The same, for many bytes: the socket is read in large pieces. Before TLS only.
    pub(super) fn reading_ahead(self) -> Self {
        match self {
            Self::Plain(socket) => Self::Plain(socket.reading_ahead()),
            encrypted @ Self::Tls(_) => encrypted,
        }
    }

    /// Plays the TLS server. The connection is closed if that fails.
    pub(super) async fn start_tls(
        self,
        config: Arc<ServerConfig>,
        within: Duration,
    ) -> Result<Self, HandshakeError> {
        let Self::Plain(socket) = self else {
            return Err(HandshakeError::Encrypted);
        };
        let handshake = Box::pin(TlsAcceptor::from(config).accept(socket));
        let stream = timeout(within, handshake)
            .await
            .map_err(|_elapsed| HandshakeError::TimedOut)?
            .map_err(HandshakeError::Failed)?;
        Ok(Self::Tls(Box::new(stream)))
    }

    pub(super) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    pub(super) fn tls(&self) -> Option<TlsFacts> {
        let Self::Tls(stream) = self else {
            return None;
        };
        let connection = stream.get_ref().1;
        Some(TlsFacts {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS",
            },
            cipher: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            server_name: connection.server_name().map(str::to_ascii_lowercase),
        })
    }

    /// Resets the connection when it is dropped, instead of ending it.
    pub(super) fn reset_on_close(&self) {
        // If this fails the connection is gone already.
        let _gone = SockRef::from(&**self.socket()).set_linger(Some(Duration::ZERO));
    }
}

/// Sets the options of a connection. A listener hands them down to what it accepts, which saves six
/// system calls for every small file.
pub(super) fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE_AFTER)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES),
    )
}

/// An address as people write it: IPv4 never inside IPv6.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// Lets a wrapper be read from and written to like the transport inside.
macro_rules! passes_through {
    ($wrapper:ty) => {
        impl tokio::io::AsyncRead for $wrapper {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.get_mut().transport).poll_read(context, buffer)
            }
        }

        impl tokio::io::AsyncWrite for $wrapper {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut self.get_mut().transport).poll_write(context, bytes)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.get_mut().transport).poll_flush(context)
            }

            fn poll_shutdown(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
            }
        }
    };
}
pub(super) use passes_through;
