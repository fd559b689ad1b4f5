//! Two hundred clients at the door of an account that has room for a third of what they bring.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use quaymaster::model::Usage;

use crate::support::disk;
use crate::support::ftp_client::FtpClient;
use crate::support::held::assert_at_rest;
use crate::support::process::{Installation, booked};
use crate::support::sampler::{Bound, Sampler, Scope};
use crate::support::server::{PASSWORD, rounds};

/// Bytes that the account may store, and what is left of them.
const LIMIT: u64 = 30 << 20;
const LEFT: u64 = 10 << 20;
const CLIENTS: usize = 200;
/// Bytes of each file; no multiple of any buffer, and more than is written without a hop.
const SIZE: usize = 150_001;
/// Runs at night.
const NIGHTLY: usize = 20;

/// QUO-06: at every sample of the disk, staged uploads included, no more than the limit stands there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_uploads_not_one_byte_more_than_fits_ever_stands_on_the_disk() {
    let mut place = Installation::new(40);
    let limit = LIMIT.to_string();
    place.account("alice", &["--quota", &limit]).await;
    place.lift_limits().await;
    let ftp = place.start().await;
    let mut watcher = log_in(ftp, CLIENTS).await;
    let first = vec![0; usize::try_from(LIMIT - LEFT).expect("some megabytes")];
    assert_eq!(watcher.upload("STOR first", &first).await.code, 226);
    let home = place.home("alice");
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(log_in(ftp, number).await);
    }

    for _ in 0..rounds(1, NIGHTLY) {
        let most = Usage {
            bytes: LIMIT,
            files: 1_000,
        };
        let sampler = Sampler::start(vec![Scope {
            name: "alice".to_owned(),
            homes: vec![home.clone()],
            bound: Arc::new(Bound::new(most)),
        }]);
        let uploads = clients.iter_mut().enumerate().map(upload);
        let answers = join_all(uploads).await;
        let seen = sampler.stop();

        println!(
            "{} samples, the fullest at {} %",
            seen.samples, seen.fullest
        );
        assert_at_rest(place.metrics(), CLIENTS + 1, "afterwards").await;
        let stored = answers.iter().filter(|code| **code == 226).count();
        assert!(answers.iter().all(|code| [226, 552].contains(code)));
        // As many as fit.
        let fit = LEFT / SIZE as u64;
        assert_eq!(stored as u64, fit);
        assert_eq!(disk::used(&home).bytes, LIMIT - LEFT + fit * SIZE as u64);
        assert_eq!(booked(&mut watcher).await, disk::used(&home));
        assert_eq!(place.staged(), [] as [PathBuf; 0]);
        for (number, code) in answers.iter().enumerate() {
            let file = std::fs::read(home.join(format!("f{number}"))).ok();
            let brought = (*code == 226).then(|| content(number));
            assert!(file == brought, "{number}: {code}");
            if *code == 226 {
                watcher.expect(&format!("DELE f{number}"), 250).await;
            }
        }
    }
}

async fn upload((number, client): (usize, &mut FtpClient)) -> u16 {
    let (command, bytes) = (format!("STOR f{number}"), content(number));
    client.upload(&command, &bytes).await.code
}

fn content(number: usize) -> Vec<u8> {
    let line = format!("client {number}, ");
    line.bytes().cycle().take(SIZE).collect()
}

async fn log_in(ftp: SocketAddr, number: usize) -> FtpClient {
    let last = u8::try_from(number % 100 + 1).expect("a few");
    let from = IpAddr::from([127, 0, 10, last]);
    let mut client = FtpClient::connect_from(ftp, from).await;
    client.log_in("alice", PASSWORD).await;
    client
}
