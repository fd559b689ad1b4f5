//! A certificate with its key: read from PEM files, made on first start, and what a person wants to
//! know of it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXUPPER;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::clock::Timestamp;

use super::error::CertificateError;

/// How long a self-signed certificate is valid.
const VALIDITY: Duration = Duration::from_hours(730 * 24);
/// It begins to be valid earlier than now, for clients whose clock is behind.
const BACKDATED: Duration = Duration::from_hours(24);
/// No chain or key is longer than this.
const MAX_FILE_BYTES: u64 = 1_048_576;

/// A certificate chain with its key, ready for handshakes.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) facts: Arc<CertificateFacts>,
}

/// Where a pair is kept.
#[derive(Clone, Debug)]
pub(super) struct PairFiles {
    certificate: PathBuf,
    key: PathBuf,
}

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

impl PairFiles {
    pub(super) fn within(dir: &Path) -> Self {
        Self {
            certificate: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        }
    }

    /// Makes a self-signed pair unless both files are there.
    pub(super) fn create_if_missing(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), CertificateError> {
        match (self.certificate.exists(), self.key.exists()) {
            (true, true) => Ok(()),
            (true, false) => Err(CertificateError::Missing(self.key.clone())),
            (false, true) => Err(CertificateError::Missing(self.certificate.clone())),
            (false, false) => self.create(names, now),
        }
    }

    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<Pair, CertificateError> {
        let certificate = read(&self.certificate)?;
        let key = read(&self.key)?;
        Pair::from_pem(&certificate, &key, provider)
    }

    fn create(&self, names: &[String], now: Timestamp) -> Result<(), CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = self_signed(names, now)?.self_signed(&key)?;
        if let Some(dir) = self.certificate.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .map_err(|source| file_error(dir, source))?;
        }
        // Both are written before either takes its place: a full disk must not leave half a pair,
        // with which the service would not start again.
        let key = Draft::write(&self.key, key.serialize_pem().as_bytes())?;
        let certificate = Draft::write(&self.certificate, certificate.pem().as_bytes())?;
        key.publish()?;
        certificate.publish()
    }
}

impl Pair {
    /// Reads a pair and makes sure that its halves belong together.
    pub(super) fn from_pem(
        certificate: &[u8],
        key: &[u8],
        provider: &CryptoProvider,
    ) -> Result<Self, CertificateError> {
        let malformed =
            |error: rustls::pki_types::pem::Error| CertificateError::Malformed(error.to_string());
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(malformed)?;
        let Some(leaf) = chain.first() else {
            return Err(CertificateError::Malformed("it is empty".to_owned()));
        };
        let facts = CertificateFacts::of(leaf)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| CertificateError::Key(error.to_string()))?;
        let key =
            CertifiedKey::from_der(chain, key, provider).map_err(CertificateError::Mismatch)?;
        Ok(Self {
            key: Arc::new(key),
            facts: Arc::new(facts),
        })
    }
}

impl CertificateFacts {
    fn of(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|error| CertificateError::Malformed(error.to_string()))?;
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let names = alternative
            .map(|extension| &extension.value.general_names)
            .into_iter()
            .flatten()
            .filter_map(name_text)
            .collect();
        let validity = parsed.validity();
        Ok(Self {
            names,
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            is_self_signed: parsed.subject() == parsed.issuer(),
            not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
            fingerprint_sha256: fingerprint(certificate),
        })
    }
}

fn fingerprint(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    let pairs: Vec<String> = digest
        .iter()
        .map(|byte| HEXUPPER.encode(&[*byte]))
        .collect();
    pairs.join(":")
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::IPAddress(bytes) => address_text(bytes),
        _ => None,
    }
}

fn address_text(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(v6).to_string())
}

fn self_signed(names: &[String], now: Timestamp) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    let mut subject = DistinguishedName::new();
    let common = names.first().map_or("Quaymaster", String::as_str);
    subject.push(DnType::CommonName, common);
    params.distinguished_name = subject;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];

    let since_1970 = Duration::from_secs(u64::try_from(now.as_seconds()).unwrap_or(0));
    let today = rcgen::date_time_ymd(1970, 1, 1) + since_1970;
    params.not_before = today - BACKDATED;
    params.not_after = today + VALIDITY;
    Ok(params)
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|source| file_error(path, source))?;
    Ok(bytes)
}

/// A file that is written and waits to take its place.
struct Draft<'a> {
    path: &'a Path,
    draft: PathBuf,
}

impl<'a> Draft<'a> {
    /// Writes the draft of `path`; only its owner can read it.
    fn write(path: &'a Path, bytes: &[u8]) -> Result<Self, CertificateError> {
        let draft = path.with_extension("draft");
        // One that a crash left behind.
        let _none = fs::remove_file(&draft);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(|source| file_error(&draft, source))?;
        Ok(Self { path, draft })
    }

    fn publish(self) -> Result<(), CertificateError> {
        fs::rename(&self.draft, self.path).map_err(|source| file_error(self.path, source))
    }
}

fn file_error(path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File {
        path: path.to_owned(),
        source,
    }
}
