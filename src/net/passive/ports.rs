//! The shared pool of passive ports: opening, changing, reserving.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::PortRange;
use crate::net::error::{BindError, PassiveError};
use crate::net::listen::BindAddresses;

use super::bookings::{Answer, Booked, WaiterKey};
use super::doors::{Listening, Opened, Slot, open_all};
use super::listener::Listener;
use super::options::{PassiveOptions, ReservationRequest};
use super::reservation::PortReservation;
use super::shared::Shared;
use super::view::{PassiveCounters, PortView};

/// How often old reservations are ended and blocked ports looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// The passive ports of this process. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct PassivePorts {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// One change of the range at a time; the listeners are opened outside the state's lock.
    changing: Arc<Mutex<()>>,
}

impl PassivePorts {
    /// A pool without ports yet. They will be opened on the addresses `on`; the pool's tasks run on
    /// `tasks` and end with `stop`.
    pub fn new(
        on: BindAddresses,
        options: PassiveOptions,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let pool = Self {
            shared: Arc::new(Shared::new(on, options)),
            tasks: tasks.clone(),
            stop,
            changing: Arc::default(),
        };
        let housekeeper = pool.clone();
        pool.tasks.spawn(async move {
            let stop = housekeeper.stop.clone();
            stop.run_until_cancelled(housekeeper.keep_house()).await;
        });
        pool
    }

    /// Opens the range at start-up. Ports that cannot be opened are returned; they are tried again
    /// every minute.
    ///
    /// # Errors
    ///
    /// The first failure if no port at all could be opened.
    ///
    /// # Cancel safety
    ///
    /// The range is opened or not.
    pub async fn open(&self, range: PortRange) -> Result<Vec<BindError>, BindError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut opened = self.open_missing(range).await;
        if opened.listeners.is_empty() && !opened.failures.is_empty() {
            return Err(opened.failures.swap_remove(0).1);
        }
        Ok(self.install(Some(range), opened))
    }

    /// Changes the range. The ports that are added are opened first; ports that left the range close
    /// when their last reservation ends; running transfers are untouched.
    ///
    /// # Errors
    ///
    /// An added port could not be opened; nothing has changed then.
    ///
    /// # Cancel safety
    ///
    /// The change is made entirely or not at all.
    pub async fn apply(&self, range: PortRange) -> Result<(), BindError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut opened = self.open_missing(range).await;
        if !opened.failures.is_empty() {
            return Err(opened.failures.swap_remove(0).1);
        }
        self.install(Some(range), opened);
        Ok(())
    }

    /// Reserves a random port for the peer, waiting a moment for one if all are taken.
    ///
    /// # Errors
    ///
    /// [`PassiveError::Exhausted`] if none became free in time, [`PassiveError::Closed`] if no port
    /// is open for the peer's address family.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves no reservation behind.
    pub async fn reserve(
        &self,
        request: ReservationRequest,
    ) -> Result<PortReservation, PassiveError> {
        self.reserve_within(request, self.shared.options.wait).await
    }

    /// The same with a wait of the caller's.
    ///
    /// # Errors
    ///
    /// As [`Self::reserve`].
    ///
    /// # Cancel safety
    ///
    /// Dropping this future leaves no reservation behind.
    pub async fn reserve_within(
        &self,
        request: ReservationRequest,
        wait: Duration,
    ) -> Result<PortReservation, PassiveError> {
        let answer = self
            .shared
            .with(|state| state.bookings.request(request, Instant::now()));
        let booked = match answer {
            Answer::Booked(booked) => Some(booked),
            Answer::Closed => return Err(PassiveError::Closed),
            Answer::Full => None,
            Answer::Wait(key, granted) => {
                let mut place = QueuePlace {
                    shared: &self.shared,
                    key,
                    granted,
                };
                let waited = timeout(wait, &mut place.granted).await;
                waited.ok().and_then(Result::ok)
            }
        };
        let Some(booked) = booked else {
            self.shared.count_exhausted();
            return Err(PassiveError::Exhausted);
        };
        let shared = Arc::clone(&self.shared);
        Ok(PortReservation::new(shared, booked, request.session))
    }

    /// Whether the port belongs to the range, for clients of its address family, or still has a
    /// listener.
    pub fn owns(&self, address: SocketAddr) -> bool {
        let slot = Slot {
            port: address.port(),
            is_ipv6: address.is_ipv6(),
        };
        self.shared.with(|state| state.doors.owns(slot))
    }

    /// Every port, in ascending order.
    pub fn snapshot(&self) -> Vec<PortView> {
        self.shared.snapshot()
    }

    /// The numbers.
    pub fn counters(&self) -> PassiveCounters {
        self.shared.counters()
    }

    async fn open_missing(&self, range: PortRange) -> Opened {
        let missing = self.shared.with(|state| state.doors.missing(range));
        self.try_open(missing).await
    }

    async fn try_open(&self, slots: Vec<Slot>) -> Opened {
        let (on, closing) = self
            .shared
            .with(|state| (state.doors.on(), state.doors.take_closing()));
        for task in closing {
            let _ended_either_way = task.await;
        }
        let opening = tokio::task::spawn_blocking(move || open_all(slots, on));
        opening.await.unwrap_or_default()
    }

    /// Puts what was opened into force; returns what could not be opened.
    fn install(&self, range: Option<PortRange>, opened: Opened) -> Vec<BindError> {
        let now = Instant::now();
        self.shared.with(|state| {
            if let Some(range) = range {
                state.doors.set_range(range);
            }
            for (slot, listener) in opened.listeners {
                match self.spawn_listener(slot, listener) {
                    Ok(listening) => state.doors.opened(slot, listening),
                    Err(error) => state.doors.blocked(slot, &error, now),
                }
            }
            for (slot, error) in &opened.failures {
                state.doors.blocked(*slot, error, now);
            }
            state.refresh(now);
        });
        opened
            .failures
            .into_iter()
            .map(|(_, error)| error)
            .collect()
    }

    fn spawn_listener(
        &self,
        slot: Slot,
        listener: std::net::TcpListener,
    ) -> Result<Listening, BindError> {
        let listener = TcpListener::from_std(listener).map_err(|source| BindError {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, slot.port)),
            source,
        })?;
        let listener = Arc::new(Listener::new(slot.port, listener));
        let served = Arc::clone(&listener);
        let shared = Arc::clone(&self.shared);
        let stop = self.stop.child_token();
        let stopped = stop.clone();
        let task = self.tasks.spawn(async move {
            let serving = served.serve(|socket, from| shared.arrived(slot.port, socket, from));
            stopped.run_until_cancelled(serving).await;
        });
        Ok(Listening {
            listener,
            stop,
            task,
        })
    }

    async fn keep_house(self) {
        let mut ticks = interval(HOUSEKEEPING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.shared.expire(Instant::now());
            self.shared.with(|state| state.doors.forget_closed());
            self.retry_blocked().await;
        }
    }

    async fn retry_blocked(&self) {
        let _one_at_a_time = self.changing.lock().await;
        let due = self.shared.with(|state| state.doors.due(Instant::now()));
        if due.is_empty() {
            return;
        }
        let opened = self.try_open(due).await;
        for (slot, _) in &opened.listeners {
            tracing::info!(port = slot.port, "passive port {} is open now", slot.port);
        }
        self.install(None, opened);
    }
}

/// A place in the queue; dropping it leaves the queue and gives back a port that was just granted.
struct QueuePlace<'a> {
    shared: &'a Arc<Shared>,
    key: WaiterKey,
    granted: oneshot::Receiver<Booked>,
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.shared
            .with(|state| state.bookings.stop_waiting(self.key));
        self.granted.close();
        if let Ok(late) = self.granted.try_recv() {
            self.shared.release(late.key);
        }
    }
}
