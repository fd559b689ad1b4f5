//! The kinds of hashes, and why one is not accepted.

use std::fmt;

/// A way to hash passwords.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// RFC 9106; ours.
    Argon2id,
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt,
    /// `$1$`, and `$apr1$` of Apache.
    Md5Crypt,
    /// RFC 8018 §5.2 with SHA-1, SHA-256 or SHA-512.
    Pbkdf2,
    /// `$5$`.
    Sha256Crypt,
    /// `$6$`.
    Sha512Crypt,
}

impl Scheme {
    /// The name that people know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Argon2id => "argon2id",
            Self::Bcrypt => "bcrypt",
            Self::Md5Crypt => "md5-crypt",
            Self::Pbkdf2 => "PBKDF2",
            Self::Sha256Crypt => "sha256-crypt",
            Self::Sha512Crypt => "sha512-crypt",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a hash is not accepted. No text shows any of it: what stands in the place of a hash may be a
/// password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HashRefusal {
    /// It would take too long or too much memory to verify, or is not worth the name.
    #[error("{scheme} with {asked} {unit} is not accepted, only {least} to {most}")]
    Cost {
        /// Its kind.
        scheme: Scheme,
        /// What is counted.
        unit: &'static str,
        /// What it asks for.
        asked: u64,
        /// The least that is accepted.
        least: u64,
        /// The most that is accepted.
        most: u64,
    },
    /// It is not complete.
    #[error("the {0} hash is damaged")]
    Malformed(Scheme),
    /// Longer than any hash.
    #[error("longer than any password hash")]
    TooLong,
    /// No known kind.
    #[error("not a password hash of a known kind")]
    Unknown,
    /// A known kind that is not verified here.
    #[error("{0} hashes are not supported; the account needs a new password")]
    Unsupported(&'static str),
}

/// What a parameter may be.
pub(super) struct Bound {
    pub(super) scheme: Scheme,
    pub(super) unit: &'static str,
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Bound {
    /// Whether `asked` is within.
    pub(super) fn admit(&self, asked: u64) -> Result<(), HashRefusal> {
        if (self.least..=self.most).contains(&asked) {
            return Ok(());
        }
        Err(HashRefusal::Cost {
            scheme: self.scheme,
            unit: self.unit,
            asked,
            least: self.least,
            most: self.most,
        })
    }
}

/// A number in decimal digits and nothing else. One that is beyond all numbers is the largest.
pub(super) fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}
