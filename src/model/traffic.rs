//! Traffic: bytes that cross data connections, and how many may in a period.

use super::id::{AccountId, CustomerId};
use super::limits::Override;
use super::period::{Period, ResetDay};

/// What is known of each limit of traffic: its value, an override, the field of a form.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, bound(deserialize = "T: serde::Deserialize<'de> + Default"))]
pub struct Traffic<T> {
    /// Bytes of uploads.
    pub up: T,
    /// Bytes of downloads.
    pub down: T,
    /// Bytes of uploads and downloads together.
    pub both: T,
}

impl<T> Traffic<T> {
    /// One after the other.
    pub fn into_array(self) -> [T; 3] {
        [self.up, self.down, self.both]
    }

    /// The limits in the order of [`Self::into_array`].
    pub fn from_array([up, down, both]: [T; 3]) -> Self {
        Self { up, down, both }
    }

    /// What `change` makes of each.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Traffic<U> {
        Traffic::from_array(self.into_array().map(change))
    }

    /// Each beside what `other` says of it.
    pub fn beside<U>(self, other: Traffic<U>) -> Traffic<(T, U)> {
        Traffic {
            up: (self.up, other.up),
            down: (self.down, other.down),
            both: (self.both, other.both),
        }
    }
}

impl<T, E> Traffic<Result<T, E>> {
    /// All of them, or what is wrong with the first that is wrong.
    ///
    /// # Errors
    ///
    /// The first one.
    pub fn all(self) -> Result<Traffic<T>, E> {
        Ok(Traffic {
            up: self.up?,
            down: self.down?,
            both: self.both?,
        })
    }
}

/// What a customer says about the traffic that its accounts share.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PoolTraffic {
    /// Own limits of all accounts together.
    pub limits: Traffic<Override>,
    /// When the periods of the customer and of all its accounts begin.
    pub reset_day: ResetDay,
}

/// Bytes that were moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Moved {
    /// From clients.
    pub up: u64,
    /// To clients.
    pub down: u64,
}

impl Moved {
    /// Both together.
    pub fn both(self) -> u64 {
        self.up.saturating_add(self.down)
    }

    /// What counts against each limit.
    pub fn against(self) -> Traffic<u64> {
        Traffic {
            up: self.up,
            down: self.down,
            both: self.both(),
        }
    }

    /// Whether there is nothing.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// What was moved in one period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PeriodTraffic {
    /// When.
    pub period: Period,
    /// How much.
    pub moved: Moved,
}

/// Whose traffic is meant.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TrafficOwner {
    /// One account's.
    Account(AccountId),
    /// That of all accounts of a customer together.
    Customer(CustomerId),
}
