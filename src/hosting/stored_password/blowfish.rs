//! bcrypt, as Pure-FTPd, PHP, Apache and SFTPGo store it: `$2y$10$` and 53 characters of salt and hash.

use bcrypt::HashParts;

use super::refusal::{Bound, HashRefusal, Scheme};

/// A hash within the bounds.
#[derive(Debug)]
pub(super) struct Blowfish(String);

/// Each step doubles the time; 13 is about half a second.
const COST: Bound = Bound {
    scheme: Scheme::Bcrypt,
    unit: "as cost",
    least: 4,
    most: 13,
};

impl Blowfish {
    /// Bytes of a password that count. One of exactly so many may be the beginning of a longer one.
    pub(super) const SEEN_BYTES: usize = 72;

    /// Reads `text`, which begins with `$2`.
    pub(super) fn read(text: &str) -> Result<Self, HashRefusal> {
        // `$2x$` marks what a faulty program made, and is wrong for some passwords.
        if !["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|kind| text.starts_with(kind))
        {
            return Err(HashRefusal::Unsupported("old or faulty bcrypt"));
        }
        let parts: HashParts = text
            .parse()
            .map_err(|_| HashRefusal::Malformed(Scheme::Bcrypt))?;
        COST.admit(parts.get_cost().into())?;
        Ok(Self(text.to_owned()))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        bcrypt::verify(password, &self.0).unwrap_or(false)
    }
}
