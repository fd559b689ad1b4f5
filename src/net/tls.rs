//! TLS for one FTP session: three configurations that share a session cache of their own, so that a
//! resumed data connection can only come from this session.
//!
//! There is no ticketer: its tickets would open every session's data port. Tickets of TLS 1.3 are
//! therefore references into the cache, and 0-RTT stays off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, StoresServerSessions};
use rustls::sign::CertifiedKey;

use super::certificate::CertificateStore;

/// The protocols a client may name; another one, for example `http/1.1`, fails the handshake, so
/// that a browser cannot be made to speak FTP. A client that names none is welcome.
const ALPN: [&[u8]; 2] = [b"ftp", b"x-filezilla-ftp"];
/// Tickets on the control connection: clients that use each one once have a few to begin with.
const CONTROL_TICKETS: usize = 4;
/// Tickets on a download: one for the next data connection.
const DOWNLOAD_TICKETS: usize = 1;
/// Tickets on an upload. A client that only sends never reads them, and its close over unread bytes
/// would reset the connection and truncate the file.
const UPLOAD_TICKETS: usize = 0;
/// Sessions in the cache of one FTP session.
const CACHE_ENTRIES: usize = 16;

/// The TLS configurations of one FTP session. They keep the certificate that was in force when the
/// session began, so that a data connection never shows another one than the control connection.
/// They are made when the session first speaks TLS, which many never do.
#[derive(Clone, Debug)]
pub struct SessionTls {
    store: CertificateStore,
    certificate: Arc<CertifiedKey>,
    configs: Arc<OnceLock<Configs>>,
}

#[derive(Debug)]
struct Configs {
    control: Arc<ServerConfig>,
    download: Arc<ServerConfig>,
    upload: Arc<ServerConfig>,
}

impl SessionTls {
    /// For a session that begins now.
    pub fn new(store: &CertificateStore) -> Self {
        Self {
            store: store.clone(),
            certificate: store.current(),
            configs: Arc::default(),
        }
    }

    /// For the control connection.
    pub fn control(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.configs().control)
    }

    /// For downloads and listings.
    pub fn download(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.configs().download)
    }

    /// For uploads.
    pub fn upload(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.configs().upload)
    }

    fn configs(&self) -> &Configs {
        self.configs
            .get_or_init(|| Configs::new(&self.store, &self.certificate))
    }
}

impl Configs {
    fn new(store: &CertificateStore, certificate: &Arc<CertifiedKey>) -> Self {
        let mut base = ServerConfig::clone(&store.config());
        base.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        base.session_storage = Arc::new(SessionCache::default());
        base.cert_resolver = Arc::new(Pinned(Arc::clone(certificate)));
        base.max_early_data_size = 0;
        let with_tickets = |tickets| {
            let mut config = base.clone();
            config.send_tls13_tickets = tickets;
            Arc::new(config)
        };
        Self {
            control: with_tickets(CONTROL_TICKETS),
            download: with_tickets(DOWNLOAD_TICKETS),
            upload: with_tickets(UPLOAD_TICKETS),
        }
    }
}

/// The certificate a session began with.
#[derive(Debug)]
struct Pinned(Arc<CertifiedKey>);

impl ResolvesServerCert for Pinned {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The TLS sessions that can be resumed; the one that was not used for longest comes first and has
/// to go first. A client that shows its control connection's ticket again and again keeps it.
#[derive(Default)]
struct SessionCache(Mutex<VecDeque<(Vec<u8>, Vec<u8>)>>);

// The entries are secrets of the connections.
impl std::fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCache").finish_non_exhaustive()
    }
}

impl StoresServerSessions for SessionCache {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(known, _)| *known != key);
        while entries.len() >= CACHE_ENTRIES {
            entries.pop_front();
        }
        entries.push_back((key, value));
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(known, _)| known == key)?;
        let entry = entries.remove(at)?;
        let value = entry.1.clone();
        entries.push_back(entry);
        Some(value)
    }

    /// Does not consume: clients built on OpenSSL resume from one ticket again and again. Without
    /// 0-RTT that does no harm.
    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.get(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
