//! The bookkeeping of a count that goes on while the home is in use: what was counted, what changed
//! meanwhile, and on which side of the walk.
//!
//! The walk goes depth first through sorted names. Whoever changes something tells it under the home's
//! lock, so that every change is either behind the walk, which has then counted what stood there
//! before, or ahead of it, where the walk will find it. Nothing is remembered but three sums.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use crate::model::Usage;

/// A count that is under way.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The directories from the home to where the walk is.
    levels: Vec<Level>,
    counted: Sum,
    /// What changed since the beginning, wherever.
    changed: Sum,
    /// What changed behind the walk.
    behind: Sum,
    is_crossed: bool,
}

/// Bytes and files, more or fewer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Sum {
    pub(super) bytes: i64,
    pub(super) files: i64,
}

/// A directory that is being walked.
#[derive(Debug)]
struct Level {
    /// Its name in the directory above; empty for the home.
    name: OsString,
    /// Names that the walk has not come to, the next one last; `None` while they are being read.
    ahead: Option<Vec<OsString>>,
    /// Names beneath which something changed while they were being read.
    touched: BTreeSet<OsString>,
    /// The name at which the walk is.
    at: OsString,
}

/// Where a path is, seen from the walk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    /// The walk will come there.
    Ahead,
    /// The walk has been there, or will not come there.
    Behind,
    /// The walk is in it.
    Inside,
}

impl Sum {
    pub(super) fn of(bytes: u64, files: i64) -> Self {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        Self { bytes, files }
    }

    /// A file of so many bytes less.
    pub(super) fn gone(bytes: u64) -> Self {
        Self::default().minus(Self::of(bytes, 1))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files.saturating_add(other.files),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            files: self.files.saturating_sub(other.files),
        }
    }

    fn usage(self) -> Usage {
        Usage {
            bytes: u64::try_from(self.bytes).unwrap_or(0),
            files: u64::try_from(self.files).unwrap_or(0),
        }
    }
}

impl Tally {
    /// Names that are remembered of directories that are being read; beyond that the count begins anew.
    const TOUCHED_LIMIT: usize = 10_000;

    /// A count that stands before the home.
    pub(super) fn new() -> Self {
        let mut tally = Self::default();
        tally.enter(OsString::new());
        tally
    }

    /// What stood on the disk when the count began. To be asked at its end.
    pub(super) fn stood_at_the_beginning(&self) -> Usage {
        let now = self.counted.plus(self.behind);
        now.minus(self.changed).usage()
    }

    /// Whether a directory was moved across the walk, so that nobody knows any more what was counted.
    pub(super) fn is_crossed(&self) -> bool {
        self.is_crossed
    }

    /// Gives the count up.
    pub(super) fn cross(&mut self) {
        self.is_crossed = true;
    }

    /// Whether the names of the directory where the walk is are still to be read.
    pub(super) fn is_reading(&self) -> bool {
        self.levels
            .last()
            .is_some_and(|level| level.ahead.is_none())
    }

    /// Names of the directories from the home to where the walk is.
    pub(super) fn way(&self) -> impl Iterator<Item = &OsStr> {
        self.levels
            .iter()
            .skip(1)
            .map(|level| level.name.as_os_str())
    }

    /// Names that the walk has not come to.
    pub(super) fn names_ahead(&self) -> usize {
        let ahead = self.levels.iter().filter_map(|level| level.ahead.as_ref());
        ahead.map(Vec::len).sum()
    }

    /// Goes into the directory `name`.
    pub(super) fn enter(&mut self, name: OsString) {
        self.levels.push(Level {
            name,
            ahead: None,
            touched: BTreeSet::new(),
            at: OsString::new(),
        });
    }

    /// Takes the names of the directory where the walk is.
    pub(super) fn read(&mut self, names: Vec<OsString>) {
        if let Some(level) = self.levels.last_mut() {
            let mut names: BTreeSet<OsString> = names.into_iter().collect();
            names.append(&mut level.touched);
            level.ahead = Some(names.into_iter().rev().collect());
        }
    }

    /// Goes on to the next name in this directory; `None` at its end.
    pub(super) fn next(&mut self) -> Option<OsString> {
        let level = self.levels.last_mut()?;
        let name = level.ahead.as_mut()?.pop()?;
        level.at.clone_from(&name);
        Some(name)
    }

    /// Leaves the directory; `false` if it was the home.
    pub(super) fn leave(&mut self) -> bool {
        self.levels.pop();
        !self.levels.is_empty()
    }

    /// Counts what stands at the name where the walk is.
    pub(super) fn count(&mut self, sum: Sum) {
        self.counted = self.counted.plus(sum);
    }

    /// Something changed at `path`.
    pub(super) fn change(&mut self, path: &[OsString], sum: Sum) {
        self.changed = self.changed.plus(sum);
        if self.side(path) != Side::Ahead {
            self.behind = self.behind.plus(sum);
        }
    }

    /// A directory was moved, with everything in it.
    pub(super) fn moved(&mut self, from: &[OsString], to: &[OsString]) {
        let (from, to) = (self.side(from), self.side(to));
        if from != to || from == Side::Inside {
            self.is_crossed = true;
        }
    }

    /// An empty directory was removed.
    pub(super) fn removed(&mut self, path: &[OsString]) {
        if self.side(path) == Side::Inside {
            self.is_crossed = true;
        }
    }

    fn side(&mut self, path: &[OsString]) -> Side {
        for (depth, name) in path.iter().enumerate() {
            let is_last = depth + 1 == path.len();
            let below = self.levels.get(depth + 1).map(|level| &level.name);
            let is_entered = below == Some(name);
            let Some(level) = self.levels.get_mut(depth) else {
                return Side::Behind;
            };
            let Some(ahead) = &level.ahead else {
                level.touched.insert(name.clone());
                self.is_crossed |= level.touched.len() > Self::TOUCHED_LIMIT;
                return Side::Ahead;
            };
            if ahead.binary_search_by(|known| name.cmp(known)).is_ok() {
                return Side::Ahead;
            }
            if !is_entered {
                return Side::Behind;
            }
            if is_last {
                return Side::Inside;
            }
        }
        Side::Inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<OsString> {
        text.split('/').map(OsString::from).collect()
    }

    fn names(names: &[&str]) -> Vec<OsString> {
        names.iter().map(OsString::from).collect()
    }

    fn one(bytes: i64) -> Sum {
        Sum { bytes, files: 1 }
    }

    fn files(tally: &Tally) -> u64 {
        tally.stood_at_the_beginning().files
    }

    /// In a home of `a`, `b` and `c`, the walk has counted `a` and is in `b`, between `b/1` and `b/3`.
    fn in_the_middle() -> Tally {
        let mut tally = Tally::new();
        tally.read(names(&["c", "a", "b"]));
        assert_eq!(tally.next(), Some("a".into()));
        tally.count(one(10));
        assert_eq!(tally.next(), Some("b".into()));
        tally.enter("b".into());
        tally.read(names(&["3", "1"]));
        assert_eq!(tally.next(), Some("1".into()));
        tally.count(one(10));
        tally
    }

    #[test]
    fn what_is_added_behind_the_walk_did_not_stand_at_the_beginning() {
        let mut tally = in_the_middle();
        let before = tally.stood_at_the_beginning();

        tally.change(&path("0"), one(5));
        tally.change(&path("b/0"), one(5));
        // Not among the names that were read: the walk never comes there.
        tally.change(&path("b/2/new"), one(5));
        tally.change(&path("zz"), one(5));

        assert_eq!(tally.stood_at_the_beginning(), before);
    }

    #[test]
    fn what_is_removed_behind_the_walk_stood_at_the_beginning() {
        let mut tally = in_the_middle();
        let before = tally.stood_at_the_beginning();

        tally.change(
            &path("a"),
            Sum {
                bytes: -10,
                files: -1,
            },
        );

        assert_eq!(tally.stood_at_the_beginning(), before);
    }

    #[test]
    fn what_changes_ahead_of_the_walk_is_found_by_it_and_taken_back() {
        let mut tally = in_the_middle();
        assert_eq!(files(&tally), 2);

        tally.change(&path("c/new"), one(5));
        tally.change(&path("b/3"), Sum { bytes: 7, files: 0 });
        // The walk goes on and finds `b/3`, which is longer now, and the file in `c`.
        tally.next();
        tally.count(one(17));
        tally.leave();
        tally.next();
        tally.enter("c".into());
        tally.read(names(&["new"]));
        tally.next();
        tally.count(one(5));

        let stood = tally.stood_at_the_beginning();
        assert_eq!((stood.files, stood.bytes), (3, 30));
    }

    #[test]
    fn what_changes_while_names_are_read_is_looked_at_by_the_walk() {
        let mut tally = Tally::new();

        tally.change(&path("new/deep"), one(5));
        tally.read(names(&["old"]));

        assert_eq!(tally.next(), Some("new".into()));
        tally.enter("new".into());
        tally.read(names(&["deep"]));
        tally.next();
        tally.count(one(5));
        assert_eq!(files(&tally), 0);
    }

    #[test]
    fn a_directory_that_is_moved_across_the_walk_ends_the_count() {
        for (from, to) in [("c", "a0"), ("a", "c/a"), ("b", "bb"), ("b", "c/b")] {
            let mut tally = in_the_middle();

            tally.moved(&path(from), &path(to));

            assert!(tally.is_crossed(), "{from} to {to}");
        }
    }

    #[test]
    fn a_directory_that_stays_on_its_side_does_no_harm() {
        for (from, to) in [("a", "0"), ("c/x", "c/y"), ("b/1", "b/2")] {
            let mut tally = in_the_middle();

            tally.moved(&path(from), &path(to));

            assert!(!tally.is_crossed(), "{from} to {to}");
        }
    }

    #[test]
    fn removing_the_directory_where_the_walk_is_ends_the_count() {
        let mut tally = in_the_middle();
        tally.removed(&path("c"));
        tally.removed(&path("a"));
        assert!(!tally.is_crossed());

        tally.removed(&path("b"));

        assert!(tally.is_crossed());
    }

    #[test]
    fn endless_change_while_names_are_read_ends_the_count() {
        let mut tally = Tally::new();

        for number in 0..=Tally::TOUCHED_LIMIT {
            tally.change(&path(&format!("f{number}")), one(1));
        }

        assert!(tally.is_crossed());
    }
}
