//! An account: one FTP login with its own home.

use std::fmt;
use std::str::FromStr;

use super::Version;
use super::access::Access;
use super::account_limits::AccountLimits;
use super::account_rules::{LoginRules, SessionRules};
use super::id::{AccountId, CustomerId, VolumeId};
use super::limits::Override;
use super::path_rule::PathRules;
use super::permission::PermissionProfile;
use super::secret::PasswordHash;
use crate::clock::Timestamp;

/// The name somebody logs in with: 2 to 64 of `a–z 0–9 . _ - @`, beginning with a letter or digit.
/// Upper case is folded, so names are unique whatever the case they are typed in.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Username(String);

/// Why a text cannot be a user name. The messages are shown beside the field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UsernameError {
    /// Nothing was typed.
    #[error("Enter a user name")]
    Empty,
    /// Fewer than two characters.
    #[error("User name must be at least 2 characters")]
    TooShort,
    /// More than 64 characters.
    #[error("User name must be 64 characters or fewer")]
    TooLong,
    /// Holds a character outside the alphabet.
    #[error("User name “{name}” has {what}. Use letters, digits, dot, dash, underscore or @")]
    BadCharacter {
        /// What was typed.
        name: String,
        /// The first wrong character, in words.
        what: String,
    },
    /// Begins with a sign.
    #[error("User name must start with a letter or a digit")]
    BadStart,
    /// One of [`Username::RESERVED`].
    #[error("{0} is reserved. Choose another name")]
    Reserved(String),
}

impl Username {
    /// Names that would be mistaken for the service itself.
    pub const RESERVED: &[&str] = &["admin", "administrator", "anonymous", "ftp", "root"];

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, UsernameError> {
        let name = text.trim().to_ascii_lowercase();
        if name.is_empty() {
            return Err(UsernameError::Empty);
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-@".contains(c);
        if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
            let what = if wrong == ' ' {
                "a space".to_owned()
            } else {
                format!("“{wrong}”")
            };
            return Err(UsernameError::BadCharacter {
                name: text.trim().to_owned(),
                what,
            });
        }
        if name.len() < 2 {
            return Err(UsernameError::TooShort);
        }
        if name.len() > 64 {
            return Err(UsernameError::TooLong);
        }
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(UsernameError::BadStart);
        }
        if Self::RESERVED.contains(&name.as_str()) {
            return Err(UsernameError::Reserved(name));
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an account may log in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccountStatus {
    /// May log in.
    #[default]
    Active,
    /// May not log in until an administrator resumes it.
    Suspended,
}

impl AccountStatus {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// The name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// The state with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// Whether an account can be used at a moment, as far as it is up to the account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountStanding {
    /// May log in.
    Active,
    /// Its time is over.
    Expired,
    /// An administrator suspended it.
    Suspended,
}

impl AccountStanding {
    /// The name in addresses, in exports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

/// Whether an account must encrypt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TlsRule {
    /// What the listener says.
    #[default]
    Inherit,
    /// Plain connections are accepted for this account, typically an old device.
    Optional,
    /// TLS is needed even where the listener allows plain connections.
    Required,
}

impl TlsRule {
    /// Every rule, the usual one first.
    pub const ALL: [Self; 3] = [Self::Inherit, Self::Required, Self::Optional];

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    /// The rule with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// An account, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Never changes and is never reused.
    pub id: AccountId,
    /// The name to log in with.
    pub username: Username,
    /// The customer it belongs to.
    pub customer_id: CustomerId,
    /// Whether it may log in.
    pub status: AccountStatus,
    /// Why it was suspended, in the administrator's words; empty if no reason was given.
    pub suspend_reason: String,
    /// The stored password.
    pub password_hash: PasswordHash,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// The volume that holds its files; never changes.
    pub volume_id: VolumeId,
    /// Its folder inside the volume, relative: `<customer>/<username>-<short id>`. Holds the
    /// immutable id, so a name that is used again never shows old files.
    pub home: String,
    /// What it may do.
    pub permissions: PermissionProfile,
    /// What it may do in some of its folders instead.
    pub rules: PathRules,
    /// Whether it must encrypt.
    pub tls: TlsRule,
    /// When and from where it may log in.
    pub login: LoginRules,
    /// How its sessions treat files.
    pub session: SessionRules,
    /// Its own limits.
    pub limits: AccountLimits<Override>,
    /// Free text for administrators.
    pub notes: String,
    /// Last successful login.
    pub last_login_at: Option<Timestamp>,
    /// Address of the last successful login; empty if there was none.
    pub last_login_ip: String,
    /// When a file last arrived in full.
    pub last_upload_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed by a person.
    pub updated_at: Timestamp,
    /// Raised by every change.
    pub version: Version,
}

impl Account {
    /// What it may do where.
    pub fn access(&self) -> Access {
        Access::new(self.permissions.permissions(), self.rules.clone())
    }

    /// Whether it can be used at `now`; a suspended one is suspended, whether it has expired or not.
    pub fn standing(&self, now: Timestamp) -> AccountStanding {
        match self.status {
            AccountStatus::Suspended => AccountStanding::Suspended,
            AccountStatus::Active if self.login.has_expired(now) => AccountStanding::Expired,
            AccountStatus::Active => AccountStanding::Active,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_folded() {
        let name: Username = " Kestrel-Print ".parse().unwrap();

        assert_eq!(name.as_str(), "kestrel-print");
    }

    #[test]
    fn a_wrong_name_is_told_its_first_wrong_character() {
        let refused = "kestrel print".parse::<Username>().unwrap_err();

        assert_eq!(
            refused.to_string(),
            "User name “kestrel print” has a space. Use letters, digits, dot, dash, underscore or @"
        );
    }

    #[test]
    fn names_outside_the_rules_are_refused() {
        for (typed, error) in [
            ("", UsernameError::Empty),
            ("a", UsernameError::TooShort),
            (&"a".repeat(65), UsernameError::TooLong),
            ("-ab", UsernameError::BadStart),
            ("Root", UsernameError::Reserved("root".to_owned())),
        ] {
            assert_eq!(typed.parse::<Username>(), Err(error), "{typed}");
        }
    }
}
