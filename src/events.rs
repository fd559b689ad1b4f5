//! The news bus. An event is a hint without the truth in it: whoever receives one looks the thing
//! up. It is sent after the change is committed, so a receiver never sees the state before it.

use tokio::sync::broadcast;

use crate::model::{AccountId, CustomerId, JobId, PlanId, SessionId};

/// Something that happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// An account was made, changed, suspended, resumed or deleted.
    AccountChanged(AccountId),
    /// A customer was changed; its accounts inherit from it.
    CustomerChanged(CustomerId),
    /// A job was queued, moved on or is over.
    JobChanged(JobId),
    /// A plan was changed; customers and accounts inherit from it.
    PlanChanged(PlanId),
    /// A session began or ended.
    SessionsChanged(SessionId),
    /// Settings were changed.
    SettingsChanged,
    /// A transfer ended and stands in the journal.
    TransferEnded(AccountId),
    /// A volume was added, changed or removed.
    VolumesChanged,
}

/// A cheap handle on the bus.
#[derive(Clone, Debug)]
pub struct Events {
    all: broadcast::Sender<Event>,
    /// Without the sessions and transfers, of which there are thousands in a second.
    changes: broadcast::Sender<Event>,
}

/// A receiver of news.
#[derive(Debug)]
pub struct EventReader(broadcast::Receiver<Event>);

/// What a reader got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    /// One event.
    Event(Event),
    /// Events were missed because the reader was slow: look at everything again.
    Lagged,
    /// The bus is gone; the service is shutting down.
    Closed,
}

impl Event {
    /// Whether somebody changed something that is stored.
    fn is_change(self) -> bool {
        match self {
            Self::AccountChanged(_)
            | Self::CustomerChanged(_)
            | Self::PlanChanged(_)
            | Self::SettingsChanged
            | Self::VolumesChanged => true,
            Self::JobChanged(_) | Self::SessionsChanged(_) | Self::TransferEnded(_) => false,
        }
    }
}

impl Events {
    /// Events a slow reader may fall behind before it is told [`News::Lagged`].
    pub const CAPACITY: usize = 1_024;

    /// A bus without readers.
    pub fn new() -> Self {
        Self {
            all: broadcast::channel(Self::CAPACITY).0,
            changes: broadcast::channel(Self::CAPACITY).0,
        }
    }

    /// Tells everybody who listens. Nobody listening is fine.
    pub fn publish(&self, event: Event) {
        if event.is_change() {
            let _unheard = self.changes.send(event);
        }
        let _unheard = self.all.send(event);
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> EventReader {
        EventReader(self.all.subscribe())
    }

    /// Listens from now on to what somebody changed, and not to sessions and transfers.
    pub fn subscribe_to_changes(&self) -> EventReader {
        EventReader(self.changes.subscribe())
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl EventReader {
    /// Waits for the next news.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing.
    pub async fn next(&mut self) -> News {
        match self.0.recv().await {
            Ok(event) => News::Event(event),
            Err(broadcast::error::RecvError::Lagged(_)) => News::Lagged,
            Err(broadcast::error::RecvError::Closed) => News::Closed,
        }
    }

    /// Whether anything was told since the last look; forgets what.
    pub fn has_news(&mut self) -> bool {
        let mut has_news = false;
        loop {
            match self.0.try_recv() {
                Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) => has_news = true,
                Err(_nothing) => return has_news,
            }
        }
    }
}
