//! TLS for one FTP session: three configurations that share a session cache of their own, so that a
//! resumed data connection can only come from this session.

use std::sync::Arc;

use rustls::ServerConfig;

use super::certificate::CertificateStore;
use super::error::CertificateError;

/// The TLS configurations of one FTP session. They keep the certificate that was in force when the
/// session began.
#[derive(Clone, Debug)]
pub struct SessionTls {}

impl SessionTls {
    /// Configurations for a session that begins now.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Config`] if the TLS provider cannot do TLS 1.2 and 1.3.
    pub fn new(store: &CertificateStore) -> Result<Self, CertificateError> {
        todo!("{store:?}")
    }

    /// For the control connection: four TLS 1.3 tickets.
    pub fn control(&self) -> Arc<ServerConfig> {
        todo!()
    }

    /// For downloads and listings: one ticket.
    pub fn download(&self) -> Arc<ServerConfig> {
        todo!()
    }

    /// For uploads: no ticket. A client that never reads would answer it with a reset.
    pub fn upload(&self) -> Arc<ServerConfig> {
        todo!()
    }
}
