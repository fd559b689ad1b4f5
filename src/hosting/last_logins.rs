//! Last logins: noted with the account in the background, so that no client waits for it. The latest
//! one of each account waits in memory, so there are never more than accounts and none is left out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::model::AccountId;
use crate::store::{Db, StoreError};

/// Takes notes.
#[derive(Clone, Debug)]
pub(super) struct NoteLogin {
    marks: Arc<Marks>,
    /// Wakes the task; it ends when the last of these is gone.
    wake: mpsc::Sender<()>,
}

/// When, and from where.
type Login = (Timestamp, IpAddr);

/// Logins that are to be noted with their accounts, in the order of ids, in which everybody writes
/// accounts.
#[derive(Debug, Default)]
struct Marks(Mutex<BTreeMap<AccountId, Login>>);

/// The one task that writes last logins.
#[derive(Debug)]
pub struct LoginMarks {
    db: Db,
    marks: Arc<Marks>,
    woken: mpsc::Receiver<()>,
}

impl NoteLogin {
    /// Notes a login. Never waits.
    pub(super) fn note(&self, account: AccountId, at: Timestamp, from: IpAddr) {
        self.marks.add(BTreeMap::from([(account, (at, from))]));
        // One that is there already wakes the task as well.
        let _woken = self.wake.try_send(());
    }
}

impl Marks {
    /// Keeps the latest login of each account.
    fn add(&self, logins: BTreeMap<AccountId, Login>) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, login) in logins {
            let mark = marks.entry(account).or_insert(login);
            if mark.0 <= login.0 {
                *mark = login;
            }
        }
    }

    fn take(&self) -> BTreeMap<AccountId, Login> {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *marks)
    }
}

impl LoginMarks {
    /// How long a login waits for others: the latest one of an account is all that is noted.
    const GATHER: Duration = Duration::from_millis(250);
    /// Pause before logins that the database did not take are tried again.
    const RETRY: Duration = Duration::from_secs(1);

    /// The task, and what it is told by.
    pub(super) fn new(db: Db) -> (Self, NoteLogin) {
        let marks = Arc::new(Marks::default());
        let (wake, woken) = mpsc::channel(1);
        let note = NoteLogin {
            marks: Arc::clone(&marks),
            wake,
        };
        (Self { db, marks, woken }, note)
    }

    /// Notes logins until nobody can log in any more.
    pub async fn run(mut self) {
        while self.woken.recv().await.is_some() {
            tokio::time::sleep(Self::GATHER).await;
            while let Err(error) = self.write().await {
                tracing::error!(%error, "last logins wait to be noted");
                tokio::time::sleep(Self::RETRY).await;
                if self.woken.is_closed() {
                    break;
                }
            }
        }
    }

    /// Notes what waits; if the database does not take it, it goes on waiting.
    async fn write(&self) -> Result<(), StoreError> {
        let logins = self.marks.take();
        let written = self.store(&logins).await;
        if written.is_err() {
            self.marks.add(logins);
        }
        written
    }

    async fn store(&self, logins: &BTreeMap<AccountId, Login>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for (account, (at, from)) in logins {
            let from = from.to_canonical().to_string();
            tx.record_account_login(*account, *at, &from).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_login_of_each_account_is_kept() {
        let login = |account: u8, at| {
            let from: IpAddr = "192.0.2.1".parse().unwrap();
            let account = AccountId::from_parts(0, [account; 10]);
            BTreeMap::from([(account, (Timestamp::from_millis(at), from))])
        };
        let marks = Marks::default();

        marks.add(login(1, 10));
        marks.add(login(2, 11));
        marks.add(login(1, 12));
        // One that could not be noted comes back late.
        marks.add(login(2, 9));

        let kept: Vec<_> = marks
            .take()
            .values()
            .map(|(at, _)| at.as_millis())
            .collect();
        assert_eq!(kept, [12, 11]);
        assert!(marks.take().is_empty());
    }
}
