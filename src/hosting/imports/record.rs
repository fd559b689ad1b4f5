//! What every kind of file is turned into: one record for each account, or why there is none.

use std::fmt;

use super::access::AccessWishes;
use crate::hosting::stored_password::{self, NO_PASSWORD};
use crate::model::{
    Account, AccountLimits, AccountStatus, Override, PasswordHash, PathRules, PermissionProfile,
    TlsRule, Username, VirtualPath,
};

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Place {
    /// The line, from 1, on which it begins.
    Line(u64),
    /// The entry of a list, from 1.
    Entry(u64),
}

/// One account of a file.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Its name as written, shortened; for people.
    pub name: String,
    /// What it should be, or why it cannot be taken over.
    pub wanted: Result<Wanted, RowRefusal>,
}

/// Why an account is not taken over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowRefusal {
    /// The field that is wrong.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// What a file says about an account. `None` where it says nothing: a new account follows its plan or
/// has the usual value, and one that exists stays as it is.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name to log in with.
    pub username: Username,
    /// Name of the customer, if the file tells.
    pub customer: Option<String>,
    /// The password.
    pub password: Option<PasswordHash>,
    /// Whether it may log in, and why not.
    pub status: Option<(AccountStatus, String)>,
    /// What it may do.
    pub permissions: Option<PermissionProfile>,
    /// What it may do in some folders instead.
    pub rules: Option<PathRules>,
    /// Whether it must encrypt.
    pub tls: Option<TlsRule>,
    /// When, from where and how it can be used.
    pub access: AccessWishes,
    /// Its own limits.
    pub limits: AccountLimits<Option<Override>>,
    /// Free text.
    pub notes: Option<String>,
    /// The folder on the other server; empty if the file does not tell.
    pub old_home: String,
    /// What is in the file and not taken over, in sentences.
    pub told: Vec<String>,
}

/// Most characters of a name that are shown.
const SHOWN: usize = 64;

impl Record {
    /// A record of which `name` is known.
    pub(super) fn new(place: Place, name: &str, wanted: Result<Wanted, RowRefusal>) -> Self {
        let visible = name.chars().map(|c| if c.is_control() { '�' } else { c });
        Self {
            place,
            name: visible.take(SHOWN).collect(),
            wanted: wanted.and_then(Wanted::within_bounds),
        }
    }
}

impl RowRefusal {
    /// A refusal because of `field`.
    pub(super) fn new(field: &'static str, reason: impl fmt::Display) -> Self {
        Self {
            field,
            reason: reason.to_string(),
        }
    }
}

impl Wanted {
    /// Most characters of notes.
    pub const LONGEST_NOTES: usize = 10_000;

    /// An account of which nothing but the name is known.
    ///
    /// # Errors
    ///
    /// If the name is none.
    pub(super) fn named(name: &str) -> Result<Self, RowRefusal> {
        let username = name
            .parse()
            .map_err(|error| RowRefusal::new("user name", error))?;
        Ok(Self {
            username,
            customer: None,
            password: None,
            status: None,
            permissions: None,
            rules: None,
            tls: None,
            access: AccessWishes::default(),
            limits: AccountLimits::default(),
            notes: None,
            old_home: String::new(),
            told: Vec::new(),
        })
    }

    /// Refused if a limit is larger than any that is stored.
    fn within_bounds(self) -> Result<Self, RowRefusal> {
        let is_stored = |limit: Override| match limit {
            Override::Own(Some(number)) => i64::try_from(number).is_ok(),
            Override::Inherit | Override::Own(None) => true,
        };
        let limits = self.limits.into_array();
        if limits.into_iter().flatten().all(is_stored) {
            return Ok(self);
        }
        Err(RowRefusal::new("limits", "one is larger than any disk"))
    }

    /// Begins sessions in `folder` of its home.
    ///
    /// # Errors
    ///
    /// If that is no path.
    pub(super) fn set_start(&mut self, folder: &str) -> Result<(), RowRefusal> {
        let start = VirtualPath::root().resolve(folder);
        let start = start.map_err(|error| RowRefusal::new("start folder", error))?;
        self.access.start = (!start.is_root()).then_some(start);
        Ok(())
    }

    /// Everything that is said about `account`, which belongs to `customer`.
    pub(super) fn of(account: &Account, customer: &str) -> Self {
        Self {
            username: account.username.clone(),
            customer: Some(customer.to_owned()),
            password: Some(account.password_hash.clone()),
            status: Some((account.status, account.suspend_reason.clone())),
            permissions: Some(account.permissions),
            rules: Some(account.rules.clone()),
            tls: Some(account.tls),
            access: AccessWishes::of(&account.login, &account.session),
            limits: account.limits.map(Some),
            notes: Some(account.notes.clone()),
            old_home: account.home.clone(),
            told: Vec::new(),
        }
    }

    /// Takes a password from a file of another server. One that begins with `!` or `*` is locked.
    ///
    /// # Errors
    ///
    /// If it is a hash that is not accepted.
    pub(super) fn set_password(&mut self, text: &str) -> Result<(), RowRefusal> {
        let hash = text.trim_start_matches(['!', '*']);
        if hash.len() != text.len() {
            self.suspend("The password was locked on the other server.");
        }
        if matches!(hash, "" | "x" | "LK" | "NP") {
            self.told.push("It has no password; set one.".to_owned());
            self.password = Some(PasswordHash::new(NO_PASSWORD.to_owned()));
            return Ok(());
        }
        let checked = stored_password::check(hash);
        self.password = Some(checked.map_err(|refusal| RowRefusal::new("password", refusal))?);
        Ok(())
    }

    /// Takes notes from a file of another server, if there are any.
    pub(super) fn set_notes(&mut self, text: &str) -> Result<(), RowRefusal> {
        let text = checked_notes(text.trim())?;
        if !text.is_empty() {
            self.notes = Some(text.to_owned());
        }
        Ok(())
    }

    /// The account may not log in.
    pub(super) fn suspend(&mut self, reason: &str) {
        self.status = Some((AccountStatus::Suspended, reason.to_owned()));
    }

    /// `account` as the file wants it; the password is not part of this.
    pub(super) fn put_on(&self, account: Account) -> Account {
        let limits = account.limits.beside(self.limits);
        let (status, suspend_reason) = match self.status.clone() {
            // Whoever suspended it may have had another reason.
            Some((status, _)) if status == account.status => (status, account.suspend_reason),
            Some(told) => told,
            None => (account.status, account.suspend_reason),
        };
        let (login, session) = self.access.put_on(account.login, account.session);
        Account {
            status,
            suspend_reason,
            login,
            session,
            permissions: self.permissions.unwrap_or(account.permissions),
            rules: self.rules.clone().unwrap_or(account.rules),
            tls: self.tls.unwrap_or(account.tls),
            limits: limits.map(|(own, told)| told.unwrap_or(own)),
            notes: self.notes.clone().unwrap_or(account.notes),
            ..account
        }
    }
}

/// The notes, if they are not too long.
///
/// # Errors
///
/// If they are longer than [`Wanted::LONGEST_NOTES`].
pub(super) fn checked_notes(text: &str) -> Result<&str, RowRefusal> {
    let most = Wanted::LONGEST_NOTES;
    if text.chars().count() <= most {
        return Ok(text);
    }
    Err(RowRefusal::new(
        "notes",
        format!("longer than {most} characters"),
    ))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Entry(entry) => write!(f, "entry {entry}"),
        }
    }
}

impl fmt::Display for RowRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}
