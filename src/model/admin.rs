//! Administrators, their roles and rights, and who is acting.

use std::net::IpAddr;
use std::str::FromStr;

use super::Version;
use super::id::AdminId;
use super::secret::PasswordHash;
use crate::clock::Timestamp;

/// What an administrator may do, from least to most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Reads.
    Auditor,
    /// Reads and disconnects.
    Operator,
    /// Manages everything but administrators.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Operator, Self::Auditor];

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Auditor => "Auditor",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
            Self::Owner => "Owner",
        }
    }

    /// Whether the role includes `right`.
    pub fn may(self, right: Right) -> bool {
        self >= right.least()
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// No role has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown role: use owner, admin, operator or auditor")]
pub struct UnknownRole;

/// Something that only some roles may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Right {
    /// Change listeners, ports and other settings.
    ChangeSettings,
    /// End sessions and abort transfers.
    Disconnect,
    /// Create, change, suspend and delete accounts.
    ManageAccounts,
    /// Create and change administrators.
    ManageAdmins,
    /// Create and change customers and plans.
    ManageCustomers,
    /// Look at pages.
    Read,
}

impl Right {
    /// The least role that has the right.
    pub fn least(self) -> Role {
        match self {
            Self::Read => Role::Auditor,
            Self::Disconnect => Role::Operator,
            Self::ChangeSettings | Self::ManageAccounts | Self::ManageCustomers => Role::Admin,
            Self::ManageAdmins => Role::Owner,
        }
    }
}

/// Whether an administrator may sign in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AdminStatus {
    /// May sign in.
    #[default]
    Active,
    /// May not.
    Disabled,
}

impl AdminStatus {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::Active, Self::Disabled];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The state with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// An administrator, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admin {
    /// Never changes.
    pub id: AdminId,
    /// Full name.
    pub name: String,
    /// Signs in with this address; unique whatever the case.
    pub email: String,
    /// The stored password.
    pub password_hash: PasswordHash,
    /// What the administrator may do.
    pub role: Role,
    /// Whether the administrator may sign in.
    pub status: AdminStatus,
    /// `auto`, `light` or `dark`.
    pub theme: String,
    /// Last successful sign-in.
    pub last_login_at: Option<Timestamp>,
    /// When the administrator was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Raised by every change.
    pub version: Version,
}

/// Who is acting; every change by a person carries one into the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor {
    /// The administrator; `None` for the command line and the service itself.
    pub admin_id: Option<AdminId>,
    /// The name shown in the audit log.
    pub name: String,
    /// What the actor may do.
    pub role: Role,
    /// Where the request came from.
    pub ip: Option<IpAddr>,
}

impl Actor {
    /// Whoever has a shell on the server.
    pub fn command_line() -> Self {
        Self {
            admin_id: None,
            name: "command line".to_owned(),
            role: Role::Owner,
            ip: None,
        }
    }

    /// The service itself: first-run set-up, expiry, recovery.
    pub fn system() -> Self {
        Self {
            admin_id: None,
            name: "system".to_owned(),
            role: Role::Owner,
            ip: None,
        }
    }

    /// Whether the actor has `right`.
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_disconnects_but_does_not_manage_accounts() {
        assert!(Role::Operator.may(Right::Disconnect));
        assert!(!Role::Operator.may(Right::ManageAccounts));
        assert!(!Role::Admin.may(Right::ManageAdmins));
        assert!(Role::Owner.may(Right::ManageAdmins));
    }
}
