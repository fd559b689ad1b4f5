//! Random operations of sixteen sessions on four accounts of two customers, against a model of what
//! may come of them. Limits change meanwhile, and the server may be killed at any moment.
//!
//! A thread looks at the disk all the time: nothing that was not granted ever stands there. Whenever
//! everybody rests, the books equal a walk over the disk, each session finds exactly what it left, and
//! every file is what uploads brought that were completed: their text says who wrote it.

mod chronicle;
mod content;
mod place;
mod quota;
mod rider;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::chance::seed;
use crate::support::postgres::fresh_database;
use crate::support::server::rounds;
use place::{Place, Round};

/// Errands of each session between two rests.
const ERRANDS: usize = 40;
/// Rests in a run on SQLite and in one on PostgreSQL …
const ROUNDS: usize = 4;
const ROUNDS_ON_POSTGRES: usize = 2;
/// … and at night so many times as many: ten minutes, and some.
const NIGHTLY: usize = 60;
const NIGHTLY_ON_POSTGRES: usize = 15;
/// Kills in a run, and at night so many times as many.
const KILLS: usize = 4;
const NIGHTLY_KILLS: usize = 50;
/// Errands of all sessions before a kill, at most: some seconds, so that there is something that was
/// confirmed a while before.
const BEFORE_A_KILL: u64 = 2_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_sessions_do_the_disk_is_within_the_limits_and_the_books_equal_it() {
    let (seed, rounds) = (seed(), rounds(ROUNDS, NIGHTLY));
    println!("FAULTS_SEED={seed}, {rounds} rounds");

    load(Place::open(seed, None).await, rounds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_holds_on_postgres() {
    let (seed, rounds) = (seed(), rounds(ROUNDS_ON_POSTGRES, NIGHTLY_ON_POSTGRES));
    println!("FAULTS_SEED={seed}, {rounds} rounds");
    let url = fresh_database().await.parse().expect("an address");

    load(Place::open(seed, Some(url)).await, rounds).await;
}

/// QUO-19: whoever comes first after a kill finds books that equal the disk, whatever was confirmed
/// and nothing half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_moment_of_it_comes_back_with_books_that_equal_the_disk() {
    let (seed, kills) = (seed(), rounds(KILLS, NIGHTLY_KILLS));
    println!("FAULTS_SEED={seed}, {kills} kills");
    let mut chance = StdRng::seed_from_u64(!seed);
    let mut place = Place::open(seed, None).await;

    for _ in 0..kills {
        let killed_after = Some(chance.random_range(1..BEFORE_A_KILL));
        let errands = usize::MAX;
        place
            .round(Round {
                errands,
                killed_after,
            })
            .await;
    }

    println!("{kills} kills; {}", place.close().await);
}

async fn load(mut place: Place, rounds: usize) {
    for _ in 0..rounds {
        let killed_after = None;
        let errands = ERRANDS;
        place
            .round(Round {
                errands,
                killed_after,
            })
            .await;
    }
    println!("{}", place.close().await);
}
