//! The server's certificate: loaded from files, made on first start, replaced while running.

use std::io;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::clock::Timestamp;

use super::error::CertificateError;
use super::pair::{CertificateFacts, Pair, PairFiles};

/// The certificate in force. Cloning is cheap; all clones see a replacement.
#[derive(Clone, Debug)]
pub struct CertificateStore {
    files: PairFiles,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// A configuration without ALPN that follows the certificate.
    template: Arc<ServerConfig>,
}

impl CertificateStore {
    /// Loads `cert.pem` and `key.pem` from `dir`, or makes a self-signed pair for `names` there
    /// (files with mode 0600, valid for two years from `now`). Blocks for a moment; meant for
    /// start-up.
    ///
    /// # Errors
    ///
    /// See [`CertificateError`].
    pub fn load_or_create(
        dir: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        let files = PairFiles::within(dir);
        files.create_if_missing(names, now)?;
        let provider = Arc::new(default_provider());
        let pair = files.load(&provider)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Current>::clone(&current);
        let template = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Config)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        Ok(Self {
            files,
            provider,
            current,
            template: Arc::new(template),
        })
    }

    /// Reads the files again. On failure the certificate in force stays. Sessions that are open
    /// keep theirs.
    ///
    /// # Errors
    ///
    /// See [`CertificateError`].
    ///
    /// # Cancel safety
    ///
    /// The certificate is replaced or not.
    pub async fn reload(&self) -> Result<(), CertificateError> {
        let files = self.files.clone();
        let provider = Arc::clone(&self.provider);
        let pair = tokio::task::spawn_blocking(move || files.load(&provider))
            .await
            .map_err(|error| CertificateError::Interrupted(io::Error::other(error)))??;
        self.current.0.store(Arc::new(pair));
        Ok(())
    }

    /// Facts about the certificate in force.
    pub fn facts(&self) -> Arc<CertificateFacts> {
        Arc::clone(&self.current.0.load().facts)
    }

    /// The certificate and key in force.
    pub fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.0.load().key)
    }

    /// A configuration that always shows the certificate in force: TLS 1.2 and up, no client
    /// certificates, no ALPN.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.template)
    }
}

/// Shows the certificate in force to every client, whatever name it asks for: many FTP clients send
/// none, and those that dial an address ask for no name at all.
#[derive(Debug)]
struct Current(ArcSwap<Pair>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}
