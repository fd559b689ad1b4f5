//! The accounts that logged in lately, as logins see them: in memory until anything changes.
//!
//! A camera that comes back every second, or a client that opens thirty connections, must not cost
//! the database six queries each time. Every change of an account, a customer or a plan is told on
//! the bus after it is committed and before whoever made it is answered; what is told empties the
//! roll before the next login looks at it. Changes of other processes arrive on the bus when the
//! audit log is followed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::events::{EventReader, Events};
use crate::model::{Account, Customer, Plan, Username};
use crate::store::{Db, StoreError};

/// The roll of accounts.
#[derive(Debug)]
pub(super) struct Roll {
    db: Db,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    by_name: HashMap<Username, Arc<Enrolled>>,
    changes: EventReader,
    edition: u64,
}

/// An account with everything that decides about a login.
#[derive(Clone, Debug)]
pub(super) struct Enrolled {
    pub(super) account: Arc<Account>,
    pub(super) customer: Arc<Customer>,
    pub(super) plan: Arc<Plan>,
    /// The edition of the roll that it belongs to.
    pub(super) edition: u64,
}

impl Roll {
    /// Accounts that are kept; one more, and all are looked up again.
    const MOST: usize = 20_000;

    /// An empty roll.
    pub(super) fn new(db: Db, events: &Events) -> Self {
        let known = Known {
            by_name: HashMap::new(),
            changes: events.subscribe_to_changes(),
            edition: 0,
        };
        Self {
            db,
            known: Mutex::new(known),
        }
    }

    /// The account with this name; `None` if there is none. Who does not exist is not kept.
    pub(super) async fn find(&self, name: &Username) -> Result<Option<Arc<Enrolled>>, StoreError> {
        let known = self.known().by_name.get(name).cloned();
        match known {
            Some(enrolled) => Ok(Some(enrolled)),
            None => self.look_again(name).await,
        }
    }

    /// As [`Roll::find`], but what is known is not believed.
    pub(super) async fn look_again(
        &self,
        name: &Username,
    ) -> Result<Option<Arc<Enrolled>>, StoreError> {
        let edition = self.edition();
        let Some(account) = self.db.account_by_username(name).await? else {
            return Ok(None);
        };
        let Some(enrolled) = self.look_up(account, edition).await? else {
            return Ok(None);
        };
        let enrolled = Arc::new(enrolled);
        let mut known = self.known();
        // What was read before a change must not be kept after it.
        if known.edition == edition {
            if known.by_name.len() >= Self::MOST {
                known.by_name.clear();
            }
            known.by_name.insert(name.clone(), Arc::clone(&enrolled));
        }
        Ok(Some(enrolled))
    }

    /// What belongs to an account that was read from the database just now.
    pub(super) async fn enroll(&self, account: Account) -> Result<Option<Enrolled>, StoreError> {
        let edition = self.edition();
        self.look_up(account, edition).await
    }

    /// Whether nothing has changed since `edition`.
    pub(super) fn is_current(&self, edition: u64) -> bool {
        self.edition() == edition
    }

    fn edition(&self) -> u64 {
        self.known().edition
    }

    async fn look_up(
        &self,
        account: Account,
        edition: u64,
    ) -> Result<Option<Enrolled>, StoreError> {
        let Some(customer) = self.db.customer(account.customer_id).await? else {
            return Ok(None);
        };
        let Some(plan) = self.db.plan(customer.plan_id).await? else {
            return Ok(None);
        };
        Ok(Some(Enrolled {
            account: Arc::new(account),
            customer: Arc::new(customer),
            plan: Arc::new(plan),
            edition,
        }))
    }

    /// The roll as it is after everything that was told.
    fn known(&self) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.changes.has_news() {
            known.by_name.clear();
            known.edition += 1;
        }
        known
    }
}
