//! Looks at the disk again and again while a server works, and sees whether more stands there than
//! may.
//!
//! A walk over folders takes its time, and files come and go meanwhile. So each sample is two walks:
//! what is found in both stood there in the moment between them. Nothing is counted that was not
//! there, so whatever is too much is a fault.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use quaymaster::model::Usage;

use super::disk;

/// How often the sampler looks, at most.
const PACE: Duration = Duration::from_millis(1);
/// Faults that are told; the first is the one that matters.
const TOLD: usize = 10;

/// What may stand in some homes together.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    bytes: AtomicU64,
    files: AtomicU64,
    /// Uploads that have begun, and those that have ended for good, that may be going to replace a
    /// file: its size counts as free for them, so both may stand there for a while.
    begun: AtomicU64,
    ended: AtomicU64,
}

/// Homes, and the bound that holds for all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) homes: Vec<PathBuf>,
    pub(crate) bound: Arc<Bound>,
}

/// A thread that looks until it is told to stop.
pub(crate) struct Sampler {
    stop: Sender<()>,
    thread: JoinHandle<Sampled>,
}

/// What it has seen.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    pub(crate) samples: u64,
    /// Most bytes that any scope held, staged uploads included, in percent of its bound.
    pub(crate) fullest: u64,
    pub(crate) faults: Vec<String>,
}

/// A file that cannot be taken for another one: numbers are used again.
type Identity = (u64, Option<SystemTime>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Found {
    bytes: u64,
    modified: Option<SystemTime>,
    is_staged: bool,
}

type Walk = HashMap<Identity, Found>;

impl Bound {
    pub(crate) fn new(limit: Usage) -> Self {
        let bound = Self::default();
        bound.set(limit);
        bound
    }

    /// So much may stand there from now on, and nobody is uploading.
    pub(crate) fn set(&self, limit: Usage) {
        self.bytes.store(limit.bytes, Ordering::SeqCst);
        self.files.store(limit.files, Ordering::SeqCst);
        self.ended
            .store(self.begun.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// So much may stand there from now on, or what was allowed before.
    pub(crate) fn raise(&self, limit: Usage) {
        self.bytes.fetch_max(limit.bytes, Ordering::SeqCst);
        self.files.fetch_max(limit.files, Ordering::SeqCst);
    }

    pub(crate) fn most(&self) -> Usage {
        Usage {
            bytes: self.bytes.load(Ordering::SeqCst),
            files: self.files.load(Ordering::SeqCst),
        }
    }

    /// An upload begins that may replace a file.
    pub(crate) fn begin_replacing(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// One of them has ended, and left nothing.
    pub(crate) fn end_replacing(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Sampler {
    pub(crate) fn start(scopes: Vec<Scope>) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            let mut sampled = Sampled::default();
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(PACE) {
                for scope in &scopes {
                    scope.sample(&mut sampled);
                }
            }
            sampled
        });
        Self { stop, thread }
    }

    /// Asserts that at no moment too much stood there; tells what was seen.
    pub(crate) fn stop(self) -> Sampled {
        drop(self.stop);
        let sampled = self.thread.join().expect("samples");
        let faults = &sampled.faults;
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        sampled
    }
}

impl Scope {
    fn sample(&self, sampled: &mut Sampled) {
        let (most, ended) = (self.bound.most(), self.bound.ended.load(Ordering::SeqCst));
        let (first, second) = (walk(&self.homes), walk(&self.homes));
        let replacing = self.bound.begun.load(Ordering::SeqCst) - ended;
        let later = self.bound.most();
        let most = Usage {
            bytes: most.bytes.max(later.bytes),
            files: most.files.max(later.files),
        };

        let (mut named, mut staged) = (Usage::default(), 0);
        for (file, found) in &first {
            let Some(again) = second.get(file) else {
                continue;
            };
            if found.is_staged {
                staged += found.bytes.min(again.bytes);
            } else if !again.is_staged {
                named.files += 1;
                // What was written in place may have been shorter in between.
                let is_same = found.bytes == again.bytes && found.modified == again.modified;
                named.bytes += if is_same { found.bytes } else { 0 };
            }
        }
        let slack = largest([&first, &second], replacing);
        sampled.samples += 1;
        let percent = (named.bytes + staged) * 100 / most.bytes.max(1);
        sampled.fullest = sampled.fullest.max(percent);
        let is_too_much = named.bytes > most.bytes
            || named.files > most.files
            || named.bytes + staged > most.bytes + slack;
        if is_too_much && sampled.faults.len() < TOLD {
            let name = &self.name;
            sampled.faults.push(format!(
                "{name}: {named:?} and {staged} bytes staged where {most:?} may stand, and {slack} \
                 bytes for {replacing} uploads that replace a file"
            ));
        }
    }
}

/// Bytes of the `count` largest files that have a name.
fn largest(walks: [&Walk; 2], count: u64) -> u64 {
    let mut sizes: HashMap<Identity, u64> = HashMap::new();
    for (file, found) in walks.into_iter().flatten() {
        if !found.is_staged {
            let size = sizes.entry(*file).or_default();
            *size = found.bytes.max(*size);
        }
    }
    let mut sizes: Vec<u64> = sizes.into_values().collect();
    sizes.sort_unstable();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    sizes.iter().rev().take(count).sum()
}

fn walk(homes: &[PathBuf]) -> Walk {
    let paths = homes.iter().flat_map(|home| disk::walk(home));
    paths.filter_map(|path| look(&path)).collect()
}

fn look(path: &Path) -> Option<(Identity, Found)> {
    let file = path.symlink_metadata().ok()?;
    let found = Found {
        bytes: file.len(),
        modified: file.modified().ok(),
        is_staged: disk::is_staged(path),
    };
    Some(((file.ino(), file.created().ok()), found))
}

#[test]
fn what_stands_there_beyond_the_bound_is_seen_and_what_is_replaced_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let limit = |bytes, files| Usage { bytes, files };
    let scope = Scope {
        name: "alice".to_owned(),
        homes: vec![folder.path().to_owned()],
        bound: Arc::new(Bound::new(limit(100, 1))),
    };
    let faults = || {
        let mut sampled = Sampled::default();
        scope.sample(&mut sampled);
        sampled.faults.len()
    };
    std::fs::write(folder.path().join("a"), [1; 100]).unwrap();
    assert_eq!(faults(), 0);

    std::fs::write(folder.path().join(".fx~aaaaaaaaaaaaaaaa"), [1; 1]).unwrap();
    assert_eq!(faults(), 1);
    scope.bound.begin_replacing();
    assert_eq!(faults(), 0);
    scope.bound.end_replacing();
    scope.bound.raise(limit(101, 1));
    assert_eq!(faults(), 0);
    std::fs::write(folder.path().join("b"), b"").unwrap();
    assert_eq!(faults(), 1);
}
