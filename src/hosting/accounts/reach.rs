//! What a change of an account does to its open sessions.

use super::error::AccountError;
use super::service::Accounts;
use crate::clock::Timestamp;
use crate::events::Event;
use crate::hosting::ended::Cause;
use crate::hosting::sessions::{Guest, Order};
use crate::hosting::standing::{Circumstances, objection};
use crate::model::{Account, AccountId, Actor, AuditAction, Customer};

impl Accounts {
    /// Reads limits again, ends the sessions of the account that may not go on, and lets the others
    /// look again too; tells how many it ended.
    pub(crate) async fn refresh(&self, id: AccountId) -> Result<usize, AccountError> {
        let read_at = self.parts().foundation.now();
        let ended = match self.get(id).await {
            Ok(account) => {
                let (customer, plan) = self.owner(account.customer_id).await?;
                self.book(&account, &customer, &plan);
                self.end_unwelcome(&account, &customer, read_at)
            }
            Err(AccountError::NotFound) => {
                self.parts().ledger.remove_account(id);
                self.parts().volumes.forget(id);
                self.end_all(id, "The account was deleted.")
            }
            Err(error) => return Err(error),
        };
        self.parts()
            .sessions
            .order_where(&Order::Refresh, |session| session.id == id);
        Ok(ended)
    }

    /// Notes in the audit log how many sessions a change of `account` has ended.
    pub(super) async fn note_ended(
        &self,
        (actor, action): (&Actor, AuditAction),
        account: &Account,
        sessions: usize,
    ) {
        let object = (account.username.as_str(), account.id.to_string());
        let cause = Cause::new(actor, action, object);
        self.parts().foundation.note_ended(cause, sessions).await;
    }

    pub(super) fn disconnect(&self, id: AccountId, farewell: &'static str) -> usize {
        // First of all, so that nobody logs in again from memory.
        self.parts().foundation.publish(Event::AccountChanged(id));
        self.end_all(id, farewell)
    }

    fn end_all(&self, id: AccountId, farewell: &'static str) -> usize {
        let is_own = |guest: &Guest<'_>| guest.account.id == id;
        self.parts()
            .sessions
            .end_where(|guest| is_own(guest).then_some(farewell))
    }

    /// Ends the sessions that could not log in now; the account was read at `read_at`.
    fn end_unwelcome(&self, account: &Account, customer: &Customer, read_at: Timestamp) -> usize {
        let (settings, now) = (
            self.parts().settings.current(),
            self.parts().foundation.now(),
        );
        let unwelcome = |guest: &Guest<'_>| {
            let who = Circumstances::from(guest);
            objection((account, customer), &settings, who, now)
        };
        self.parts().sessions.end_where(|guest| {
            // Whoever came after the account was read logged in by a later state of it.
            let is_own = guest.account.id == account.id && guest.opened_at <= read_at;
            let refusal = is_own.then(|| unwelcome(guest))??;
            Some(refusal.farewell())
        })
    }
}
