//! One page of the books: what a scope may move in a period, and what it did.

use crate::clock::Timestamp;
use crate::hosting::rates::Direction;
use crate::model::{Limit, Moved, Period, PeriodTraffic, ResetDay, Traffic};

#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) limits: Traffic<Limit>,
    pub(super) period: Period,
    /// What was moved in the period, and what running transfers may still move.
    pub(super) taken: Moved,
    /// What the database knows of the period.
    written: Option<PeriodTraffic>,
    /// The end of the latest period in which anything was moved. No other begins before, so that none
    /// is ever written over one that is closed.
    not_before: Option<Timestamp>,
}

impl Book {
    /// An empty page.
    pub(super) fn new(now: Timestamp, day: ResetDay) -> Self {
        Self {
            limits: Traffic::default(),
            period: Period::at(now, day),
            taken: Moved::default(),
            written: None,
            not_before: None,
        }
    }

    /// Takes over what the database knows of the latest period in which anything was moved.
    pub(super) fn restore(&mut self, latest: PeriodTraffic, now: Timestamp, day: ResetDay) {
        self.period = Period::after(latest.period, now, day);
        if self.period.begin == latest.period.begin {
            self.taken = latest.moved;
            self.written = Some(latest);
        } else {
            self.not_before = Some(latest.period.end);
        }
    }

    /// Whether anything is limited.
    pub(super) fn is_limited(&self) -> bool {
        self.limits.into_array().iter().any(Option::is_some)
    }

    /// Bytes that may still be granted; `None` = no limit.
    pub(super) fn free(&self, way: Direction) -> Limit {
        let own = match way {
            Direction::Up => left(self.limits.up, self.taken.up),
            Direction::Down => left(self.limits.down, self.taken.down),
        };
        let both = left(self.limits.both, self.taken.both());
        own.into_iter().chain(both).min()
    }

    pub(super) fn grant(&mut self, way: Direction, bytes: u64) {
        let taken = taken(&mut self.taken, way);
        *taken = taken.saturating_add(bytes);
    }

    /// Takes back what was granted and is not going to be moved.
    pub(super) fn give_back(&mut self, way: Direction, bytes: u64) {
        let taken = taken(&mut self.taken, way);
        *taken = taken.saturating_sub(bytes);
    }

    /// What was moved, if of what was granted `unspent` was not.
    pub(super) fn traffic(&self, unspent: Moved) -> PeriodTraffic {
        PeriodTraffic {
            period: self.period,
            moved: Moved {
                up: self.taken.up.saturating_sub(unspent.up),
                down: self.taken.down.saturating_sub(unspent.down),
            },
        }
    }

    /// Begins the period of `now` if the last one is over; what of that one must be written down. What
    /// is granted and not moved yet is going to be moved in the new one.
    pub(super) fn turn(
        &mut self,
        unspent: Moved,
        now: Timestamp,
        day: ResetDay,
    ) -> Option<PeriodTraffic> {
        let is_blank = self.traffic(unspent).moved.is_nothing() && self.written.is_none();
        let period = if is_blank {
            self.blank(now, day)
        } else {
            Period::after(self.period, now, day)
        };
        if now < self.period.end {
            self.period = period;
            return None;
        }
        let closed = self.due(unspent);
        if !is_blank {
            self.not_before = Some(self.period.end);
        }
        self.period = period;
        self.taken = unspent;
        self.written = None;
        closed
    }

    /// The period of `now` where nothing was moved in the running one, which may so begin elsewhere.
    fn blank(&self, now: Timestamp, day: ResetDay) -> Period {
        let now = now.max(self.period.begin);
        let Some(not_before) = self.not_before else {
            return Period::at(now, day);
        };
        let usual = Period::at(now.max(not_before), day);
        let begin = usual.begin.max(not_before);
        Period { begin, ..usual }
    }

    /// What the database must be told, which then knows it.
    pub(super) fn due(&mut self, unspent: Moved) -> Option<PeriodTraffic> {
        let traffic = self.traffic(unspent);
        let is_blank = self.written.is_none() && traffic.moved.is_nothing();
        if is_blank || self.written == Some(traffic) {
            return None;
        }
        self.written = Some(traffic);
        Some(traffic)
    }

    /// The database was not told after all.
    pub(super) fn forget_written(&mut self) {
        self.written = None;
    }
}

/// The bytes of one way.
pub(super) fn taken(moved: &mut Moved, way: Direction) -> &mut u64 {
    match way {
        Direction::Up => &mut moved.up,
        Direction::Down => &mut moved.down,
    }
}

fn left(limit: Limit, taken: u64) -> Limit {
    limit.map(|limit| limit.saturating_sub(taken))
}
