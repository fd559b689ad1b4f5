//! Whether somebody may use an account, apart from the password: the one place where that is
//! decided, for logins and for the sessions that a change reaches.

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::hosting::sessions::Guest;
use crate::model::{Account, AccountStanding, Customer, CustomerStatus, TlsRule};
use crate::settings::{Settings, TlsPolicy};

/// What a connection brings along that decides whether an account may be used over it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Circumstances {
    /// The client's address.
    pub from: IpAddr,
    /// Whether the control connection is encrypted.
    pub encrypted: bool,
}

/// The true reason of a refused login, for the log and the account's page.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The customer is suspended.
    #[error("customer suspended")]
    CustomerSuspended,
    /// The account's time is over.
    #[error("account expired")]
    Expired,
    /// The account may not be used from the client's address.
    #[error("address not allowed")]
    Network,
    /// The account needs TLS and the connection is plain.
    #[error("TLS required")]
    TlsRequired,
    /// The account is suspended.
    #[error("account suspended")]
    Suspended,
    /// Too many wrong passwords came from the address; this one was not looked at.
    #[error("too many wrong passwords from the address")]
    TooManyTries,
    /// There is no such account.
    #[error("no such account")]
    Unknown,
    /// The password is wrong.
    #[error("wrong password")]
    WrongPassword,
}

impl Refusal {
    /// What a session hears that ends for this reason.
    pub fn farewell(self) -> &'static str {
        match self {
            Self::Suspended | Self::CustomerSuspended => "The account is suspended.",
            Self::Expired => "The account has expired.",
            Self::Network => "The account can no longer be used from your address.",
            Self::TlsRequired => "The account can no longer be used without TLS.",
            Self::TooManyTries | Self::Unknown | Self::WrongPassword => {
                "This account can no longer be used."
            }
        }
    }
}

impl From<&Guest<'_>> for Circumstances {
    fn from(guest: &Guest<'_>) -> Self {
        Self {
            from: guest.from,
            encrypted: guest.encrypted,
        }
    }
}

/// Why `account` may not be used at `now` by a connection like this; `None` if it may.
pub(super) fn objection(
    (account, customer): (&Account, &Customer),
    settings: &Settings,
    who: Circumstances,
    now: Timestamp,
) -> Option<Refusal> {
    match account.standing(now) {
        AccountStanding::Suspended => return Some(Refusal::Suspended),
        AccountStanding::Expired => return Some(Refusal::Expired),
        AccountStanding::Active => {}
    }
    if customer.status == CustomerStatus::Suspended {
        return Some(Refusal::CustomerSuspended);
    }
    if !account.login.admit(who.from) {
        return Some(Refusal::Network);
    }
    (!who.encrypted && needs_tls(account.tls, settings.tls_policy)).then_some(Refusal::TlsRequired)
}

fn needs_tls(rule: TlsRule, policy: TlsPolicy) -> bool {
    match rule {
        TlsRule::Required => true,
        TlsRule::Optional => false,
        TlsRule::Inherit => policy == TlsPolicy::Required,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_from_tls_is_one_in_both_directions() {
        for (rule, policy, is_needed) in [
            (TlsRule::Inherit, TlsPolicy::Required, true),
            (TlsRule::Inherit, TlsPolicy::Optional, false),
            (TlsRule::Inherit, TlsPolicy::Off, false),
            (TlsRule::Optional, TlsPolicy::Required, false),
            (TlsRule::Required, TlsPolicy::Off, true),
        ] {
            assert_eq!(needs_tls(rule, policy), is_needed, "{rule:?} {policy:?}");
        }
    }
}
