//! Argon2id (RFC 9106) in PHC form: what we make, and what others made with other parameters.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};

use super::memory;
use super::refusal::{Bound, HashRefusal, Scheme};

/// A hash within the bounds.
#[derive(Debug)]
pub(super) struct Argon {
    salt: Salt,
    output: Output,
    params: Params,
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
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(damaged);
        };
        if hash.version != Some(Version::V0x13.into()) {
            return Err(HashRefusal::Unsupported("argon2id 1.0"));
        }
        let params = Params::try_from(&hash).map_err(|_| damaged)?;
        MEMORY.admit(params.m_cost().into())?;
        LANES.admit(params.p_cost().into())?;
        let work = u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
        WORK.admit(work)?;
        Ok(Self {
            salt,
            output,
            params,
        })
    }

    /// Whether a password that is hashed today would look the same.
    pub(super) fn is_ours(&self) -> bool {
        let ours = Params::default();
        let [kept, ours] = [&self.params, &ours].map(|it| (it.m_cost(), it.t_cost(), it.p_cost()));
        kept == ours
    }

    /// Takes as long for a wrong password as for the right one.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let found = compute(password, &self.salt, self.params.clone(), self.output.len());
        found.is_some_and(|found| found == self.output)
    }
}

/// The hash of a password that is set today: 19 MiB, two passes, one lane. `None` if there is no memory.
pub(super) fn hash(password: &[u8]) -> Option<String> {
    let params = Params::default();
    let salt = Salt::new(&rand::random::<[u8; Salt::RECOMMENDED_LENGTH]>()).ok()?;
    let output = compute(password, &salt, params.clone(), Params::DEFAULT_OUTPUT_LEN)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(salt),
        hash: Some(output),
    };
    Some(hash.to_string())
}

fn compute(password: &[u8], salt: &Salt, params: Params, length: usize) -> Option<Output> {
    spend();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length)?;
    memory::with(argon.params().block_count(), |blocks| {
        argon.hash_password_into_with_memory(password, salt, output, blocks)
    })?
    .ok()?;
    Output::new(output).ok()
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
