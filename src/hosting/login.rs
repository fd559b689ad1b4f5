//! FTP logins: verifies a password and hands out what a session may use.

use std::net::IpAddr;
use std::sync::Arc;

use crate::hosting::limits::EffectiveLimits;
use crate::hosting::quota::AccountQuota;
use crate::model::{Account, AccountId, Customer, Permissions, Secret};
use crate::store::StoreError;
use crate::vfs::LocalHome;

/// A cheap handle on the logins.
#[derive(Clone, Debug)]
pub struct Logins;

/// What a logged-in session may use. Fetched again on [`super::sessions::Order::Refresh`].
#[derive(Clone, Debug)]
pub struct Granted {
    /// The account as it was when this was fetched.
    pub account: Arc<Account>,
    /// Its customer.
    pub customer: Arc<Customer>,
    /// What it may do.
    pub permissions: Permissions,
    /// The limits in force.
    pub limits: EffectiveLimits,
    /// Its files; one for all sessions of the account.
    pub home: LocalHome,
    /// Its books.
    pub quota: AccountQuota,
    /// Whether TLS is needed where the listener leaves it open.
    pub requires_tls: bool,
}

/// Why a login is refused. The peer hears `530 Login incorrect.` for all of the first variant.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown name, wrong password, suspended account or customer: deliberately not which.
    #[error("login incorrect: {0}")]
    Incorrect(Refusal),
    /// Too many verifications are waiting; the peer hears 421.
    #[error("too many logins at once")]
    Busy,
    /// The home cannot be used.
    #[error("the home folder is not usable")]
    Home(#[from] crate::vfs::StorageError),
    /// The database failed.
    #[error("logins are not available")]
    Store(StoreError),
}

/// The true reason of a refused login, for the log and the account's page.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The customer is suspended.
    #[error("customer suspended")]
    CustomerSuspended,
    /// The account needs TLS and the connection is plain.
    #[error("TLS required")]
    TlsRequired,
    /// The account is suspended.
    #[error("account suspended")]
    Suspended,
    /// There is no such account.
    #[error("no such account")]
    Unknown,
    /// The password is wrong.
    #[error("wrong password")]
    WrongPassword,
}

impl Logins {
    /// Verifies a password. Takes the same time for every kind of refusal.
    pub async fn verify(
        &self,
        name: &str,
        password: &Secret,
        from: IpAddr,
        encrypted: bool,
    ) -> Result<Granted, LoginError> {
        todo!()
    }

    /// Looks an account up again; `None` if it may no longer be logged in.
    pub async fn refresh(&self, id: AccountId) -> Result<Option<Granted>, LoginError> {
        todo!()
    }

    /// Whether this name may log in on a plain connection where the listener requires TLS.
    pub async fn may_log_in_plain(&self, name: &str) -> bool {
        todo!()
    }
}
