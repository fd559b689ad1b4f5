//! Which files did not fit. A client whose upload ends in 552 often sends the same file again at
//! once; it is told 552 before any byte moves until there is room for what is known to be needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::hosting::quota::QuotaError;
use crate::model::{AccountId, Limit, Scope, VirtualPath};

/// The files that did not fit lately. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals(Arc<Mutex<HashMap<(AccountId, VirtualPath), Refusal>>>);

#[derive(Clone, Copy, Debug)]
struct Refusal {
    needed_bytes: u64,
    until: Timestamp,
    /// Whether no file may be that large, however much is free.
    is_too_large: bool,
}

impl Refusals {
    /// How long a refusal is remembered.
    const MEMORY: Duration = Duration::from_mins(10);
    /// Refusals remembered at once.
    const LIMIT: usize = 10_000;

    /// Remembers that the file at `path` needs at least `needed_bytes`, which `error` refused.
    pub(super) fn remember(
        &self,
        (account, path): (AccountId, &VirtualPath),
        needed_bytes: u64,
        error: &QuotaError,
        now: Timestamp,
    ) {
        let mut refusals = self.lock();
        if refusals.len() >= Self::LIMIT {
            refusals.retain(|_, refusal| refusal.until > now);
        }
        if refusals.len() < Self::LIMIT {
            let until = now.plus(Self::MEMORY);
            refusals.insert(
                (account, path.clone()),
                Refusal {
                    needed_bytes,
                    until,
                    is_too_large: matches!(error, QuotaError::FileSize { .. }),
                },
            );
        }
    }

    /// Forgets it: the file was stored.
    pub(super) fn forget(&self, account: AccountId, path: &VirtualPath) {
        self.lock().remove(&(account, path.clone()));
    }

    /// Whether the file at `path` can fit now. `room` is what the whole file may have: free bytes
    /// and those of the file that it replaces or continues; `largest` what any file may have; `None`
    /// = no limit. One that was too large for any file is refused once more and no longer: the next
    /// of this name may well be another.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Bytes`] and [`QuotaError::FileSize`]; the peer hears 552 and no 150.
    pub(super) fn check(
        &self,
        (account, path): (AccountId, &VirtualPath),
        (room, largest): (Limit, Limit),
        now: Timestamp,
    ) -> Result<(), QuotaError> {
        let mut refusals = self.lock();
        let key = (account, path.clone());
        let Some(refusal) = refusals.get(&key).copied() else {
            return Ok(());
        };
        let is_short = |limit: &u64| refusal.until > now && *limit < refusal.needed_bytes;
        if refusal.is_too_large {
            refusals.remove(&key);
            let largest = largest.filter(is_short);
            return largest.map_or(Ok(()), |limit_bytes| {
                Err(QuotaError::FileSize { limit_bytes })
            });
        }
        if let Some(room) = room.filter(is_short) {
            return Err(QuotaError::Bytes {
                scope: Scope::Account,
                free_bytes: room,
                limit_bytes: room,
            });
        }
        refusals.remove(&key);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(AccountId, VirtualPath), Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(43_200);

    fn refused(needed_bytes: u64) -> (Refusals, AccountId, VirtualPath) {
        let refusals = Refusals::default();
        let account = AccountId::from_parts(1, [1; 10]);
        let path = VirtualPath::root().resolve("/big").unwrap();
        let full = QuotaError::Bytes {
            scope: Scope::Account,
            free_bytes: 0,
            limit_bytes: 1,
        };
        refusals.remember((account, &path), needed_bytes, &full, NOON);
        (refusals, account, path)
    }

    #[test]
    fn a_file_that_did_not_fit_is_refused_until_there_is_room() {
        let (refusals, account, path) = refused(100);

        assert!(
            refusals
                .check((account, &path), (Some(99), None), NOON)
                .is_err()
        );
        assert!(
            refusals
                .check((account, &path), (Some(100), None), NOON)
                .is_ok()
        );
        assert!(
            refusals
                .check((account, &path), (Some(99), None), NOON)
                .is_ok(),
            "it was forgotten"
        );
    }

    #[test]
    fn after_ten_minutes_the_client_may_try_again() {
        let (refusals, account, path) = refused(100);
        let later = NOON.plus(Duration::from_secs(601));

        assert!(
            refusals
                .check((account, &path), (Some(0), None), later)
                .is_ok()
        );
    }
}
