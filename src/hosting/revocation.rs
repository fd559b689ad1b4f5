//! Turns what was changed into orders to exactly the sessions it concerns, and brings limits in
//! memory up to date.
//!
//! The audit log is the feed: every change leaves an entry in its own transaction, whoever made it:
//! a page of this process, the command line, or another node. News on the bus only says "look now";
//! without any, it is looked at twice a second.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::events::{Event, EventReader, News};
use crate::hosting::accounts::{AccountError, Accounts};
use crate::hosting::customers::{CustomerError, Customers};
use crate::hosting::ended::Cause;
use crate::hosting::foundation::Foundation;
use crate::hosting::sessions::Sessions;
use crate::hosting::volumes::Volumes;
use crate::model::page::{AuditQuery, CustomerQuery, Window};
use crate::model::{AccountId, AuditAction, AuditEvent, CustomerId, PlanId};
use crate::settings::{LiveSettings, SettingsError};
use crate::store::StoreError;

/// Follows the audit log.
#[derive(Debug)]
pub struct Revocation {
    foundation: Foundation,
    accounts: Accounts,
    customers: Customers,
    sessions: Sessions,
    settings: LiveSettings,
    volumes: Volumes,
    news: EventReader,
    seen: i64,
}

/// What the follower works with.
#[derive(Debug)]
pub struct Parts {
    /// Database, time, news.
    pub foundation: Foundation,
    /// Knows the accounts.
    pub accounts: Accounts,
    /// Knows the customers.
    pub customers: Customers,
    /// Knows who is connected.
    pub sessions: Sessions,
    /// The settings in force.
    pub settings: LiveSettings,
    /// Where the homes are.
    pub volumes: Volumes,
}

/// What could not be done now and is tried again a moment later.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Customer(#[from] CustomerError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FollowError {
    /// Whether the same may work a moment later.
    fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Store(_)
                | Self::Account(AccountError::Store(_))
                | Self::Customer(CustomerError::Store(_))
                | Self::Settings(SettingsError::Store(_))
        )
    }
}

impl Revocation {
    /// The log is looked at this often without news.
    const PERIOD: Duration = Duration::from_millis(500);
    /// Entries that are read at once; a longer gap is read in several steps.
    const BATCH: u64 = 500;

    /// Follows from the latest entry on.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the log cannot be read.
    pub async fn new(parts: Parts) -> Result<Self, StoreError> {
        let seen = latest(&parts.foundation).await?;
        let news = parts.foundation.events.subscribe_to_changes();
        Ok(Self {
            foundation: parts.foundation,
            accounts: parts.accounts,
            customers: parts.customers,
            sessions: parts.sessions,
            settings: parts.settings,
            volumes: parts.volumes,
            news,
            seen,
        })
    }

    /// Follows until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Self::PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                news = self.news.next() => match news {
                    News::Closed => return,
                    News::Event(_) | News::Lagged => {}
                },
                _ = tick.tick() => {}
            }
            if let Err(error) = self.follow().await {
                tracing::error!(%error, "changes could not be followed; trying again");
            }
        }
    }

    async fn follow(&mut self) -> Result<(), FollowError> {
        for event in self.unseen().await? {
            match self.apply(&event).await {
                Err(error) if error.is_passing() => return Err(error),
                // One entry that cannot be followed must not keep the next ones from being.
                Err(error) => {
                    tracing::error!(entry = event.seq, %error, "a change cannot be followed");
                }
                Ok(()) => {}
            }
            self.seen = event.seq;
        }
        Ok(())
    }

    /// Entries after the last one seen, oldest first.
    async fn unseen(&self) -> Result<Vec<AuditEvent>, StoreError> {
        let mut unseen = Vec::new();
        // Most of the time the latest entry was seen already.
        if latest(&self.foundation).await? <= self.seen {
            return Ok(unseen);
        }
        let mut query = AuditQuery {
            limit: Self::BATCH,
            ..AuditQuery::default()
        };
        loop {
            let page = self.foundation.db.audit_events(&query).await?;
            let reached = page.iter().any(|event| event.seq <= self.seen);
            query.before = page.last().map(|event| event.seq);
            let is_last = u64::try_from(page.len()).unwrap_or(0) < Self::BATCH;
            unseen.extend(page.into_iter().filter(|event| event.seq > self.seen));
            if reached || is_last {
                unseen.reverse();
                return Ok(unseen);
            }
        }
    }

    async fn apply(&self, event: &AuditEvent) -> Result<(), FollowError> {
        use AuditAction as Did;
        match event.action {
            Did::AccountCreated
            | Did::AccountChanged
            | Did::AccountSuspended
            | Did::AccountResumed
            | Did::AccountRestored
            | Did::AccountDeleted => {
                if let Ok(id) = event.object_id.parse::<AccountId>() {
                    self.tell(Event::AccountChanged(id));
                    let ended = self.accounts.refresh(id).await?;
                    self.note_ended(event, ended).await;
                }
            }
            Did::AccountPasswordReset => {
                if let Ok(id) = event.object_id.parse::<AccountId>() {
                    self.tell(Event::AccountChanged(id));
                    let ended = self.end_older(id, event);
                    self.note_ended(event, ended).await;
                    self.accounts.refresh(id).await?;
                }
            }
            Did::CustomerChanged | Did::CustomerSuspended | Did::CustomerResumed => {
                if let Ok(id) = event.object_id.parse::<CustomerId>() {
                    self.tell(Event::CustomerChanged(id));
                    let (ended, refreshed) = self.refresh_customer(id).await;
                    self.note_ended(event, ended).await;
                    refreshed?;
                }
            }
            Did::CustomerDeleted => {
                if let Ok(id) = event.object_id.parse::<CustomerId>() {
                    self.customers.forget(id);
                }
            }
            Did::PlanChanged => {
                if let Ok(id) = event.object_id.parse::<PlanId>() {
                    self.tell(Event::PlanChanged(id));
                    self.refresh_plan(id, event).await?;
                }
            }
            Did::SettingsChanged => self.settings.reload().await?,
            Did::VolumeAdded | Did::VolumeChanged | Did::VolumeRemoved => {
                self.volumes.reload().await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells this process what another one may have changed; before any session looks it up.
    fn tell(&self, event: Event) {
        self.foundation.events.publish(event);
    }

    /// Sessions that logged in with the old password end; those that came with the new one stay.
    fn end_older(&self, id: AccountId, event: &AuditEvent) -> usize {
        self.sessions.end_where(|guest| {
            let is_older = guest.account.id == id && guest.opened_at < event.at;
            is_older.then_some("The password was changed.")
        })
    }

    /// Writes down how many sessions a change has ended here that was made elsewhere.
    async fn note_ended(&self, event: &AuditEvent, sessions: usize) {
        let cause = Cause::of(event);
        self.foundation.note_ended(cause, sessions).await;
    }

    /// The accounts of the customer book their limits again and their sessions look again; tells how
    /// many sessions ended, also if it could not come to its end.
    async fn refresh_customer(&self, id: CustomerId) -> (usize, Result<(), FollowError>) {
        let mut ended = 0;
        let refreshed = self.refresh_accounts(id, &mut ended).await;
        (ended, refreshed)
    }

    async fn refresh_accounts(&self, id: CustomerId, ended: &mut usize) -> Result<(), FollowError> {
        match self.customers.refresh(id).await {
            Err(CustomerError::NotFound) => return Ok(()),
            refreshed => refreshed?,
        }
        for account in self.foundation.db.accounts_of_customer(id).await? {
            *ended += self.accounts.refresh(account.id).await?;
        }
        Ok(())
    }

    async fn refresh_plan(&self, id: PlanId, event: &AuditEvent) -> Result<(), FollowError> {
        let mut offset = 0;
        loop {
            let window = Window {
                offset,
                limit: Self::BATCH,
            };
            let query = CustomerQuery {
                plan_id: Some(id),
                window,
                ..CustomerQuery::default()
            };
            let page = self.foundation.db.customer_page(&query).await?;
            for row in &page.rows {
                let (ended, refreshed) = self.refresh_customer(row.customer.id).await;
                self.note_ended(event, ended).await;
                refreshed?;
            }
            offset += Self::BATCH;
            if offset >= page.total {
                return Ok(());
            }
        }
    }
}

/// The latest entry of the log; 0 if there is none.
async fn latest(foundation: &Foundation) -> Result<i64, StoreError> {
    let query = AuditQuery {
        limit: 1,
        ..AuditQuery::default()
    };
    let latest = foundation.db.audit_events(&query).await?;
    Ok(latest.first().map_or(0, |event| event.seq))
}
