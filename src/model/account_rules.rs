//! What is ruled about an account besides limits and permissions: when and from where it may log in,
//! and how its sessions treat files.

use std::net::IpAddr;

use super::limits::Override;
use super::name_patterns::NamePatterns;
use super::networks::NetworkRules;
use super::path::VirtualPath;
use super::umask::Umask;
use crate::clock::Timestamp;

/// When and from where an account may log in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LoginRules {
    /// From then on not any more; `None` = no end.
    pub expires_at: Option<Timestamp>,
    /// From where.
    pub networks: NetworkRules,
}

/// How the sessions of an account treat files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRules {
    /// Where a session begins; the home if there is no such folder.
    pub start: VirtualPath,
    /// Bits that new files and folders do not get.
    pub umask: Umask,
    /// Whether clients may ask the server to connect to them; the server says if the account does
    /// not.
    pub active_mode: Override<bool>,
    /// What must be on disk before an upload is confirmed; the server says if the account does not.
    pub durability: Override<Durability>,
    /// Whether uploads get a checksum; the plan says if the account does not.
    pub checksum: Override<Checksum>,
    /// Names that may not be given to files and folders; the plan says if the account does not.
    pub denied_names: Override<NamePatterns>,
}

/// What must be on disk before an upload counts as stored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// The operating system has received all bytes; a power cut may lose the file.
    #[default]
    Received,
    /// File and directory entry survive a power cut (`fsync` of both).
    OnDisk,
}

/// What is computed over an upload while it arrives.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Checksum {
    /// Nothing: the bytes need not pass through this process.
    #[default]
    Off,
    /// SHA-256 of the stored bytes.
    Sha256,
}

impl LoginRules {
    /// Whether it has come to its end at `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether somebody may come from `address`.
    pub fn admit(&self, address: IpAddr) -> bool {
        self.networks.admit(address)
    }
}

impl Default for SessionRules {
    fn default() -> Self {
        Self {
            start: VirtualPath::root(),
            umask: Umask::default(),
            active_mode: Override::Inherit,
            durability: Override::Inherit,
            checksum: Override::Inherit,
            denied_names: Override::Inherit,
        }
    }
}

impl Durability {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Received, Self::OnDisk];

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::OnDisk => "on-disk",
        }
    }

    /// The kind with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

impl Checksum {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Off, Self::Sha256];

    /// The name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Sha256 => "sha256",
        }
    }

    /// The kind with the name `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_ends_at_its_moment_and_not_before() {
        let until = |seconds| LoginRules {
            expires_at: Some(Timestamp::from_seconds(seconds)),
            ..LoginRules::default()
        };
        let now = Timestamp::from_seconds(100);

        assert!(until(100).has_expired(now));
        assert!(!until(101).has_expired(now));
        assert!(!LoginRules::default().has_expired(now));
    }
}
