//! The server's certificate: loaded from files, made on first start, replaced while running.

use std::path::Path;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::clock::Timestamp;

use super::error::CertificateError;

/// The certificate in force. Cloning is cheap; all clones see a replacement.
#[derive(Clone, Debug)]
pub struct CertificateStore {}

/// What a person wants to know of a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFacts {
    /// DNS names and addresses it is valid for.
    pub names: Vec<String>,
    /// Who it was issued to.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Issuer and subject are the same: no client can verify it without asking.
    pub is_self_signed: bool,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// SHA-256 over the certificate, in upper-case hexadecimal pairs with colons.
    pub fingerprint_sha256: String,
}

impl CertificateStore {
    /// Loads `cert.pem` and `key.pem` from `dir`, or makes a self-signed pair for `names` there
    /// (key with mode 0600, valid for two years from `now`). Blocks for a moment; meant for start-up.
    ///
    /// # Errors
    ///
    /// See [`CertificateError`].
    pub fn load_or_create(
        dir: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        todo!("{dir:?} {names:?} {now:?}")
    }

    /// Reads the files again. On failure the certificate in force stays.
    ///
    /// # Errors
    ///
    /// See [`CertificateError`].
    pub async fn reload(&self) -> Result<(), CertificateError> {
        todo!()
    }

    /// Facts about the certificate in force.
    pub fn facts(&self) -> Arc<CertificateFacts> {
        todo!()
    }

    /// The certificate and key in force.
    pub fn current(&self) -> Arc<CertifiedKey> {
        todo!()
    }
}
