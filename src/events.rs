//! The news bus. An event is a hint without the truth in it: whoever receives one looks the thing
//! up. It is sent after the change is committed, so a receiver never sees the state before it.

use tokio::sync::broadcast;

use crate::model::{AccountId, CustomerId, PlanId, SessionId};

/// Something that happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// An account was made, changed, suspended, resumed or deleted.
    AccountChanged(AccountId),
    /// A customer was changed; its accounts inherit from it.
    CustomerChanged(CustomerId),
    /// A plan was changed; customers and accounts inherit from it.
    PlanChanged(PlanId),
    /// A session began or ended.
    SessionsChanged(SessionId),
    /// Settings were changed.
    SettingsChanged,
    /// A transfer ended and stands in the journal.
    TransferEnded(AccountId),
}

/// A cheap handle on the bus.
#[derive(Clone, Debug)]
pub struct Events(broadcast::Sender<Event>);

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

impl Events {
    /// Events a slow reader may fall behind before it is told [`News::Lagged`].
    pub const CAPACITY: usize = 1_024;

    /// A bus without readers.
    pub fn new() -> Self {
        Self(broadcast::channel(Self::CAPACITY).0)
    }

    /// Tells everybody who listens. Nobody listening is fine.
    pub fn publish(&self, event: Event) {
        let _unheard = self.0.send(event);
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> EventReader {
        EventReader(self.0.subscribe())
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
}
