//! Hundreds of clients that do anything for a long time: afterwards the server holds nothing of them,
//! it needs no more memory than when it was warm, and the books say what stands on the disk. Some
//! seconds by day, an hour at night; `QUAYMASTER_TEST_SOAK_SECS` says how long, if it is set.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::chaos::break_one_off;
use crate::support::chance::seed;
use crate::support::disk;
use crate::support::ftp_client::{FtpClient, Reply};
use crate::support::held::assert_at_rest;
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, eventually, rounds};

/// How long it usually takes …
const SECONDS: usize = 3;
/// … and at night.
const NIGHTLY: usize = 1_200;
/// Clients in a run of some seconds, and in one that is meant.
const FEW: u8 = 20;
const MANY: u8 = 200;
/// From here on it is meant, and memory is looked at.
const MEANT: Duration = Duration::from_mins(5);
/// Accounts that the clients share, and what each may store: some of it does not fit.
const ACCOUNTS: u8 = 10;
const QUOTA: &str = "12000000";
/// Bytes of the longest file.
const LONGEST: usize = 300_000;
/// How much more the server may hold in the end than when it was warm: bytes, and percent.
const SLACK: u64 = 4 << 20;
const SLACK_PERCENT: u64 = 5;

/// Questions that change nothing.
const QUESTIONS: [&str; 14] = [
    "FEAT",
    "HASH {}",
    "HELP",
    "MDTM {}",
    "MLST {}",
    "NOOP",
    "OPTS MLST type;size;",
    "PWD",
    "SITE QUOTA",
    "SIZE {}",
    "STAT",
    "STAT .",
    "SYST",
    "XMD5 {}",
];
const LISTINGS: [&str; 5] = ["LIST", "LIST -la", "MLSD", "NLST", "NLST f1*"];
/// What a sound server answers to none of it.
const WRONG: [u16; 5] = [421, 500, 502, 503, 530];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_run_of_anything_leaves_nothing_behind() {
    let (seed, long) = (seed(), length());
    let is_meant = long >= MEANT;
    let clients = if is_meant { MANY } else { FEW };
    println!("FAULTS_SEED={seed}, {clients} clients for {long:?}");
    let mut place = Installation::new(50);
    for number in 0..ACCOUNTS {
        place.account(&account(number), &["--quota", QUOTA]).await;
    }
    place.lift_limits().await;
    place.set(&[("tls_policy", "optional")]).await;
    let ftp = place.start().await;
    for number in 0..ACCOUNTS {
        // Opens the home, which stays open.
        drop(log_in(ftp, 254, number, false).await);
    }
    assert_at_rest(place.metrics(), 0, "before").await;
    let before = place.descriptors().len();
    let since = Instant::now();
    let mut running = JoinSet::new();
    for number in 1..=clients {
        let chance = StdRng::seed_from_u64(seed.wrapping_add(u64::from(number)));
        // As many commands a second, however many clients there are.
        let think = Duration::from_millis(10) * u32::from(clients);
        let client = Client {
            ftp,
            number,
            think,
            chance,
        };
        running.spawn(client.run(since + long));
    }

    let memory = watch(&place, since + long).await;
    let mut done = 0;
    while let Some(ended) = running.join_next().await {
        done += ended.expect("a client that was served");
    }

    println!("{done} errands");
    assert_at_rest(place.metrics(), 0, "afterwards").await;
    assert_eq!(place.staged(), [] as [PathBuf; 0]);
    for number in 0..ACCOUNTS {
        let mut watcher = log_in(ftp, 254, number, false).await;
        let stored = disk::used(&place.home(&account(number)));
        assert_eq!(booked(&mut watcher).await, stored, "account {number}");
    }
    let are_closed = || place.descriptors().len() <= before;
    eventually("descriptors are closed", are_closed).await;
    if is_meant {
        assert_flat(&memory);
    }
    let stored = place.disk();
    place.stop().await;
    assert_eq!(place.recorded().await, (stored, false));
    let told = place.told();
    assert!(!told.contains("panicked"), "{told}");
}

fn length() -> Duration {
    let given = std::env::var_os("QUAYMASTER_TEST_SOAK_SECS");
    let seconds = given.map_or_else(
        || rounds(SECONDS, NIGHTLY) as u64,
        |given| {
            let given = given.to_str().and_then(|given| given.parse().ok());
            given.expect("QUAYMASTER_TEST_SOAK_SECS is a number of seconds")
        },
    );
    Duration::from_secs(seconds)
}

/// What the server holds, second by second.
async fn watch(place: &Installation, until: Instant) -> Vec<u64> {
    let mut memory = Vec::new();
    while Instant::now() < until {
        sleep(Duration::from_secs(1)).await;
        memory.push(place.memory());
        if memory.len().is_multiple_of(60) {
            let megabytes = place.memory() >> 20;
            println!("{} min: {megabytes} MiB", memory.len() / 60);
        }
    }
    memory
}

/// Asserts that the last quarter of a run needed no more than the second one: the first makes warm.
fn assert_flat(memory: &[u64]) {
    let quarter = memory.len() / 4;
    let mean = |from: usize| {
        let part = &memory[from..from + quarter];
        part.iter().sum::<u64>() / quarter as u64
    };
    let (warm, last) = (mean(quarter), mean(3 * quarter));
    println!(
        "{} KiB when warm, {} KiB in the end",
        warm >> 10,
        last >> 10
    );
    assert!(last <= warm + warm * SLACK_PERCENT / 100 + SLACK);
}

/// One client, session after session.
struct Client {
    ftp: SocketAddr,
    number: u8,
    think: Duration,
    chance: StdRng,
}

impl Client {
    /// Tells how many errands it had.
    async fn run(mut self, until: Instant) -> u64 {
        let mut session = None;
        let mut errands = 0;
        while Instant::now() < until {
            let pause = self.think * self.chance.random_range(0..200) / 100;
            sleep(pause).await;
            let mut client = if let Some(client) = session.take() {
                client
            } else {
                let is_tls = self.chance.random_ratio(1, 3);
                log_in(self.ftp, self.number, self.number % ACCOUNTS, is_tls).await
            };
            errands += 1;
            session = match self.chance.random_range(0..10) {
                0 => break_one_off(client, self.number, &mut self.chance).await,
                1 if self.chance.random_ratio(1, 4) => self.leave(client).await,
                _ => {
                    self.errand(&mut client).await;
                    Some(client)
                }
            };
        }
        errands
    }

    async fn errand(&mut self, client: &mut FtpClient) {
        let (name, other) = (self.name(), self.name());
        match self.chance.random_range(0..12) {
            0..=2 => {
                let stored = client.upload(&format!("STOR {name}"), &self.bytes()).await;
                sound("STOR", &stored);
            }
            3 => {
                let stored = client.upload(&format!("APPE {name}"), &self.bytes()).await;
                sound("APPE", &stored);
            }
            4 => {
                let offset = self.chance.random_range(0..LONGEST / 2);
                // Refused where lines are converted.
                say(client, &format!("REST {offset}")).await;
                let stored = client.upload(&format!("STOR {name}"), &self.bytes()).await;
                sound("REST", &stored);
            }
            5..=6 => fetch(client, &format!("RETR {name}")).await,
            7 => {
                let listing = self.choose(&LISTINGS);
                fetch(client, listing).await;
            }
            8 => say(client, &format!("DELE {name}")).await,
            9 => {
                if client.say(&format!("RNFR {name}")).await.code == 350 {
                    say(client, &format!("RNTO {other}")).await;
                }
            }
            10 => {
                say(client, &format!("MKD d{}", self.number)).await;
                say(client, &format!("RMD d{}", self.number)).await;
            }
            _ => {
                let question = self.choose(&QUESTIONS).replace("{}", &name);
                say(client, &question).await;
            }
        }
    }

    /// Ends the session, politely or not.
    async fn leave(&mut self, mut client: FtpClient) -> Option<FtpClient> {
        if self.chance.random_ratio(1, 2) {
            client.expect("QUIT", 221).await;
        } else {
            client.vanish();
        }
        None
    }

    /// A name that the clients of an account share, so that they meet.
    fn name(&mut self) -> String {
        format!("f{}", self.chance.random_range(0..60))
    }

    fn bytes(&mut self) -> Vec<u8> {
        vec![self.number; self.chance.random_range(0..LONGEST)]
    }

    fn choose(&mut self, from: &[&'static str]) -> &'static str {
        from[self.chance.random_range(0..from.len())]
    }
}

/// A whole download or listing, or its refusal.
async fn fetch(client: &mut FtpClient, command: &str) {
    let stream = client.open_data().await;
    let opening = client.say(command).await;
    sound(command, &opening);
    if opening.code == 150 {
        let mut pipe = client.dress(stream).await;
        // A file that becomes shorter meanwhile breaks off.
        let _all = pipe.read_all().await;
        pipe.finish().await;
        sound(command, &client.reply().await);
    }
}

async fn say(client: &mut FtpClient, line: &str) {
    sound(line, &client.say(line).await);
}

fn sound(asked: &str, reply: &Reply) {
    assert!(!WRONG.contains(&reply.code), "{asked}: {reply:?}");
}

fn account(number: u8) -> String {
    format!("user{number}")
}

async fn log_in(ftp: SocketAddr, from: u8, number: u8, is_tls: bool) -> FtpClient {
    let mut client = FtpClient::connect_from(ftp, IpAddr::from([127, 0, 8, from])).await;
    if is_tls {
        client.secure().await;
    }
    client.log_in(&account(number), PASSWORD).await;
    if is_tls {
        client.protect().await;
    }
    client
}
