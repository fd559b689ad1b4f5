//! Threads that hash passwords. Each of them keeps the memory that one hash needs as long as there is
//! work; on the blocking pool, in the end every thread of it would, which is a hundred times as much on
//! a large machine.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use tokio::sync::oneshot;

use super::stored_password;

type Work = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that end when this is dropped.
pub(super) struct Hashers(Arc<Desk>);

/// Where work waits. It is as short as the number of those who were let in by [`Turn`](super::Turn).
#[derive(Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    is_closed: bool,
}

/// How long a thread without work keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(2);

impl Hashers {
    /// Starts `count` threads.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let hashers = Self(Arc::default());
        for _ in 0..count {
            let desk = Arc::clone(&hashers.0);
            let hasher = thread::Builder::new().name("hasher".to_owned());
            hasher.spawn(move || hash_until_closed(&desk))?;
        }
        Ok(hashers)
    }

    /// Has `work` done; `None` if it did not come to its end. It is done even if nobody waits for it
    /// any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = move || {
            // Nobody may wait any more.
            let _told = tell.send(work());
        };
        self.0.lock().work.push_back(Box::new(work));
        self.0.changed.notify_one();
        told.await.ok()
    }
}

impl Drop for Hashers {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        let lock = self.waiting.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next work; `None` if there will be none. A thread that has waited for a while gives
    /// its memory back meanwhile.
    fn next(&self) -> Option<Work> {
        let is_idle = |waiting: &mut Waiting| waiting.work.is_empty() && !waiting.is_closed;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), KEEP_MEMORY, is_idle);
        let (mut waiting, patience) = waited.unwrap_or_else(PoisonError::into_inner);
        if patience.timed_out() {
            drop(waiting);
            stored_password::give_back();
            let waited = self.changed.wait_while(self.lock(), is_idle);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.work.pop_front()
    }
}

fn hash_until_closed(desk: &Desk) {
    while let Some(work) = desk.next() {
        // Whoever waits hears that there is no answer.
        let _panicked = catch_unwind(AssertUnwindSafe(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_by_as_many_threads_as_there_are() {
        let hashers = Hashers::start(1).unwrap();

        let first = hashers.run(|| thread::current().id()).await;
        let second = hashers.run(|| thread::current().id()).await;

        assert!(first.is_some());
        assert_eq!(first, second);
    }

    #[tokio::test]
    async fn work_that_panics_takes_no_thread_with_it() {
        let hashers = Hashers::start(1).unwrap();

        let panicked: Option<()> = hashers.run(|| panic!("on purpose")).await;

        assert_eq!(panicked, None);
        assert_eq!(hashers.run(|| 7).await, Some(7));
    }

    #[test]
    fn a_closed_desk_has_its_work_done_and_then_no_more() {
        let desk = Desk::default();
        desk.lock().work.push_back(Box::new(|| ()));
        desk.lock().is_closed = true;

        assert!(desk.next().is_some());
        assert!(desk.next().is_none());
    }
}
