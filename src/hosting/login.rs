//! FTP logins: verifies a password and hands out what a session may use.

use std::sync::Arc;

use crate::hosting::foundation::Foundation;
pub use crate::hosting::last_logins::LoginMarks;
use crate::hosting::last_logins::NoteLogin;
use crate::hosting::limits::EffectiveLimits;
use crate::hosting::passwords::{PasswordError, Passwords, Verdict};
use crate::hosting::quota::{AccountQuota, Ledger};
use crate::hosting::rates::{Rates, SessionRates};
use crate::hosting::renewal::renewed;
use crate::hosting::roll::{Enrolled, Roll};
use crate::hosting::standing::objection;
pub use crate::hosting::standing::{Circumstances, Refusal};
use crate::hosting::throttle::Throttle;
use crate::hosting::traffic::AccountTraffic;
use crate::hosting::volumes::Volumes;
use crate::model::{
    Access, Account, AccountId, Checksum, Customer, NamePatterns, Override, Secret, TlsRule,
    Username, Version,
};
use crate::settings::{LiveSettings, Settings};
use crate::store::StoreError;
use crate::vfs::LocalHome;

/// A cheap handle on the logins.
#[derive(Clone, Debug)]
pub struct Logins(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    foundation: Foundation,
    passwords: Passwords,
    ledger: Ledger,
    roll: Roll,
    rates: Rates,
    settings: LiveSettings,
    throttle: Throttle,
    volumes: Volumes,
    marks: NoteLogin,
}

/// What a logged-in session may use. Fetched again on [`super::sessions::Order::Refresh`].
#[derive(Clone, Debug)]
pub struct Granted {
    /// The account as it was when this was fetched.
    pub account: Arc<Account>,
    /// Its customer.
    pub customer: Arc<Customer>,
    /// What it may do where.
    pub access: Access,
    /// The limits in force.
    pub limits: EffectiveLimits,
    /// Names that it may not give to files and folders.
    pub denied_names: NamePatterns,
    /// Whether its uploads get a checksum; inherits from the settings.
    pub checksum: Override<Checksum>,
    /// Its files; one for all sessions of the account.
    pub home: LocalHome,
    /// Its books.
    pub quota: AccountQuota,
    /// Its books of traffic.
    pub traffic: AccountTraffic,
    /// How fast it may move bytes.
    pub rates: SessionRates,
    /// Whether TLS is needed where the listener leaves it open.
    pub requires_tls: bool,
    /// The version of the plan that the limits come from.
    plan_version: Version,
    /// The edition of the roll that this was recalled from; `None` if it was looked up.
    recalled: Option<u64>,
}

/// Why a login is refused. The peer hears `530 Login incorrect.` for all of the first variant.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown name, wrong password, or an account that may not be used: deliberately not which.
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
    Store(#[from] StoreError),
}

impl Logins {
    /// The logins over these services, and the task that notes them.
    pub fn new(
        foundation: Foundation,
        passwords: Passwords,
        ledger: Ledger,
        volumes: Volumes,
        settings: LiveSettings,
    ) -> (Self, LoginMarks) {
        let rates = Rates::default();
        pace_server(&rates, &settings.current());
        let throttle = Throttle::new(Arc::clone(&foundation.clock), settings.clone());
        let (noting, marks) = LoginMarks::new(foundation.db.clone());
        let roll = Roll::new(foundation.db.clone(), &foundation.events);
        let parts = Parts {
            foundation,
            passwords,
            ledger,
            roll,
            rates,
            settings,
            throttle,
            volumes,
            marks,
        };
        (Self(Arc::new(parts)), noting)
    }

    /// Verifies a password. Takes the same time for every kind of refusal, and longer only where an
    /// account brought its hash along from another server; a password that is not looked at, because too
    /// many wrong ones came from the address, costs nothing. The door hides these differences.
    ///
    /// # Errors
    ///
    /// [`LoginError::Incorrect`] with the true reason, [`LoginError::Busy`].
    ///
    /// # Cancel safety
    ///
    /// Dropping this future changes nothing, except that a hash from another server may be renewed.
    pub async fn verify(
        &self,
        name: &str,
        password: &Secret,
        who: Circumstances,
    ) -> Result<Granted, LoginError> {
        let granted = match self.recall(name, password, who).await? {
            Some(granted) => granted,
            None => self.verify_anew(name, password, who).await?,
        };
        self.0
            .marks
            .note(granted.account.id, self.0.foundation.now(), who.from);
        Ok(granted)
    }

    /// Brings what all sessions share in line with changed settings.
    pub fn follow(&self, settings: &Settings) {
        pace_server(&self.0.rates, settings);
    }

    /// Whether nothing took the login away while its password was verified: whoever suspends an
    /// account or sets its password reaches only sessions that are listed by then.
    ///
    /// # Errors
    ///
    /// [`LoginError::Store`].
    pub async fn still_holds(
        &self,
        granted: &Granted,
        who: Circumstances,
    ) -> Result<bool, LoginError> {
        let is_current = |edition| self.0.roll.is_current(edition);
        if granted.recalled.is_some_and(is_current) {
            return Ok(true);
        }
        let db = &self.0.foundation.db;
        let account = db.account(granted.account.id).await?;
        let customer = db.customer(granted.customer.id).await?;
        let plan = db.plan(granted.customer.plan_id).await?;
        let has_its_limits = plan.is_some_and(|plan| plan.version == granted.plan_version);
        let (Some(account), Some(customer)) = (account, customer) else {
            return Ok(false);
        };
        Ok(has_its_limits
            && self.objection(&account, &customer, who).is_none()
            && account.version == granted.account.version
            // The hash itself may have been renewed by a login at the same time.
            && account.password_changed_at == granted.account.password_changed_at
            && customer.version == granted.customer.version)
    }

    /// Looks an account up again for a session that is logged in.
    ///
    /// # Errors
    ///
    /// [`LoginError::Incorrect`] with the reason why it may not be logged in any more,
    /// [`LoginError::Store`] and [`LoginError::Home`].
    pub async fn refresh(&self, id: AccountId, who: Circumstances) -> Result<Granted, LoginError> {
        let gone = || LoginError::Incorrect(Refusal::Unknown);
        let account = self.0.foundation.db.account(id).await?;
        let enrolled = self.0.roll.enroll(account.ok_or_else(gone)?).await?;
        self.grant(&enrolled.ok_or_else(gone)?, who).await
    }

    /// Whether this name may log in on a plain connection where the listener requires TLS.
    pub async fn may_log_in_plain(&self, name: &str) -> bool {
        let found = self.find(name).await.ok().flatten();
        found.is_some_and(|found| found.account.tls == TlsRule::Optional)
    }

    /// A login without a question to the database: the account is on the roll, may be used, and had
    /// this password verified lately. Anything else is looked up and judged anew, so that a refusal
    /// never rests on what was true a moment ago.
    async fn recall(
        &self,
        name: &str,
        password: &Secret,
        who: Circumstances,
    ) -> Result<Option<Granted>, LoginError> {
        let Parts {
            passwords,
            throttle,
            ..
        } = &*self.0;
        let Some(found) = self.find(name).await? else {
            return Ok(None);
        };
        let account = &found.account;
        let origin = throttle.origin(who.from, Some(account.id));
        if throttle.waits(&origin)
            || !passwords.remembers(account.id, password, &account.password_hash)
        {
            return Ok(None);
        }
        let Ok(granted) = self.grant(&found, who).await else {
            return Ok(None);
        };
        throttle.succeeded(who.from, account.id);
        Ok(Some(Granted {
            recalled: Some(found.edition),
            ..granted
        }))
    }

    async fn verify_anew(
        &self,
        name: &str,
        password: &Secret,
        who: Circumstances,
    ) -> Result<Granted, LoginError> {
        let found = match name.parse::<Username>() {
            Ok(name) => self.0.roll.look_again(&name).await?,
            Err(_illegal) => None,
        };
        let account = self.check(found, password, who).await?;
        self.grant(&account, who).await
    }

    /// The account, if `password` is its own and may be looked at.
    async fn check(
        &self,
        found: Option<Arc<Enrolled>>,
        password: &Secret,
        who: Circumstances,
    ) -> Result<Arc<Enrolled>, LoginError> {
        let Parts {
            passwords,
            throttle,
            ..
        } = &*self.0;
        let known = found.as_ref().map(|found| &found.account);
        let origin = throttle.origin(who.from, known.map(|account| account.id));
        let may_try = || {
            let refused = LoginError::Incorrect(Refusal::TooManyTries);
            (!throttle.waits(&origin)).then_some(()).ok_or(refused)
        };
        may_try()?;
        let turn = passwords.turn().await?;
        // Whoever tries on many connections at once waits here while the first ones are wrong; whoever
        // was right on one of them is right on the others.
        may_try()?;
        let stored = known.map(|account| &account.password_hash);
        // What is refused anyway takes as long as a wrong password does.
        let may_be_used = found.as_ref().is_some_and(|found| {
            self.objection(&found.account, &found.customer, who)
                .is_none()
        });
        let remembers =
            |account: &Account| passwords.remembers(account.id, password, &account.password_hash);
        let verdict = match known {
            Some(account) if may_be_used && remembers(account) => Verdict::Right,
            _ => turn.verify(password, stored).await?,
        };
        let found = match (found, &verdict) {
            (Some(found), Verdict::Right | Verdict::Outdated(_)) if !may_be_used => {
                return Ok(found);
            }
            (Some(found), Verdict::Right | Verdict::Outdated(_)) => found,
            (found, _) => {
                throttle.failed(origin);
                let refusal = found.map_or(Refusal::Unknown, |_| Refusal::WrongPassword);
                return Err(LoginError::Incorrect(refusal));
            }
        };
        let id = found.account.id;
        passwords.remember(id, password, &found.account.password_hash);
        drop(turn);
        throttle.succeeded(who.from, id);
        let Verdict::Outdated(hash) = verdict else {
            return Ok(found);
        };
        let found = renewed(&self.0.foundation, found, hash).await;
        passwords.remember(id, password, &found.account.password_hash);
        Ok(found)
    }

    async fn find(&self, name: &str) -> Result<Option<Arc<Enrolled>>, LoginError> {
        let Ok(name) = name.parse::<Username>() else {
            return Ok(None);
        };
        Ok(self.0.roll.find(&name).await?)
    }

    fn objection(
        &self,
        account: &Account,
        customer: &Customer,
        who: Circumstances,
    ) -> Option<Refusal> {
        let settings = self.0.settings.current();
        let now = self.0.foundation.now();
        objection((account, customer), &settings, who, now)
    }

    async fn grant(&self, enrolled: &Enrolled, who: Circumstances) -> Result<Granted, LoginError> {
        let Enrolled {
            account,
            customer,
            plan,
            ..
        } = enrolled;
        if let Some(refusal) = self.objection(account, customer, who) {
            return Err(LoginError::Incorrect(refusal));
        }
        let limits = EffectiveLimits::of(account, customer, plan);
        let unknown = LoginError::Incorrect(Refusal::Unknown);
        let (quota, traffic) = self.books(enrolled, &limits).ok_or(unknown)?;
        Ok(Granted {
            access: account.access(),
            rates: self.0.rates.session(account.id, limits.of_account()),
            limits,
            denied_names: account
                .session
                .denied_names
                .clone()
                .or(plan.denied_names.clone()),
            checksum: account.session.checksum.or_else_of(plan.checksum),
            home: self.0.volumes.home(account).await?,
            quota,
            traffic,
            requires_tls: account.tls == TlsRule::Required,
            customer: Arc::clone(customer),
            account: Arc::clone(account),
            plan_version: plan.version,
            recalled: None,
        })
    }

    /// The account's books, of space and of traffic. One that the command line or another node made a
    /// moment ago is not known yet; it begins with nothing stored.
    fn books(
        &self,
        enrolled: &Enrolled,
        limits: &EffectiveLimits,
    ) -> Option<(AccountQuota, AccountTraffic)> {
        let ledger = &self.0.ledger;
        let id = enrolled.account.id;
        if ledger.quota(id).is_none() {
            ledger.limit_pool(&enrolled.customer, &enrolled.plan);
            ledger.limit_account(&enrolled.account, limits, None);
        }
        Some((ledger.quota(id)?, ledger.traffic().account(id)?))
    }
}

fn pace_server(rates: &Rates, settings: &Settings) {
    let (up, down) = (settings.upload_rate.0, settings.download_rate.0);
    rates.server().set(up, down);
}

impl From<PasswordError> for LoginError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy | PasswordError::Hash => Self::Busy,
            _ => Self::Incorrect(Refusal::WrongPassword),
        }
    }
}
