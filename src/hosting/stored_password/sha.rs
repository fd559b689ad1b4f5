//! sha256-crypt and sha512-crypt (Drepper 2008), as `crypt(3)` makes them: `$6$salt$hash` or
//! `$6$rounds=10000$salt$hash`.

use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

use super::refusal::{Bound, HashRefusal, Scheme, digits};

/// A hash within the bounds.
#[derive(Debug)]
pub(super) struct Sha {
    text: String,
    scheme: Scheme,
}

/// A million rounds are about half a second.
const MOST_ROUNDS: u64 = 1_000_000;

impl Sha {
    /// Reads `text`, which begins with `$5$` or `$6$`.
    pub(super) fn read(text: &str) -> Result<Self, HashRefusal> {
        let (scheme, length) = if text.starts_with("$5$") {
            (Scheme::Sha256Crypt, 43)
        } else {
            (Scheme::Sha512Crypt, 86)
        };
        let damaged = HashRefusal::Malformed(scheme);
        let mut fields = text.split('$').skip(2);
        let mut salt = fields.next().ok_or(damaged)?;
        if let Some(rounds) = salt.strip_prefix("rounds=") {
            let bound = Bound {
                scheme,
                unit: "rounds",
                least: 1_000,
                most: MOST_ROUNDS,
            };
            bound.admit(digits(rounds).ok_or(damaged)?)?;
            salt = fields.next().ok_or(damaged)?;
        }
        let hash = fields.next().ok_or(damaged)?;
        let is_complete = !salt.is_empty() && hash.len() == length && fields.next().is_none();
        if !is_complete || PasswordHashRef::new(text).is_err() {
            return Err(damaged);
        }
        Ok(Self {
            text: text.to_owned(),
            scheme,
        })
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let verifier: &dyn PasswordVerifier<str> = &ShaCrypt::default();
        verifier.verify_password(password, &self.text).is_ok()
    }
}
