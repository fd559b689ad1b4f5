//! What becomes of a session when its account changes, or comes to its end.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{Context, Login};
use crate::hosting::login::{Granted, LoginError, Refusal};
use crate::hosting::sessions::Order;
use crate::vfs::Home;

/// What the look at a changed account brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It may go on, under the limits in force.
    Stays,
    /// It may no longer be logged in, for this reason.
    Gone(Refusal),
}

impl Context {
    /// The time of day is looked at this often to see whether an account has expired.
    const LOOK_AT_CLOCK: Duration = Duration::from_mins(1);

    /// Looks the account and the settings up again.
    pub(super) async fn refresh(&mut self) -> Standing {
        self.follow_settings();
        let Some(account) = self.account() else {
            return Standing::Stays;
        };
        let who = self.circumstances();
        match self.door.app.logins.refresh(account.id, who).await {
            // Whoever logged in with a password that is no longer the account's must do it again; the
            // hash of the same password may have been renewed.
            Ok(granted) if granted.account.password_changed_at != account.password_changed_at => {
                Standing::Gone(Refusal::WrongPassword)
            }
            Ok(granted) => {
                let granted = self.taking_over(granted);
                let home = Self::home(&granted);
                self.recall(&home).await;
                self.login = Some(Login { granted, home });
                self.follow_settings();
                Standing::Stays
            }
            Err(LoginError::Incorrect(refusal)) => Standing::Gone(refusal),
            Err(error) => {
                tracing::warn!(session.id = %self.live.id(), %error, "account not looked up again");
                Standing::Stays
            }
        }
    }

    /// Begins in the folder that is ruled for the account, if there is one of that name.
    pub(super) async fn enter_start(&mut self) {
        let Some(login) = &self.login else { return };
        let account = &login.granted.account;
        let start = account.session.start.clone();
        if start.is_root() {
            return;
        }
        match login.home.enter(&start).await {
            Ok(()) => self.session.set_cwd(start),
            Err(error) => tracing::warn!(
                session.id = %self.live.id(),
                account.name = %account.username,
                folder = %start,
                %error,
                "the start folder cannot be entered; the session begins at /"
            ),
        }
    }

    /// When the account comes to its end, as far as can be told now; `None` if it has none.
    pub(super) fn alarm(&self) -> Option<Instant> {
        let end = self.account()?.login.expires_at?;
        let left = end.since(self.door.app.clock.now());
        // The time of day may be set meanwhile, and a machine may sleep.
        Some(Instant::now() + left.min(Self::LOOK_AT_CLOCK))
    }

    /// Whether the account has come to its end.
    pub(super) fn has_expired(&self) -> bool {
        let now = self.door.app.clock.now();
        self.account()
            .is_some_and(|account| account.login.has_expired(now))
    }

    /// Ends a transfer that may not go on in what the account sees of its home now.
    async fn recall(&mut self, home: &Home) {
        if let Some(errand) = &self.errand
            && !errand.is_allowed(home).await
        {
            let order = Order::AbortTransfer;
            self.door.app.sessions.order(self.live.id(), order);
        }
    }

    /// What was granted anew, for transfers that run too.
    fn taking_over(&self, mut granted: Granted) -> Granted {
        if let Some(login) = &self.login {
            granted.rates = granted.rates.in_place_of(&login.granted.rates);
        }
        granted.rates.enforce();
        granted
    }
}
