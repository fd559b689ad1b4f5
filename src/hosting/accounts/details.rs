//! What goes into an account and what is known about it.

use crate::hosting::limits::EffectiveLimits;
use crate::model::{
    Account, AccountLimits, AccountStanding, Customer, CustomerId, LoginRules, Override,
    PeriodTraffic, PermissionProfile, Plan, Secret, SessionRules, TlsRule, Usage, Username,
    VolumeId,
};

/// What is needed to make an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to log in with.
    pub username: Username,
    /// Its customer.
    pub customer_id: CustomerId,
    /// Its password.
    pub password: Secret,
    /// Where its files shall be; `None` is the default volume.
    pub volume_id: Option<VolumeId>,
    /// The part that can be changed later.
    pub settings: AccountSettings,
}

/// The part of an account that an administrator edits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccountSettings {
    /// What it may do.
    pub permissions: PermissionProfile,
    /// Whether it must encrypt.
    pub tls: TlsRule,
    /// When and from where it may log in.
    pub login: LoginRules,
    /// How its sessions treat files.
    pub session: SessionRules,
    /// Its own limits.
    pub limits: AccountLimits<Override>,
    /// Free text.
    pub notes: String,
}

impl AccountSettings {
    /// The settings of `account`.
    pub fn of(account: &Account) -> Self {
        Self {
            permissions: account.permissions,
            tls: account.tls,
            login: account.login.clone(),
            session: account.session.clone(),
            limits: account.limits,
            notes: account.notes.clone(),
        }
    }

    /// `account` with these settings.
    pub(super) fn put_on(self, account: Account) -> Account {
        Account {
            permissions: self.permissions,
            tls: self.tls,
            login: self.login,
            session: self.session,
            limits: self.limits,
            notes: self.notes,
            ..account
        }
    }
}

/// What happens to the files of a deleted account.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Files {
    /// They stay where they are until somebody removes them; no account, not even one of the same name,
    /// shows them again.
    #[default]
    Keep,
    /// They are removed for good.
    Purge,
    /// They lie in the trash for as many days as the settings say.
    Trash,
}

impl Files {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Trash, Self::Purge];

    /// The name in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Purge => "purge",
            Self::Trash => "trash",
        }
    }

    /// The choice with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// An account with everything that a page or a login needs to know about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountDetails {
    /// The account.
    pub account: Account,
    /// Whether it can be used now, as far as it is up to the account.
    pub standing: AccountStanding,
    /// Its customer.
    pub customer: Customer,
    /// The customer's plan.
    pub plan: Plan,
    /// The limits in force.
    pub limits: EffectiveLimits,
    /// What it uses.
    pub usage: Usage,
    /// What all accounts of the customer use together.
    pub pool_usage: Usage,
    /// What it moved in this period.
    pub traffic: PeriodTraffic,
    /// What all accounts of the customer moved in this period.
    pub pool_traffic: PeriodTraffic,
    /// Sessions it has now.
    pub sessions: usize,
}
