//! Passwords: made, hashed and verified, never kept.
//!
//! Argon2id with 19 MiB and two passes costs tens of milliseconds, so it runs on threads of its own,
//! on all cores but one. A client that opens ten connections at once pays for one verification:
//! what was verified is remembered for a short while under a keyed hash.
//!
//! A hash that an account brought along from another server is verified as it is and, once its password
//! is known, made anew. It costs what it costs and one of ours on top, whether the password is right or
//! wrong: so it never answers sooner than a name that nobody has, and what it takes longer is hidden by
//! the door, which tells a refusal only after a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::hashers::Hashers;
use super::stored_password::{self, StoredPassword};
use crate::model::{AccountId, PasswordHash, Secret};

/// A cheap handle on the hashing pool.
#[derive(Clone)]
pub struct Passwords(Arc<Pool>);

struct Pool {
    permits: Arc<Semaphore>,
    hashers: Hashers,
    at_work: AtomicUsize,
    verified: moka::sync::Cache<[u8; 32], ()>,
    cache_key: [u8; 32],
    nobody: PasswordHash,
}

/// A place on the hashing pool; dropping it lets the next one in.
#[derive(Clone)]
pub struct Turn(Arc<Place>);

struct Place {
    _permit: OwnedSemaphorePermit,
    asked: Asked,
}

/// Whoever has or wants a place; counted until dropped.
struct Asked(Arc<Pool>);

/// What a verification found out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and this is how it is hashed today.
    Outdated(PasswordHash),
}

/// Why a password is refused or could not be worked on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// Shorter than [`Passwords::SHORTEST`] characters.
    #[error("Password must be at least 12 characters")]
    TooShort,
    /// Longer than [`Passwords::LONGEST_BYTES`] bytes.
    #[error("Password must be 256 characters or fewer")]
    TooLong,
    /// Contains the name it belongs to.
    #[error("Password must not contain the user name")]
    ContainsName,
    /// Holds a character that no FTP client can send.
    #[error("Password must not contain control characters")]
    IllegalCharacter,
    /// Too many verifications are waiting.
    #[error("too many passwords are being verified")]
    Busy,
    /// The hash could not be computed.
    #[error("the password could not be hashed")]
    Hash,
}

impl Passwords {
    /// Fewest characters of a password that a person chooses.
    pub const SHORTEST: usize = 12;
    /// Most bytes of any password.
    pub const LONGEST_BYTES: usize = 256;
    /// How long a verification waits for its turn.
    const WAIT: Duration = Duration::from_secs(10);
    /// How long a verified password is remembered after its last use, and in all.
    const REMEMBER: (Duration, Duration) = (Duration::from_mins(5), Duration::from_mins(30));
    const REMEMBER_MOST: u64 = 10_000;
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
    const GENERATED: usize = 20;

    /// A pool for `cores` cores; at least one verification runs at a time.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Hash`] if hashing does not work at all.
    pub fn new(cores: usize) -> Result<Self, PasswordError> {
        let nobody = hash(&Secret::new(Self::generate().expose().to_owned()))?;
        let places = cores.saturating_sub(1).max(1);
        let hashers = Hashers::start(places).map_err(|_| PasswordError::Hash)?;
        let (idle, whole) = Self::REMEMBER;
        let verified = moka::sync::Cache::builder()
            .max_capacity(Self::REMEMBER_MOST)
            .time_to_idle(idle)
            .time_to_live(whole)
            .build();
        Ok(Self(Arc::new(Pool {
            permits: Arc::new(Semaphore::new(places)),
            hashers,
            at_work: AtomicUsize::new(0),
            verified,
            cache_key: rand::random(),
            nobody,
        })))
    }

    /// A password of 20 characters that are hard to confuse: about 115 bits.
    pub fn generate() -> Secret {
        use rand::RngExt;
        let mut rng = rand::rng();
        let pick = |_| {
            let at = rng.random_range(0..Self::ALPHABET.len());
            Self::ALPHABET.get(at).copied().map_or('x', char::from)
        };
        Secret::new((0..Self::GENERATED).map(pick).collect())
    }

    /// Checks a password that a person chose for `name`.
    ///
    /// # Errors
    ///
    /// The variant says which rule it breaks; the text is shown beside the field.
    pub fn check(password: &Secret, name: &str) -> Result<(), PasswordError> {
        let text = password.expose();
        if text.chars().count() < Self::SHORTEST {
            return Err(PasswordError::TooShort);
        }
        if text.len() > Self::LONGEST_BYTES {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::IllegalCharacter);
        }
        if text.to_lowercase().contains(&name.to_lowercase()) {
            return Err(PasswordError::ContainsName);
        }
        Ok(())
    }

    /// Hashes a password for storage.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] and [`PasswordError::Hash`].
    pub async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        let password = password.clone();
        let turn = self.turn().await?;
        turn.blocking(move || hash(&password)).await?
    }

    /// Whether `password` is the one behind `stored`; see [`Turn::verify`].
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if the turn does not come within ten seconds.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&PasswordHash>,
    ) -> Result<bool, PasswordError> {
        let verdict = self.turn().await?.verify(password, stored).await?;
        Ok(verdict != Verdict::Wrong)
    }

    /// Waits for a place on the pool.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if the turn does not come within ten seconds.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future gives up the place in the queue.
    pub async fn turn(&self) -> Result<Turn, PasswordError> {
        let asked = Asked::new(Arc::clone(&self.0));
        let permits = Arc::clone(&self.0.permits);
        let permit = tokio::time::timeout(Self::WAIT, permits.acquire_owned())
            .await
            .map_err(|_| PasswordError::Busy)?
            .map_err(|_| PasswordError::Busy)?;
        Ok(Turn(Arc::new(Place {
            _permit: permit,
            asked,
        })))
    }

    /// How many passwords are being worked on or wait for their turn.
    pub fn at_work(&self) -> usize {
        self.0.at_work.load(Ordering::Relaxed)
    }

    /// Whether `password` was verified against the account's `stored` hash a short while ago.
    pub fn remembers(&self, id: AccountId, password: &Secret, stored: &PasswordHash) -> bool {
        let key = self.cache_key(id, password, stored);
        key.is_some_and(|key| self.0.verified.contains_key(&key))
    }

    /// Remembers for a short while that `password` is the one behind the account's `stored` hash.
    pub fn remember(&self, id: AccountId, password: &Secret, stored: &PasswordHash) {
        if let Some(key) = self.cache_key(id, password, stored) {
            self.0.verified.insert(key, ());
        }
    }

    /// The stored hash is part of the key, so a changed password misses at once.
    fn cache_key(
        &self,
        account: AccountId,
        password: &Secret,
        stored: &PasswordHash,
    ) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.cache_key).ok()?;
        for part in [account.to_string().as_bytes(), stored.as_str().as_bytes()] {
            mac.update(part);
            mac.update(b"\0");
        }
        mac.update(password.expose().as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

impl Turn {
    /// Whether `password` is the one behind `stored`. `None` stands for nobody: the answer is no, and
    /// it takes as long as any other.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Hash`] if the work ended without an answer.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        if password.expose().len() > Passwords::LONGEST_BYTES {
            return Ok(Verdict::Wrong);
        }
        let password = password.clone();
        let stored = stored.cloned();
        let nobody = self.0.asked.0.nobody.clone();
        self.blocking(move || judge(&password, stored.as_ref(), &nobody))
            .await
    }

    /// Has a thread work. The place is taken until the work is done, even if nobody waits
    /// for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.clone();
        let work = move || {
            let done = work();
            drop(place);
            done
        };
        let hashers = &self.0.asked.0.hashers;
        hashers.run(work).await.ok_or(PasswordError::Hash)
    }
}

impl Asked {
    fn new(pool: Arc<Pool>) -> Self {
        pool.at_work.fetch_add(1, Ordering::Relaxed);
        Self(pool)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

fn hash(password: &Secret) -> Result<PasswordHash, PasswordError> {
    stored_password::hash(password.expose()).ok_or(PasswordError::Hash)
}

/// Computes argon2 as often for every account as for nobody: once.
fn judge(password: &Secret, stored: Option<&PasswordHash>, nobody: &PasswordHash) -> Verdict {
    let read = |hash: &PasswordHash| StoredPassword::read(hash.as_str()).ok();
    let matches = |hash: &StoredPassword| hash.verify(password.expose());
    let waste = || {
        let _in_vain = read(nobody).is_some_and(|nobody| matches(&nobody));
        Verdict::Wrong
    };
    let Some(stored) = stored.and_then(read) else {
        return waste();
    };
    match (matches(&stored), stored.is_ours()) {
        (true, true) => Verdict::Right,
        // What was typed may go on after that in another way than the password does.
        (true, false) if !stored.sees_all_of(password.expose()) => {
            let _in_vain = waste();
            Verdict::Right
        }
        (true, false) => hash(password).map_or(Verdict::Right, Verdict::Outdated),
        (false, true) => Verdict::Wrong,
        (false, false) => waste(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_and_no_other() {
        let passwords = Passwords::new(2).unwrap();
        let stored = passwords.hash(&secret(" spaces matter ")).await.unwrap();

        assert!(
            passwords
                .verify(&secret(" spaces matter "), Some(&stored))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(&secret("spaces matter"), Some(&stored))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(&secret(""), None).await.unwrap());
    }

    /// Made with PHP and OpenSSL from this password.
    const LIGHTS: &str = "Harbour-lights 7";
    const BCRYPT: &str = "$2y$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy";
    const MD5: &str = "$1$quaysalt$CZToviFmw60gDuam1t4gW/";

    #[test]
    fn a_password_that_was_hashed_elsewhere_is_hashed_anew_when_it_is_known() {
        let nobody = hash(&Passwords::generate()).unwrap();
        let stored = PasswordHash::new(BCRYPT.to_owned());

        let Verdict::Outdated(renewed) = judge(&secret(LIGHTS), Some(&stored), &nobody) else {
            panic!("not outdated")
        };

        assert!(
            renewed
                .as_str()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        let again = judge(&secret(LIGHTS), Some(&renewed), &nobody);
        assert_eq!(again, Verdict::Right);
        let wrong = judge(&secret("Harbour-lights 8"), Some(&stored), &nobody);
        assert_eq!(wrong, Verdict::Wrong);
    }

    #[test]
    fn a_password_of_which_not_all_counts_lets_in_and_is_not_hashed_anew() {
        let nobody = hash(&Passwords::generate()).unwrap();
        // The salt is the same for all, the cost the least.
        let kept = |password: &str| {
            let parts = bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap();
            PasswordHash::new(parts.to_string())
        };
        let (seen, all) = (&"lighthouse: ".repeat(6), &"lighthouse: ".repeat(8));
        assert_eq!(seen.len(), 72);

        for typed in [all, seen, &format!("{seen} and another end")] {
            let before = stored_password::spent();
            let verdict = judge(&secret(typed), Some(&kept(seen)), &nobody);
            assert_eq!(verdict, Verdict::Right, "{typed}");
            assert_eq!(stored_password::spent() - before, 1, "{typed}");
        }
        let shorter = seen.trim_end();
        let verdict = judge(&secret(shorter), Some(&kept(shorter)), &nobody);
        assert!(matches!(verdict, Verdict::Outdated(_)), "{verdict:?}");
        let verdict = judge(&secret(shorter), Some(&kept(seen)), &nobody);
        assert_eq!(verdict, Verdict::Wrong);
    }

    #[test]
    fn whoever_asks_pays_for_argon2_once_and_nobody_pays_less() {
        let nobody = hash(&Passwords::generate()).unwrap();
        let ours = hash(&secret(LIGHTS)).unwrap();
        let kept = |text: &str| Some(PasswordHash::new(text.to_owned()));
        for (stored, typed) in [
            (None, LIGHTS),
            (Some(ours.clone()), LIGHTS),
            (Some(ours), "wrong"),
            (kept(BCRYPT), LIGHTS),
            (kept(BCRYPT), "wrong"),
            (kept(MD5), LIGHTS),
            (kept(MD5), "wrong"),
            (kept(stored_password::NO_PASSWORD), "!"),
            (kept("$2y$31$damaged"), "wrong"),
        ] {
            let before = stored_password::spent();

            let _verdict = judge(&secret(typed), stored.as_ref(), &nobody);

            let spent = stored_password::spent() - before;
            assert_eq!(
                spent,
                1,
                "{:?} {typed}",
                stored.map(|hash| hash.as_str().to_owned())
            );
        }
    }

    #[tokio::test]
    async fn a_changed_password_is_not_remembered() {
        let passwords = Passwords::new(2).unwrap();
        let account = AccountId::from_parts(1, [1; 10]);
        let (before, after) = ("$before".to_owned(), "$after".to_owned());
        let (before, after) = (PasswordHash::new(before), PasswordHash::new(after));
        let password = secret("first password");

        passwords.remember(account, &password, &before);

        assert!(passwords.remembers(account, &password, &before));
        assert!(!passwords.remembers(account, &password, &after));
        assert!(!passwords.remembers(account, &secret("second password"), &before));
    }

    #[tokio::test]
    async fn whoever_waits_or_works_is_counted() {
        let passwords = Passwords::new(1).unwrap();
        let turn = passwords.turn().await.unwrap();
        let mut next = Box::pin(passwords.turn());
        let waits = poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending())).await;

        assert!(waits);
        assert_eq!(passwords.at_work(), 2);

        drop(turn);
        let next = next.await.unwrap();
        assert_eq!(passwords.at_work(), 1);
        drop(next);
        assert_eq!(passwords.at_work(), 0);
    }

    #[test]
    fn weak_passwords_are_told_which_rule_they_break() {
        for (typed, error) in [
            ("short", PasswordError::TooShort),
            ("my-ALICE-password", PasswordError::ContainsName),
            ("with\nline feed in it", PasswordError::IllegalCharacter),
        ] {
            assert_eq!(
                Passwords::check(&secret(typed), "alice"),
                Err(error),
                "{typed}"
            );
        }
        assert_eq!(Passwords::check(&Passwords::generate(), "alice"), Ok(()));
    }
}
