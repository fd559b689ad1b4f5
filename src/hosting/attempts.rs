//! Wrong tries by origin: after a few free ones the wait doubles with each one.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// Counts wrong tries by origin, an address if nothing else is said; remembers an origin for half an
/// hour after its last one.
#[derive(Clone)]
pub struct Attempts<K = IpAddr> {
    clock: Arc<dyn Clock>,
    wrong: moka::sync::Cache<K, Tries>,
}

/// How many wrong tries are free, and how long an origin waits after that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// The wait begins with this wrong try.
    pub free: u32,
    /// The first wait; each further wrong try doubles it.
    pub first_wait: Duration,
    /// The wait grows no more after so many doublings.
    pub doublings: u32,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    blocked_until: Timestamp,
}

impl Budget {
    /// For what a person types into a page: two seconds after the fifth try, 17 minutes at most.
    pub const BY_HAND: Self = Self {
        free: 5,
        first_wait: Duration::from_secs(2),
        doublings: 9,
    };

    fn wait(self, wrong: u32) -> Duration {
        let Some(beyond) = wrong.checked_sub(self.free) else {
            return Duration::ZERO;
        };
        let factor = 2_u32.saturating_pow(beyond.min(self.doublings));
        self.first_wait.saturating_mul(factor)
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Attempts<K> {
    const REMEMBER: Duration = Duration::from_mins(30);
    const MOST_ORIGINS: u64 = 100_000;

    /// Nobody has tried yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let wrong = moka::sync::Cache::builder()
            .max_capacity(Self::MOST_ORIGINS)
            .time_to_idle(Self::REMEMBER)
            .build();
        Self { clock, wrong }
    }

    /// Seconds that `origin` has to wait before a try is looked at; `None` if it may try now.
    pub fn wait_seconds(&self, origin: &K) -> Option<u64> {
        let tries = self.wrong.get(origin)?;
        let wait = tries.blocked_until.since(self.clock.now());
        (!wait.is_zero()).then(|| wait.as_secs().max(1))
    }

    /// Notes a wrong try.
    pub fn failed(&self, origin: K, budget: Budget) {
        let now = self.clock.now();
        self.wrong.entry(origin).and_upsert_with(|before| {
            let wrong = before.map_or(0, |entry| entry.into_value().wrong);
            let wrong = wrong.saturating_add(1);
            Tries {
                wrong,
                blocked_until: now.plus(budget.wait(wrong)),
            }
        });
    }

    /// Forgets the wrong tries of an origin that got it right.
    pub fn succeeded(&self, origin: &K) {
        self.wrong.invalidate(origin);
    }
}

impl<K> fmt::Debug for Attempts<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

/// Whose tries count together: an IPv4 address, or the /64 that an IPv6 client can move in as it likes.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    #[test]
    fn after_five_wrong_tries_the_wait_doubles() {
        let clock = TestClock::default();
        let attempts = Attempts::<IpAddr>::new(Arc::new(clock.clone()));
        let address: IpAddr = "127.0.0.9".parse().unwrap();

        for _ in 0..4 {
            attempts.failed(address, Budget::BY_HAND);
            assert_eq!(attempts.wait_seconds(&address), None);
        }
        attempts.failed(address, Budget::BY_HAND);
        assert_eq!(attempts.wait_seconds(&address), Some(2));
        clock.advance(Duration::from_secs(2));
        assert_eq!(attempts.wait_seconds(&address), None);
        attempts.failed(address, Budget::BY_HAND);
        assert_eq!(attempts.wait_seconds(&address), Some(4));
    }

    #[test]
    fn a_right_password_clears_the_address_and_no_other_waits() {
        let attempts = Attempts::new(Arc::new(TestClock::default()));
        let (one, other): (IpAddr, IpAddr) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8:0:1::1".parse().unwrap(),
        );
        for _ in 0..6 {
            attempts.failed(network(one), Budget::BY_HAND);
        }

        assert!(
            attempts
                .wait_seconds(&network("2001:db8::2".parse().unwrap()))
                .is_some()
        );
        assert_eq!(attempts.wait_seconds(&network(other)), None);
        attempts.succeeded(&network(one));
        assert_eq!(attempts.wait_seconds(&network(one)), None);
    }

    #[test]
    fn the_wait_stops_growing() {
        let budget = Budget::BY_HAND;

        assert_eq!(budget.wait(14), Duration::from_secs(1_024));
        assert_eq!(budget.wait(u32::MAX), Duration::from_secs(1_024));
    }
}
