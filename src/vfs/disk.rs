//! How work gets to the disk: on the spot while the disk answers at once, on the blocking pool
//! otherwise.
//!
//! Most calls on a file system touch memory only and take a few microseconds; the way to the blocking
//! pool and back costs ten times as much. So a short call is made where it is wanted, as long as its
//! volume has answered promptly of late, and as long as the runtime has a thread to spare: a process
//! that serves many sessions is given more runtime threads than cores, and as many as there are
//! cores are never in a call. When a disk hangs, it takes four in five of the spare threads at most;
//! the rest goes to the blocking pool, and sessions on other volumes notice nothing.
//!
//! A runtime thread that comes back from waiting for the network may be the only one that was
//! waiting for it. If it goes into a call then and the call hangs, nobody would hear the network: so
//! a watch makes another thread look, some milliseconds later.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::error::StorageError;
use super::room::{Reserve, Room};

/// The way to one volume. Cloning is cheap; all clones share what is known about its speed and room.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Pulse>);

#[derive(Debug)]
struct Pulse {
    since: Instant,
    /// `st_dev` of what is on it.
    device: u64,
    reserve: Reserve,
    room: Room,
    /// Until when the volume counts as slow, in milliseconds after `since`.
    slow_until: AtomicU64,
    /// Runtime threads in a call on this volume.
    away: AtomicUsize,
    /// The watch sleeps until somebody wakes it.
    is_unwatched: AtomicBool,
    /// The thread of the watch; `None` if the system gave none.
    watch: OnceLock<Option<Thread>>,
}

/// A runtime thread that may be away in a call on this volume; dropping it ends that.
struct Leave<'a>(&'a Pulse);

/// Runtime threads that are in a call at this moment, over all volumes.
static AWAY: AtomicUsize = AtomicUsize::new(0);

/// Runtime threads that a process should have: one per core, and some to spare for calls that turn
/// out to take long, or whose thread the system stops in the middle.
pub fn runtime_threads() -> usize {
    cores() + (cores() * 5).min(MOST_SPARE)
}

/// Threads to spare on a large machine.
const MOST_SPARE: usize = 40;

/// How many of the threads to spare one volume may take: the others have the rest while it hangs.
const fn most_on_one(spare: usize) -> usize {
    spare - spare / 5
}

/// Threads that the blocking pool should have at most: two for each of a thousand sessions, one for its
/// transfer and one for a command. A disk that hangs keeps one for every call, and if there were none
/// left, users of other disks would wait as well. They exist only while they are needed.
pub const BLOCKING_THREADS: usize = 2_048;

impl Disk {
    /// A call that takes longer makes its volume slow.
    const PROMPT: Duration = Duration::from_millis(25);
    /// How long a volume stays slow after that.
    const WARY: Duration = Duration::from_millis(500);

    pub(super) fn new(device: u64, reserve: Reserve) -> Self {
        Self(Arc::new(Pulse {
            since: Instant::now(),
            device,
            room: Room::new(reserve.clone()),
            reserve,
            slow_until: AtomicU64::new(0),
            away: AtomicUsize::new(0),
            is_unwatched: AtomicBool::new(false),
            watch: OnceLock::new(),
        }))
    }

    pub(super) fn device(&self) -> u64 {
        self.0.device
    }

    /// What uploads may still take of it.
    pub(super) fn room(&self) -> Room {
        self.0.room.clone()
    }

    /// What uploads leave free.
    pub(super) fn reserve(&self) -> &Reserve {
        &self.0.reserve
    }

    /// Does `work`, which is a handful of calls that the page cache can answer, or a write of some
    /// ten kilobytes.
    pub(super) async fn short<T, F>(&self, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StorageError> + Send + 'static,
    {
        match self.leave() {
            Some(leave) => self.time(work, leave),
            None => self.long(work).await,
        }
    }

    /// Does `work` here and now; `None` if it has to go to the blocking pool.
    pub(super) fn at_once<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let leave = self.leave()?;
        Some(self.time(work, leave))
    }

    /// Does `work`, which may well wait for the disk, on the blocking pool. The way there and back
    /// costs some ten microseconds: one per operation, or per batch, never per entry.
    pub(super) async fn long<T, F>(&self, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StorageError> + Send + 'static,
    {
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(lost) => Err(StorageError::Io(io::Error::other(lost))),
        }
    }

    fn time<T>(&self, work: impl FnOnce() -> T, leave: Leave<'_>) -> T {
        let begun = Instant::now();
        let result = work();
        drop(leave);
        if begun.elapsed() > Self::PROMPT {
            let until = self.0.since.elapsed() + Self::WARY;
            let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
            self.0.slow_until.store(until, Ordering::Relaxed);
        }
        result
    }

    /// Leave for this thread, if the volume is prompt, another thread can take over, and somebody
    /// watches.
    fn leave(&self) -> Option<Leave<'_>> {
        if self.is_slow() {
            return None;
        }
        let runtime = Handle::try_current().ok()?;
        let spare = runtime.metrics().num_workers().saturating_sub(cores());
        if spare == 0 {
            return None;
        }
        let watch = self.0.watch.get_or_init(|| start_watch(&self.0, runtime));
        let leave = Leave::take(&self.0, spare)?;
        let watch = watch.as_ref()?;
        if self.0.is_unwatched.swap(false, Ordering::SeqCst) {
            watch.unpark();
        }
        Some(leave)
    }

    fn is_slow(&self) -> bool {
        let until = self.0.slow_until.load(Ordering::Relaxed);
        until > 0 && u128::from(until) > self.0.since.elapsed().as_millis()
    }
}

impl<'a> Leave<'a> {
    fn take(pulse: &'a Pulse, most: usize) -> Option<Self> {
        let below = |most| move |away: usize| (away < most).then_some(away + 1);
        let (here, everywhere) = (below(most_on_one(most)), below(most));
        let taken = pulse
            .away
            .fetch_update(Ordering::SeqCst, Ordering::Relaxed, here);
        taken.ok()?;
        if AWAY
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, everywhere)
            .is_err()
        {
            pulse.away.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        Some(Self(pulse))
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.away.fetch_sub(1, Ordering::SeqCst);
        AWAY.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some(Some(watch)) = self.watch.get() {
            watch.unpark();
        }
    }
}

/// Starts the watch over a volume; it ends with the volume.
fn start_watch(pulse: &Arc<Pulse>, runtime: Handle) -> Option<Thread> {
    let pulse = Arc::downgrade(pulse);
    let watch = thread::Builder::new().name("disk-watch".to_owned());
    let started = watch.spawn(move || watch_over(&pulse, &runtime));
    started.map(|watch| watch.thread().clone()).ok()
}

/// As long as a thread is away, makes another one wait for the network: whoever has nothing else to
/// do does so, and an empty task wakes somebody up for that.
fn watch_over(pulse: &Weak<Pulse>, runtime: &Handle) {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    const TIRED_AFTER: u32 = 100;
    let mut quiet = 0;
    while let Some(pulse) = pulse.upgrade() {
        if pulse.away.load(Ordering::SeqCst) > 0 {
            quiet = 0;
            runtime.spawn(async {});
        } else {
            quiet += 1;
        }
        if quiet < TIRED_AFTER {
            drop(pulse);
            thread::park_timeout(LOOK_EVERY);
            continue;
        }
        pulse.is_unwatched.store(true, Ordering::SeqCst);
        let is_calm = pulse.away.load(Ordering::SeqCst) == 0;
        drop(pulse);
        if is_calm {
            thread::park();
        }
        quiet = 0;
    }
}

/// Cores of this machine, asked once: the answer costs a look at several files.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    /// The spare threads are counted for the whole process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    fn runtime() -> tokio::runtime::Runtime {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(runtime_threads())
            .enable_all()
            .build();
        threads.unwrap()
    }

    #[test]
    fn a_disk_that_hangs_leaves_a_thread_for_every_core() {
        let _turn = ONE_AT_A_TIME.lock().unwrap();
        let runtime = runtime();
        let hanging = Disk::new(0, Reserve::default());
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        for _ in 0..runtime_threads() * 2 {
            let (disk, released) = (hanging.clone(), Arc::clone(&released));
            runtime.spawn(async move {
                let hung = move || {
                    // Ends when the other end is dropped.
                    let _ended = released.lock().map(|released| released.recv());
                    Ok(())
                };
                disk.short(hung).await
            });
        }

        let healthy = Disk::new(0, Reserve::default());
        let answers: Vec<_> = (0..64_u64)
            .map(|number| {
                let disk = healthy.clone();
                runtime.spawn(async move { disk.short(move || Ok(number)).await.unwrap() })
            })
            .collect();
        let sum = runtime.block_on(async {
            let mut sum = 0;
            for answer in answers {
                sum += answer.await.unwrap();
            }
            sum
        });

        assert_eq!(sum, 64 * 63 / 2);
        drop(release);
    }

    #[test]
    fn a_disk_that_hangs_leaves_other_disks_a_thread_to_spare() {
        let _turn = ONE_AT_A_TIME.lock().unwrap();
        let runtime = runtime();
        let (hanging, healthy) = (
            Disk::new(0, Reserve::default()),
            Disk::new(0, Reserve::default()),
        );
        let _entered = runtime.enter();

        let mut held = Vec::new();
        while let Some(leave) = hanging.leave() {
            held.push(leave);
        }

        assert!(hanging.at_once(|| ()).is_none());
        assert!(healthy.at_once(|| ()).is_some());
        assert_eq!(held.len(), most_on_one((cores() * 5).min(MOST_SPARE)));
    }

    /// Takes longer than a prompt disk does.
    fn wait_for_the_disk() {
        let (_never, answer) = mpsc::channel::<()>();
        assert!(answer.recv_timeout(Disk::PROMPT * 2).is_err());
    }

    #[test]
    fn a_slow_call_sends_the_next_ones_to_the_blocking_pool() {
        let _turn = ONE_AT_A_TIME.lock().unwrap();
        let runtime = runtime();
        let disk = Disk::new(0, Reserve::default());
        let on = |work: fn()| {
            let disk = disk.clone();
            let thread = move || {
                work();
                Ok(thread::current().id())
            };
            let call = runtime.spawn(async move {
                let caller = thread::current().id();
                (caller, disk.short(thread).await.unwrap())
            });
            runtime.block_on(call).unwrap()
        };

        let (caller, first) = on(|| {});
        on(wait_for_the_disk);
        let (later_caller, later) = on(|| {});

        assert_eq!(first, caller);
        assert_ne!(later, later_caller);
    }
}
