//! Threads that hash passwords. Each of them keeps the memory that one hash needs; on the blocking
//! pool, in the end every thread of it would, which is a hundred times as much on a large machine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::{io, thread};

use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that end when this is dropped.
pub(super) struct Hashers(mpsc::Sender<Work>);

impl Hashers {
    /// Starts `count` threads.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let (hand_in, work) = mpsc::channel();
        let work = Arc::new(Mutex::new(work));
        for _ in 0..count {
            let work = Arc::clone(&work);
            let hasher = thread::Builder::new().name("hasher".to_owned());
            hasher.spawn(move || hash_until_dropped(&work))?;
        }
        Ok(Self(hand_in))
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
        self.0.send(Box::new(work)).ok()?;
        told.await.ok()
    }
}

fn hash_until_dropped(work: &Mutex<mpsc::Receiver<Work>>) {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else {
            return;
        };
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
}
