//! Argon2id (RFC 9106) in PHC form: what we make, and what others made with other parameters.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params, Version};

use super::refusal::{Bound, HashRefusal, Scheme};

/// A hash within the bounds.
#[derive(Debug)]
pub(super) struct Argon {
    text: String,
    is_ours: bool,
}

const MEMORY: Bound = Bound {
    scheme: Scheme::Argon2id,
    unit: "KiB of memory",
    least: 8,
    most: 256 * 1_024,
};
const LANES: Bound = Bound {
    scheme: Scheme::Argon2id,
    unit: "lanes",
    least: 1,
    most: 16,
};
/// Memory times passes is what takes the time; ours is 38 MiB.
const WORK: Bound = Bound {
    scheme: Scheme::Argon2id,
    unit: "KiB written in all passes",
    least: 8,
    most: 512 * 1_024,
};

impl Argon {
    /// Reads `text`, which begins with `$argon2`.
    pub(super) fn read(text: &str) -> Result<Self, HashRefusal> {
        let damaged = HashRefusal::Malformed(Scheme::Argon2id);
        if !text.starts_with("$argon2id$") {
            return Err(HashRefusal::Unsupported("argon2i and argon2d"));
        }
        let hash = PasswordHash::new(text).map_err(|_| damaged)?;
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(damaged);
        }
        if hash.version != Some(Version::V0x13.into()) {
            return Err(HashRefusal::Unsupported("argon2id 1.0"));
        }
        let params = Params::try_from(&hash).map_err(|_| damaged)?;
        MEMORY.admit(params.m_cost().into())?;
        LANES.admit(params.p_cost().into())?;
        let work = u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
        WORK.admit(work)?;
        let ours = Params::default();
        let is_ours = params.m_cost() == ours.m_cost()
            && params.t_cost() == ours.t_cost()
            && params.p_cost() == ours.p_cost();
        Ok(Self {
            text: text.to_owned(),
            is_ours,
        })
    }

    /// Whether a password that is hashed today would look the same.
    pub(super) fn is_ours(&self) -> bool {
        self.is_ours
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        verify(password, &self.text)
    }
}

/// The hash of a password that is set today: 19 MiB, two passes, one lane. `None` if there is no memory.
pub(super) fn hash(password: &[u8]) -> Option<String> {
    spend();
    let hash = Argon2::default().hash_password(password).ok()?;
    Some(hash.to_string())
}

fn verify(password: &[u8], text: &str) -> bool {
    spend();
    let verifier: &dyn PasswordVerifier<str> = &Argon2::default();
    verifier.verify_password(password, text).is_ok()
}

#[cfg(not(test))]
fn spend() {}

#[cfg(test)]
use counted::spend;
#[cfg(test)]
pub(in crate::hosting) use counted::spent;

/// How often this thread computed argon2, for tests that must not look at a clock.
#[cfg(test)]
mod counted {
    use std::cell::Cell;

    thread_local!(static SPENT: Cell<u32> = const { Cell::new(0) });

    pub(super) fn spend() {
        SPENT.set(SPENT.get() + 1);
    }

    pub(in crate::hosting) fn spent() -> u32 {
        SPENT.get()
    }
}
