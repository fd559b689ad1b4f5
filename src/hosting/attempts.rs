//! Wrong passwords by address: after a few free tries the wait doubles with each one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// Counts wrong tries; remembers an address for half an hour after its last one.
#[derive(Clone, Debug)]
pub struct Attempts {
    clock: Arc<dyn Clock>,
    wrong: moka::sync::Cache<IpAddr, Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    blocked_until: Timestamp,
}

impl Attempts {
    const FREE: u32 = 5;
    const FIRST_WAIT: Duration = Duration::from_secs(2);
    const LONGEST_DOUBLINGS: u32 = 9;
    const REMEMBER: Duration = Duration::from_mins(30);
    const MOST_ADDRESSES: u64 = 100_000;

    /// Nobody has tried yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let wrong = moka::sync::Cache::builder()
            .max_capacity(Self::MOST_ADDRESSES)
            .time_to_idle(Self::REMEMBER)
            .build();
        Self { clock, wrong }
    }

    /// Seconds that `address` has to wait before a try is looked at; `None` if it may try now.
    pub fn wait_seconds(&self, address: IpAddr) -> Option<u64> {
        let tries = self.wrong.get(&network(address))?;
        let wait = tries.blocked_until.since(self.clock.now());
        (!wait.is_zero()).then(|| wait.as_secs().max(1))
    }

    /// Notes a wrong try.
    pub fn failed(&self, address: IpAddr) {
        let key = network(address);
        let wrong = self
            .wrong
            .get(&key)
            .map_or(0, |tries| tries.wrong)
            .saturating_add(1);
        let doublings = wrong
            .saturating_sub(Self::FREE)
            .min(Self::LONGEST_DOUBLINGS);
        let wait = if wrong < Self::FREE {
            Duration::ZERO
        } else {
            Self::FIRST_WAIT * 2_u32.saturating_pow(doublings)
        };
        let blocked_until = self.clock.now().plus(wait);
        self.wrong.insert(
            key,
            Tries {
                wrong,
                blocked_until,
            },
        );
    }

    /// Forgets the wrong tries of an address that got it right.
    pub fn succeeded(&self, address: IpAddr) {
        self.wrong.invalidate(&network(address));
    }
}

/// An IPv4 address, or the /64 that an IPv6 client can move in as it likes.
fn network(address: IpAddr) -> IpAddr {
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
        let attempts = Attempts::new(Arc::new(clock.clone()));
        let address: IpAddr = "127.0.0.9".parse().unwrap();

        for _ in 0..4 {
            attempts.failed(address);
            assert_eq!(attempts.wait_seconds(address), None);
        }
        attempts.failed(address);
        assert_eq!(attempts.wait_seconds(address), Some(2));
        clock.advance(Duration::from_secs(2));
        assert_eq!(attempts.wait_seconds(address), None);
        attempts.failed(address);
        assert_eq!(attempts.wait_seconds(address), Some(4));
    }

    #[test]
    fn a_right_password_clears_the_address_and_no_other_waits() {
        let attempts = Attempts::new(Arc::new(TestClock::default()));
        let (one, other): (IpAddr, IpAddr) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8:0:1::1".parse().unwrap(),
        );
        for _ in 0..6 {
            attempts.failed(one);
        }

        assert!(
            attempts
                .wait_seconds("2001:db8::2".parse().unwrap())
                .is_some()
        );
        assert_eq!(attempts.wait_seconds(other), None);
        attempts.succeeded(one);
        assert_eq!(attempts.wait_seconds(one), None);
    }
}
