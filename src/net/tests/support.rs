//! What several tests need: a pair of connected sockets, a certificate, a TLS client.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::clock::Timestamp;
use crate::net::{CertificateStore, DataStream, HandshakeError};

pub(super) const NAME: &str = "ftp.example.net";
pub(super) const SOON: Duration = Duration::from_secs(10);

/// Two ends of one connection: the client's and the server's.
pub(super) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

/// A fresh self-signed certificate; the folder goes with it.
pub(super) fn certificate() -> (CertificateStore, TempDir) {
    let dir = TempDir::new().unwrap();
    let now = Timestamp::from_seconds(1_780_000_000);
    let names = [NAME.to_owned(), "192.0.2.1".to_owned()];
    let store = CertificateStore::load_or_create(&dir.path().join("tls"), &names, now).unwrap();
    (store, dir)
}

/// A TLS client that remembers its sessions and counts the tickets it was given.
pub(super) struct Client {
    pub(super) config: ClientConfig,
    tickets: Arc<Tickets>,
}

impl Client {
    pub(super) fn new(
        store: &CertificateStore,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(store.current().cert[0].clone()).unwrap();
        let tickets = Arc::new(Tickets::default());
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let memory: Arc<dyn ClientSessionStore> = Arc::<Tickets>::clone(&tickets);
        config.resumption = Resumption::store(memory);
        Self { config, tickets }
    }

    pub(super) fn tickets(&self) -> usize {
        self.tickets.received.load(Ordering::SeqCst)
    }

    /// Connects to a server with `config`.
    pub(super) async fn try_connect(
        &self,
        config: Arc<ServerConfig>,
    ) -> (
        std::io::Result<TlsStream<TcpStream>>,
        Result<DataStream, HandshakeError>,
    ) {
        let (client, server) = sockets().await;
        let server = DataStream::active(server).unwrap();
        tokio::join!(self.shake_hands(client), server.start_tls(config, SOON))
    }

    /// The client's half of a handshake.
    pub(super) async fn shake_hands(
        &self,
        socket: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        let name = ServerName::try_from(NAME).unwrap();
        connector.connect(name, socket).await
    }

    pub(super) async fn connect(
        &self,
        config: Arc<ServerConfig>,
    ) -> (TlsStream<TcpStream>, DataStream) {
        let (client, server) = self.try_connect(config).await;
        (client.unwrap(), server.unwrap())
    }
}

#[derive(Debug)]
struct Tickets {
    received: AtomicUsize,
    memory: ClientSessionMemoryCache,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            received: AtomicUsize::new(0),
            memory: ClientSessionMemoryCache::new(64),
        }
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.memory.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.memory.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.memory.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.memory.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.memory.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.received.fetch_add(1, Ordering::SeqCst);
        self.memory.insert_tls13_ticket(server, value);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.memory.take_tls13_ticket(server)
    }
}
