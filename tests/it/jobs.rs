//! Work in the background, by a whole server.

mod import;
mod purge;
mod queue;
mod recount;
mod restore;

use quaymaster::model::{Job, JobId, JobState};

use crate::support::server::TestServer;

/// Waits until the job is over.
async fn ended(server: &TestServer, id: JobId) -> Job {
    reached(server, id, |job| job.state.is_over()).await
}

/// Waits until the job is so far.
async fn reached(server: &TestServer, id: JobId, enough: impl Fn(&Job) -> bool) -> Job {
    for _ in 0..1_500 {
        let job = server.app().jobs.get(id).await.expect("the job");
        if enough(&job) {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a job that takes more than half a minute");
}

/// Asserts that the job came to its end, and tells one of its facts.
fn fact<'a>(job: &'a Job, name: &str) -> &'a str {
    assert_eq!(job.state, JobState::Done, "{job:?}");
    let found = job.facts.iter().find(|(known, _)| known == name);
    found.map_or_else(
        || panic!("no {name} in {:?}", job.facts),
        |(_, value)| value,
    )
}
