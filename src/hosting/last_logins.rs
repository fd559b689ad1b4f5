//! Last logins: noted with the account in the background, so that no client waits for it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::model::AccountId;
use crate::store::{Db, StoreError};

/// Takes notes.
#[derive(Clone, Debug)]
pub(super) struct NoteLogin(mpsc::Sender<LoginMark>);

/// A successful login, to be noted with the account.
#[derive(Debug)]
struct LoginMark {
    account: AccountId,
    at: Timestamp,
    from: IpAddr,
}

/// The one task that writes last logins.
#[derive(Debug)]
pub struct LoginMarks {
    db: Db,
    marks: mpsc::Receiver<LoginMark>,
}

impl NoteLogin {
    /// Notes a login. Never waits: if too many are waiting, this one is not noted.
    pub(super) fn note(&self, account: AccountId, at: Timestamp, from: IpAddr) {
        let mark = LoginMark { account, at, from };
        if self.0.try_send(mark).is_err() {
            tracing::warn!(account.id = %account, "a last login is not noted: too many");
        }
    }
}

impl LoginMarks {
    /// Logins that may wait to be noted.
    const QUEUE: usize = 8_192;
    /// How long a login waits for others: the latest one of an account is all that is noted.
    const GATHER: Duration = Duration::from_millis(250);

    /// The task, and what it is told by.
    pub(super) fn new(db: Db) -> (Self, NoteLogin) {
        let (told, marks) = mpsc::channel(Self::QUEUE);
        (Self { db, marks }, NoteLogin(told))
    }

    /// Notes logins until nobody can log in any more.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.marks.recv_many(&mut batch, 1).await > 0 {
            tokio::time::sleep(Self::GATHER).await;
            while batch.len() < Self::QUEUE
                && let Ok(mark) = self.marks.try_recv()
            {
                batch.push(mark);
            }
            keep_latest(&mut batch);
            if let Err(error) = self.write(&batch).await {
                tracing::error!(%error, "last logins could not be noted");
            }
            batch.clear();
        }
    }

    async fn write(&self, batch: &[LoginMark]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for mark in batch {
            let from = mark.from.to_canonical().to_string();
            tx.record_account_login(mark.account, mark.at, &from)
                .await?;
        }
        tx.commit().await
    }
}

/// Keeps the latest login of each account.
fn keep_latest(batch: &mut Vec<LoginMark>) {
    let mut seen = HashSet::new();
    batch.reverse();
    batch.retain(|mark| seen.insert(mark.account));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_login_of_each_account_is_kept() {
        let mark = |account: u8, at| LoginMark {
            account: AccountId::from_parts(0, [account; 10]),
            at: Timestamp::from_millis(at),
            from: "192.0.2.1".parse().unwrap(),
        };
        let mut batch = vec![mark(1, 10), mark(2, 11), mark(1, 12)];

        keep_latest(&mut batch);

        let kept: Vec<_> = batch.iter().map(|mark| mark.at.as_millis()).collect();
        assert_eq!(kept, [12, 11]);
    }
}
