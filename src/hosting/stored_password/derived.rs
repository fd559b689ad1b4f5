//! PBKDF2 (RFC 8018 §5.2) in the forms that are about:
//!
//! * `$pbkdf2-sha256$150000$salt$hash` of SFTPGo: the salt is the text itself, the hash is padded Base64;
//! * `$pbkdf2-b64salt-sha256$150000$salt$hash` of SFTPGo: the salt is Base64 too;
//! * `$pbkdf2-sha256$29000$salt$hash` of passlib: both without padding, and `.` for `+`; `$pbkdf2$` is
//!   SHA-1;
//! * `pbkdf2_sha256$870000$salt$hash` of Django: as SFTPGo's.

use data_encoding::{BASE64, BASE64_NOPAD};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::refusal::{Bound, HashRefusal, Scheme, digits};

/// A hash within the bounds.
#[derive(Debug)]
pub(super) struct Derived {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

const DAMAGED: HashRefusal = HashRefusal::Malformed(Scheme::Pbkdf2);
/// Bytes of a key: what is shorter is guessed, what is longer is no digest of ours.
const KEY: std::ops::RangeInclusive<usize> = 16..=64;

impl Digest {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The most rounds that are computed, all blocks of the key together: about half a second.
    fn most_rounds(self) -> u64 {
        match self {
            Self::Sha1 | Self::Sha256 => 1_500_000,
            Self::Sha512 => 700_000,
        }
    }
}

impl Derived {
    /// Reads `text`, which begins with `$pbkdf2` or `pbkdf2_`.
    pub(super) fn read(text: &str) -> Result<Self, HashRefusal> {
        let is_django = !text.starts_with('$');
        let mut fields = text.strip_prefix('$').unwrap_or(text).split('$');
        let mut field = || fields.next().ok_or(DAMAGED);
        let (name, rounds, salt, key) = (field()?, field()?, field()?, field()?);
        if fields.next().is_some() {
            return Err(DAMAGED);
        }
        let other = HashRefusal::Unsupported("PBKDF2 with another digest");
        let (is_base64, name) = match name.strip_prefix("pbkdf2-b64salt-") {
            Some(name) => (true, name),
            None if is_django => (false, name.strip_prefix("pbkdf2_").ok_or(other)?),
            None if name == "pbkdf2" => (false, "sha1"),
            None => (false, name.strip_prefix("pbkdf2-").ok_or(other)?),
        };
        let digest = Digest::from_name(name).ok_or(other)?;
        let is_passlib = !is_base64 && !is_django && passlib(key, digest).is_some();
        let (salt, key) = if is_passlib {
            (adapted(salt), passlib(key, digest))
        } else if is_base64 {
            (decoded(salt), decoded(key))
        } else {
            (Some(salt.as_bytes().to_vec()), decoded(key))
        };
        let (salt, key) = (salt.ok_or(DAMAGED)?, key.ok_or(DAMAGED)?);
        if salt.is_empty() || !KEY.contains(&key.len()) {
            return Err(DAMAGED);
        }
        Ok(Self {
            rounds: admitted(digits(rounds).ok_or(DAMAGED)?, digest, key.len())?,
            digest,
            salt,
            key,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut key = vec![0; self.key.len()];
        let (salt, rounds) = (&self.salt, self.rounds);
        match self.digest {
            Digest::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
            Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
            Digest::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
        }
        key.ct_eq(&self.key).into()
    }
}

/// The rounds, if they are within the bounds for a key of `key_bytes`.
fn admitted(rounds: u64, digest: Digest, key_bytes: usize) -> Result<u32, HashRefusal> {
    let blocks = key_bytes.div_ceil(digest.bytes()).max(1) as u64;
    let bound = Bound {
        scheme: Scheme::Pbkdf2,
        unit: "rounds",
        least: 1,
        most: digest.most_rounds() / blocks,
    };
    bound.admit(rounds)?;
    u32::try_from(rounds).map_err(|_| DAMAGED)
}

/// Base64 with or without its padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim_end_matches('=');
    let is_padded = trimmed.len() != text.len();
    let encoding = if is_padded { BASE64 } else { BASE64_NOPAD };
    encoding.decode(text.as_bytes()).ok()
}

/// A key as passlib writes it: exactly one digest, without padding.
fn passlib(key: &str, digest: Digest) -> Option<Vec<u8>> {
    let key = adapted(key)?;
    (key.len() == digest.bytes()).then_some(key)
}

fn adapted(text: &str) -> Option<Vec<u8>> {
    BASE64_NOPAD.decode(text.replace('.', "+").as_bytes()).ok()
}
