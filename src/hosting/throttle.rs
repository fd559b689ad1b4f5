//! Wrong FTP passwords by address.
//!
//! Whoever guesses from an address uses up what is free there and then waits, longer with every
//! further try, for any account. Customers behind the same address are not shut out with it: an
//! account that has logged in from there lately is counted on its own. So no guess is cheaper for
//! being made beside a customer, and a login of one's own does not give anybody new guesses at
//! others.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::attempts::{Attempts, Budget, network};
use crate::clock::Clock;
use crate::model::AccountId;
use crate::settings::LiveSettings;

/// Counts wrong passwords and knows which accounts come from where.
#[derive(Debug)]
pub(super) struct Throttle {
    attempts: Attempts<Origin>,
    known: moka::sync::Cache<Origin, ()>,
    settings: LiveSettings,
}

/// Whose wrong passwords count together: all of an address, or those for an account that is known
/// there.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Origin {
    network: IpAddr,
    account: Option<AccountId>,
}

impl Throttle {
    const FIRST_WAIT: Duration = Duration::from_secs(2);
    /// Four minutes at most: whoever fixes a forgotten device does not wait for long.
    const DOUBLINGS: u32 = 7;
    /// How long an account is known at an address after its last login there.
    const KNOWN: Duration = Duration::from_hours(24);
    const MOST_KNOWN: u64 = 100_000;

    /// Nobody has tried yet.
    pub(super) fn new(clock: Arc<dyn Clock>, settings: LiveSettings) -> Self {
        let known = moka::sync::Cache::builder()
            .max_capacity(Self::MOST_KNOWN)
            .time_to_idle(Self::KNOWN)
            .build();
        Self {
            attempts: Attempts::new(clock),
            known,
            settings,
        }
    }

    /// Where a try for `account` from the address `from` counts.
    pub(super) fn origin(&self, from: IpAddr, account: Option<AccountId>) -> Origin {
        let network = network(from);
        let known = Origin { network, account };
        if account.is_some() && self.known.contains_key(&known) {
            return known;
        }
        Origin {
            network,
            account: None,
        }
    }

    /// Whether no password from there is looked at now.
    pub(super) fn waits(&self, origin: &Origin) -> bool {
        self.attempts.wait_seconds(origin).is_some()
    }

    /// Notes a wrong password.
    pub(super) fn failed(&self, origin: Origin) {
        let budget = Budget {
            free: self.settings.current().max_login_failures_per_address,
            first_wait: Self::FIRST_WAIT,
            doublings: Self::DOUBLINGS,
        };
        self.attempts.failed(origin, budget);
    }

    /// Notes a right password: the account is known there now. What others guessed from there stays.
    pub(super) fn succeeded(&self, from: IpAddr, account: AccountId) {
        let origin = Origin {
            network: network(from),
            account: Some(account),
        };
        self.attempts.succeeded(&origin);
        self.known.insert(origin, ());
    }
}
