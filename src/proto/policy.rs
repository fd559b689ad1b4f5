//! What a listener demands and offers, and the refusals that follow from it (RFC 4217).

use crate::proto::reply::{Code, Reply};
use crate::proto::security::ProtectionLevel;

/// What a listener demands and offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Encryption of the control connection.
    pub tls: TlsPolicy,
    /// Whether there is a certificate to answer `AUTH` with.
    pub certificate: bool,
    /// Encryption of data connections.
    pub data_tls: DataTlsPolicy,
    /// What `TYPE A` means.
    pub ascii: AsciiMode,
    /// Whether `PORT` and `EPRT` are allowed.
    pub active: bool,
}

impl Policy {
    /// Whether `AUTH` is offered.
    pub fn offers_tls(self) -> bool {
        self.tls != TlsPolicy::Off && self.certificate
    }

    /// Whether `AUTH` can be obeyed on a plain connection.
    pub(super) fn check_auth(self) -> Result<(), Reply> {
        if self.tls == TlsPolicy::Off {
            return Err(Reply::not_implemented());
        }
        if !self.certificate {
            return Err(Reply::new(
                Code::ResourceUnavailable,
                "Need some unavailable resource.",
            ));
        }
        Ok(())
    }

    /// Whether `PROT level` is allowed.
    pub(super) fn check_prot(self, level: ProtectionLevel) -> Result<(), Reply> {
        match (level, self.data_tls) {
            (ProtectionLevel::Safe | ProtectionLevel::Confidential, _) => Err(Reply::new(
                Code::ProtectionUnsupported,
                "Only PROT C and PROT P are supported.",
            )),
            (ProtectionLevel::Clear, DataTlsPolicy::RequirePrivate)
            | (ProtectionLevel::Private, DataTlsPolicy::ClearOnly) => Err(Reply::new(
                Code::RefusedByPolicy,
                format!("PROT {} refused by policy.", level.letter()),
            )),
            _ => Ok(()),
        }
    }

    /// Whether data may travel with the protection `level`.
    pub(super) fn check_data(self, level: ProtectionLevel) -> Result<(), Reply> {
        let private = level == ProtectionLevel::Private;
        let acceptable = match self.data_tls {
            DataTlsPolicy::ClearOnly => !private,
            DataTlsPolicy::Follow => true,
            DataTlsPolicy::RequirePrivate => private,
        };
        if acceptable {
            return Ok(());
        }
        Err(Reply::new(
            Code::ProtectionUnacceptable,
            "Data connection cannot be opened with this PROT setting.",
        ))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tls: TlsPolicy::Required,
            certificate: true,
            data_tls: DataTlsPolicy::Follow,
            ascii: AsciiMode::Convert,
            active: true,
        }
    }
}

/// Encryption of the control connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsPolicy {
    /// The handshake comes before the first byte of FTP.
    Implicit,
    /// `AUTH` is not offered.
    Off,
    /// `AUTH` is offered.
    Optional,
    /// No login without `AUTH`, exceptions by name aside.
    Required,
}

/// Encryption of data connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataTlsPolicy {
    /// Never encrypted.
    ClearOnly,
    /// As the client's `PROT` says.
    Follow,
    /// Always encrypted.
    RequirePrivate,
}

/// What `TYPE A` means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AsciiMode {
    /// Bytes stay as they are.
    Binary,
    /// Line ends are converted.
    Convert,
}
