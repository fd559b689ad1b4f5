//! What moves now: live sessions sampled at most once a second, for all viewers together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::hosting::sessions::{SessionView, Sessions};
use crate::model::{AdminId, Operation, SessionId};

/// A sampler of live sessions. Nothing runs while nobody looks.
#[derive(Debug)]
pub(crate) struct Live {
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    history: Mutex<History>,
    viewers: Arc<Mutex<HashMap<AdminId, usize>>>,
}

#[derive(Debug, Default)]
struct History {
    latest: Option<Arc<Sample>>,
    /// About one a second, oldest first.
    kept: VecDeque<Arc<Sample>>,
}

/// Everything that moved at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The moment.
    pub(crate) at: Timestamp,
    /// All sessions, oldest first.
    pub(crate) sessions: Vec<Moving>,
    /// Bytes per second received, over the last seconds.
    pub(crate) received_rate: u64,
    /// Bytes per second sent.
    pub(crate) sent_rate: u64,
}

/// A session and how fast it moves.
#[derive(Clone, Debug)]
pub(crate) struct Moving {
    /// The session.
    pub(crate) view: SessionView,
    /// Bytes per second of the running transfer; zero without one.
    pub(crate) rate: u64,
}

/// The place of one viewer; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Seat {
    admin: AdminId,
    viewers: Arc<Mutex<HashMap<AdminId, usize>>>,
}

impl Live {
    /// Streams that one person may have open.
    pub(crate) const STREAMS_PER_PERSON: usize = 8;
    /// A sample is shared by everybody who asks within this time.
    const FRESH: Duration = Duration::from_millis(40);
    /// Between two samples that are kept.
    const STEP: Duration = Duration::from_millis(900);
    /// Rates are means over this time.
    const WINDOW: Duration = Duration::from_secs(5);
    /// Samples kept, for the small curves.
    const KEPT: usize = 60;

    /// A sampler of `sessions`.
    pub(crate) fn new(sessions: Sessions, clock: Arc<dyn Clock>) -> Self {
        Self {
            sessions,
            clock,
            history: Mutex::default(),
            viewers: Arc::default(),
        }
    }

    /// What moves now.
    pub(crate) fn sample(&self) -> Arc<Sample> {
        let now = self.clock.now();
        let mut history = lock(&self.history);
        let is_within = |sample: &Sample, time| sample.at <= now && now.since(sample.at) < time;
        if let Some(latest) = &history.latest
            && is_within(latest, Self::FRESH)
        {
            return Arc::clone(latest);
        }
        let views = self.sessions.snapshot();
        let mut kept = history.kept.iter();
        let earlier = kept.find(|sample| now.since(sample.at) <= Self::WINDOW);
        let sample = Arc::new(Sample::new(now, views, earlier.map(AsRef::as_ref)));
        if !history
            .kept
            .back()
            .is_some_and(|last| is_within(last, Self::STEP))
        {
            history.kept.push_back(Arc::clone(&sample));
        }
        while history.kept.len() > Self::KEPT {
            history.kept.pop_front();
        }
        history.latest = Some(Arc::clone(&sample));
        sample
    }

    /// Received and sent bytes per second of the last minute, oldest first, as far as somebody looked.
    pub(crate) fn curves(&self) -> (Vec<u64>, Vec<u64>) {
        let now = self.clock.now();
        let history = lock(&self.history);
        let recent = || {
            history
                .kept
                .iter()
                .filter(|sample| now.since(sample.at) <= Duration::from_mins(2))
        };
        (
            recent().map(|it| it.received_rate).collect(),
            recent().map(|it| it.sent_rate).collect(),
        )
    }

    /// A place for one more stream of `admin`; `None` if the person has enough of them.
    pub(crate) fn seat(&self, admin: AdminId) -> Option<Seat> {
        let mut viewers = lock(&self.viewers);
        let open = viewers.entry(admin).or_default();
        if *open >= Self::STREAMS_PER_PERSON {
            return None;
        }
        *open += 1;
        Some(Seat {
            admin,
            viewers: Arc::clone(&self.viewers),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut viewers = lock(&self.viewers);
        if let Some(open) = viewers.get_mut(&self.admin) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                viewers.remove(&self.admin);
            }
        }
    }
}

impl Sample {
    fn new(at: Timestamp, views: Vec<SessionView>, earlier: Option<&Self>) -> Self {
        let mut received_rate: u64 = 0;
        let mut sent_rate: u64 = 0;
        let mut sessions = Vec::with_capacity(views.len());
        for view in views {
            let before = earlier.and_then(|sample| sample.find(view.id));
            let (received, sent, since) = match (before, earlier) {
                (Some(before), Some(sample)) => (
                    before.view.received_bytes,
                    before.view.sent_bytes,
                    sample.at,
                ),
                _ => (0, 0, view.opened_at),
            };
            let seconds = at.since(since).max(Duration::from_secs(1));
            let received = per_second(view.received_bytes.saturating_sub(received), seconds);
            let sent = per_second(view.sent_bytes.saturating_sub(sent), seconds);
            received_rate = received_rate.saturating_add(received);
            sent_rate = sent_rate.saturating_add(sent);
            let rate = match &view.transfer {
                Some(transfer) if transfer.operation == Operation::Download => sent,
                Some(_) => received,
                None => 0,
            };
            sessions.push(Moving { view, rate });
        }
        Self {
            at,
            sessions,
            received_rate,
            sent_rate,
        }
    }

    /// The session `id`, if it was there.
    pub(crate) fn find(&self, id: SessionId) -> Option<&Moving> {
        self.sessions.iter().find(|moving| moving.view.id == id)
    }

    /// Sessions with a running transfer in that direction.
    pub(crate) fn transferring(&self, is_download: bool) -> u64 {
        let counted = self.sessions.iter().filter(|moving| {
            let operation = moving
                .view
                .transfer
                .as_ref()
                .map(|transfer| transfer.operation);
            operation.is_some_and(|operation| (operation == Operation::Download) == is_download)
        });
        u64::try_from(counted.count()).unwrap_or(u64::MAX)
    }
}

fn per_second(bytes: u64, time: Duration) -> u64 {
    let millis = time.as_millis().max(1);
    u64::try_from(u128::from(bytes) * 1_000 / millis).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;
    use crate::events::Events;
    use crate::hosting::sessions::{Admission, LiveSession};
    use crate::model::VirtualPath;

    fn house() -> (Live, Sessions, TestClock) {
        let clock = TestClock::at(Timestamp::from_seconds(1_000));
        let sessions = Sessions::new(Arc::new(clock.clone()), Events::new());
        (
            Live::new(sessions.clone(), Arc::new(clock.clone())),
            sessions,
            clock,
        )
    }

    fn connect(sessions: &Sessions) -> LiveSession {
        let id = SessionId::from_parts(1, [1; 10]);
        let admission = Admission {
            total: 9,
            per_address: 9,
        };
        let (peer, local) = (
            "127.0.0.1:5".parse().unwrap(),
            "127.0.0.1:21".parse().unwrap(),
        );
        sessions.open(id, peer, local, admission).unwrap().0
    }

    #[test]
    fn a_rate_is_a_mean_over_the_last_seconds() {
        let (live, sessions, clock) = house();
        let session = connect(&sessions);
        let path = VirtualPath::root().resolve("/a").unwrap();
        let transfer = session.begin_transfer(Operation::Upload, path, None, true);
        live.sample();

        clock.advance(Duration::from_secs(2));
        transfer.moved(4_000);
        let sample = live.sample();

        assert_eq!(sample.received_rate, 2_000);
        assert_eq!(sample.sessions[0].rate, 2_000);
        assert_eq!(sample.transferring(false), 1);
    }

    #[test]
    fn a_fresh_sample_is_shared() {
        let (live, sessions, clock) = house();
        let first = live.sample();
        let _session = connect(&sessions);

        clock.advance(Duration::from_millis(20));
        let second = live.sample();
        clock.advance(Duration::from_millis(20));
        let third = live.sample();

        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(third.sessions.len(), 1);
    }

    #[test]
    fn a_person_has_a_few_streams_and_gets_them_back() {
        let (live, ..) = house();
        let admin = AdminId::from_parts(1, [0; 10]);

        let seats: Vec<_> = (0..9).map(|_| live.seat(admin)).collect();

        assert_eq!(seats.iter().flatten().count(), Live::STREAMS_PER_PERSON);
        drop(seats);
        assert!(live.seat(admin).is_some());
    }
}
