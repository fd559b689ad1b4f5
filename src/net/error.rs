//! What can go wrong with sockets and certificates.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A socket could not be bound or could not listen.
#[derive(Debug, thiserror::Error)]
#[error("{address} {}", why(source))]
pub struct BindError {
    /// The address that was wanted.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl BindError {
    /// The port that was wanted.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whether another program holds the port.
    pub fn is_foreign(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }

    /// Why it failed, as the end of a sentence: `is in use by another program`.
    pub fn reason(&self) -> String {
        why(&self.source)
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
        io::ErrorKind::AddrNotAvailable => "is not an address of this computer".to_owned(),
        io::ErrorKind::PermissionDenied => "needs more rights than this program has".to_owned(),
        _ => format!("cannot be opened: {error}"),
    }
}

/// Why there is no passive port, or no connection on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PassiveError {
    /// Every port was taken for this peer, or the account holds its share already, and none became
    /// free in time.
    #[error("no passive port became free in time")]
    Exhausted,
    /// No passive port is open for the peer's address family at all.
    #[error("no passive port is open")]
    Closed,
    /// The client did not connect in time.
    #[error("the client did not connect")]
    TimedOut,
    /// The reservation has ended: it was used, or it was too old.
    #[error("the reservation has ended")]
    Ended,
}

/// A TLS handshake did not come to its end. The stream is gone.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer was too slow.
    #[error("the TLS handshake took too long")]
    TimedOut,
    /// The stream is encrypted already.
    #[error("the stream is encrypted already")]
    Encrypted,
    /// The peer went away or does not speak TLS as we do.
    #[error("the TLS handshake failed: {0}")]
    Failed(#[source] io::Error),
}

/// A certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file could not be read or written.
    #[error("{} cannot be read or written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Only one of certificate and key exists.
    #[error("{} is missing, but its counterpart exists", .0.display())]
    Missing(PathBuf),
    /// The text is no PEM certificate.
    #[error("the certificate is not readable: {0}")]
    Malformed(String),
    /// The text is no PEM private key.
    #[error("the private key is not readable: {0}")]
    Key(String),
    /// Key and certificate do not belong together, or rustls does not support them.
    #[error("certificate and key do not fit together: {0}")]
    Mismatch(#[source] rustls::Error),
    /// The self-signed certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Create(#[from] rcgen::Error),
    /// The service is shutting down.
    #[error("reading the certificate was interrupted: {0}")]
    Interrupted(#[source] io::Error),
    /// The TLS configuration was refused.
    #[error("the TLS configuration was refused: {0}")]
    Config(#[source] rustls::Error),
}
