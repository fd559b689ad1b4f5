//! What is in flight in one home: live staged names, names held for `STOU`, files being written in
//! place, and what is remembered of uploads that did not end well. All of it lives under one lock,
//! which is also held around every rename and removal: that is what makes the figures exact.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::time::Duration;

use rustix::fs::Stat;

use crate::clock::Timestamp;
use crate::model::FileKey;

use super::entry::key;
use super::tally::Tally;

/// The state behind a home's mutation lock.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// Names of staged uploads that a session holds; unique in the whole home.
    pub(super) staged: HashSet<String>,
    /// Names promised to `STOU`, by directory.
    pub(super) promised: HashSet<(FileKey, OsString)>,
    /// Files that a session writes to in place, and the size in bytes that each had before.
    pub(super) in_place: HashMap<FileKey, u64>,
    /// A count that is under way.
    pub(super) tally: Option<Box<Tally>>,
    memory: HashMap<FileKey, Memory>,
}

/// What an interrupted upload left at a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Remnant {
    /// The first part of a file: it may be resumed, and replaced as if it were not there.
    Partial,
    /// The version before the upload: it may not be resumed.
    RolledBack,
}

#[derive(Clone, Copy, Debug)]
struct Memory {
    remnant: Remnant,
    modified: (i64, u64),
    until: Timestamp,
}

impl InFlight {
    /// Remembers for 24 hours what the file of `stat` is.
    pub(super) fn remember(&mut self, stat: &Stat, remnant: Remnant, now: Timestamp) {
        if self.memory.len() >= REMEMBERED_LIMIT {
            self.make_room(now);
        }
        let memory = Memory {
            remnant,
            modified: modified(stat),
            until: now.plus(REMEMBERED_FOR),
        };
        self.memory.insert(key(stat), memory);
    }

    /// What is remembered of the file of `stat`; nothing once somebody else has changed it.
    pub(super) fn remnant(&self, stat: &Stat, now: Timestamp) -> Option<Remnant> {
        let memory = self.memory.get(&key(stat))?;
        let holds = memory.modified == modified(stat) && now < memory.until;
        holds.then_some(memory.remnant)
    }

    /// How much is in flight.
    pub(super) fn count(&self) -> usize {
        self.staged.len() + self.promised.len() + self.in_place.len()
    }

    /// Forgets a file that was completed, replaced, removed or renamed.
    pub(super) fn forget(&mut self, key: FileKey) {
        self.memory.remove(&key);
    }

    /// Drops what has expired, and the oldest memory if nothing has.
    fn make_room(&mut self, now: Timestamp) {
        self.memory.retain(|_, memory| now < memory.until);
        let oldest = self.memory.iter().min_by_key(|(_, memory)| memory.until);
        let oldest = oldest.map(|(key, _)| *key);
        if let Some(oldest) = oldest.filter(|_| self.memory.len() >= REMEMBERED_LIMIT) {
            self.memory.remove(&oldest);
        }
    }
}

fn modified(stat: &Stat) -> (i64, u64) {
    (stat.st_mtime, stat.st_mtime_nsec)
}

/// How long an interrupted upload is remembered.
const REMEMBERED_FOR: Duration = Duration::from_hours(24);
/// Interrupted uploads remembered per home.
const REMEMBERED_LIMIT: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(size: u64) -> (tempfile::NamedTempFile, Stat) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(size).unwrap();
        let stat = rustix::fs::fstat(&file).unwrap();
        (file, stat)
    }

    #[test]
    fn a_remnant_is_remembered_for_a_day() {
        let (_file, stat) = stat(3);
        let now = Timestamp::from_seconds(1_000);
        let mut state = InFlight::default();

        state.remember(&stat, Remnant::RolledBack, now);

        let day = Duration::from_hours(24);
        assert_eq!(state.remnant(&stat, now), Some(Remnant::RolledBack));
        assert_eq!(state.remnant(&stat, now.plus(day)), None);
    }

    #[test]
    fn a_file_that_somebody_changed_is_not_remembered() {
        let (_file, mut stat) = stat(3);
        let now = Timestamp::from_seconds(0);
        let mut state = InFlight::default();
        state.remember(&stat, Remnant::Partial, now);

        stat.st_mtime += 1;

        assert_eq!(state.remnant(&stat, now), None);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes_first() {
        let (_file, mut stat) = stat(0);
        let mut state = InFlight::default();

        for second in 0..2_000 {
            stat.st_ino = second;
            let now = Timestamp::from_millis(i64::try_from(second).unwrap());
            state.remember(&stat, Remnant::Partial, now);
        }

        assert_eq!(state.memory.len(), REMEMBERED_LIMIT);
        assert!(state.remnant(&stat, Timestamp::from_seconds(3)).is_some());
        stat.st_ino = 0;
        assert!(state.remnant(&stat, Timestamp::from_seconds(3)).is_none());
    }
}
