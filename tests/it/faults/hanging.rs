//! A disk that hangs under hundreds of transfers: whoever has his files on another one does not
//! notice. The disk is a file system of our own; where nobody may mount one, this is not tested.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::ftp_client::{FtpClient, PATIENCE};
use crate::support::fuse::HangingDisk;
use crate::support::held::{assert_at_rest, held};
use crate::support::process::Installation;
use crate::support::server::{PASSWORD, eventually, rounds};

/// Transfers on the disk that hangs …
const TRANSFERS: usize = 25;
/// … at night so many times as many.
const NIGHTLY: usize = 8;
/// How long the disk hangs at night, and how long is measured before.
const HANGS: Duration = Duration::from_secs(10);
/// What a slow transfer moves at once, and how often.
const PIECE: [u8; 8_192] = [7; 8_192];
const EVERY: Duration = Duration::from_millis(250);
/// Users of the healthy disk.
const HEALTHY: u8 = 4;

/// How long the users of the healthy disk waited.
#[derive(Default)]
struct Waits {
    noop: Vec<Duration>,
    upload: Vec<Duration>,
}

/// The server has more threads than the disk can keep, and nothing that it tells waits for the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_is_not_noticed_by_those_on_another_one() {
    let transfers = rounds(TRANSFERS, NIGHTLY);
    let is_measured = transfers > TRANSFERS;
    let mut place = Installation::new(20);
    for name in ["stuck", "well"] {
        place.account(name, &[]).await;
    }
    place.lift_limits().await;
    place.set(&[("tls_policy", "optional")]).await;
    let disk = match HangingDisk::over(&place.home("stuck")) {
        Ok(disk) => disk,
        Err(error) => {
            println!("not tested, because nothing can be mounted here: {error}");
            return;
        }
    };
    let ftp = place.start().await;
    let (end, ending) = watch::channel(false);
    let mut users = JoinSet::new();
    for number in 0..transfers {
        users.spawn(transfer(ftp, number, ending.clone()));
    }
    // All but the small ones, which come and go.
    eventually_held(&place, "transfers_running", transfers * 3 / 4).await;
    let undisturbed = if is_measured {
        Some(healthy(ftp, HANGS).await)
    } else {
        None
    };

    disk.hang();
    eventually("calls wait for the disk", || disk.waiting() > transfers / 3).await;
    let disturbed = if is_measured {
        let measured = healthy(ftp, HANGS).await;
        Some(measured)
    } else {
        for number in 0..HEALTHY {
            let mut user = log_in(ftp, [127, 0, 7, number + 1], "well").await;
            use_disk(&mut user, &mut Waits::default()).await;
        }
        None
    };
    held(place.metrics()).await;
    let waiting = disk.waiting();
    let threads = std::fs::read_dir(format!("/proc/{}/task", place.pid()));
    let threads = threads.expect("threads").count();
    println!("{waiting} calls wait for the disk, {threads} threads");
    disk.go_on();

    end.send(true).expect("users");
    while let Some(ended) = users.join_next().await {
        ended.expect("a transfer that ends well");
    }
    assert_at_rest(place.metrics(), 0, "afterwards").await;
    if let (Some(before), Some(during)) = (undisturbed, disturbed) {
        before.compare(&during);
    }
    place.stop().await;
}

/// A user of the disk that hangs.
async fn transfer(ftp: SocketAddr, number: usize, mut ending: watch::Receiver<bool>) {
    let last = u8::try_from(number % 250).expect("a small number") + 1;
    let mut client = log_in(ftp, [127, 0, 6, last], "stuck").await;
    match number % 4 {
        0 | 1 => {
            let mut data = client.open_data().await;
            client.expect(&format!("STOR slow{number}"), 150).await;
            let sending = async {
                loop {
                    data.write_all(&PIECE).await.expect("a piece");
                    sleep(EVERY).await;
                }
            };
            tokio::select! {
                _ = ending.wait_for(|end| *end) => {}
                () = sending => {}
            }
            drop(data);
            client.expect_reply(226).await;
        }
        2 => {
            let name = format!("large{number}");
            let stored = client
                .upload(&format!("STOR {name}"), &vec![7; 4 << 20])
                .await;
            assert_eq!(stored.code, 226, "{stored:?}");
            let mut data = client.open_data().await;
            client.expect(&format!("RETR {name}"), 150).await;
            let mut piece = PIECE;
            let reading = async {
                while data.read(&mut piece).await.expect("a piece") > 0 {
                    sleep(EVERY).await;
                }
            };
            tokio::select! {
                _ = ending.wait_for(|end| *end) => {}
                () = reading => {}
            }
            drop(data);
            let ended = client.reply().await;
            assert!([226, 426].contains(&ended.code), "{ended:?}");
        }
        _ => {
            while !*ending.borrow() {
                let stored = client.upload(&format!("STOR small{number}"), &PIECE).await;
                assert_eq!(stored.code, 226, "{stored:?}");
                sleep(EVERY).await;
            }
        }
    }
}

/// What users of the healthy disk see for so long.
async fn healthy(ftp: SocketAddr, long: Duration) -> Waits {
    let mut users = JoinSet::new();
    for number in 0..HEALTHY {
        users.spawn(async move {
            let since = Instant::now();
            let mut user = log_in(ftp, [127, 0, 7, number + 1], "well").await;
            println!("user {number} logged in after {:?}", since.elapsed());
            let mut waits = Waits::default();
            while since.elapsed() < long {
                use_disk(&mut user, &mut waits).await;
                sleep(Duration::from_millis(5)).await;
            }
            waits
        });
    }
    let mut all = Waits::default();
    while let Some(waits) = users.join_next().await {
        let waits = waits.expect("a user who was served");
        all.noop.extend(waits.noop);
        all.upload.extend(waits.upload);
    }
    all
}

/// A `NOOP` and a small upload.
async fn use_disk(user: &mut FtpClient, waits: &mut Waits) {
    let since = Instant::now();
    user.expect("NOOP", 200).await;
    waits.noop.push(since.elapsed());
    let since = Instant::now();
    // A new name: one that replaces a file waits for a moment in any case.
    let stored = user.upload("STOU", &[7; 1_024]).await;
    assert_eq!(stored.code, 226, "{stored:?}");
    waits.upload.push(since.elapsed());
}

impl Waits {
    /// Asserts that in hundred calls at most one takes more than twice as long as before.
    fn compare(&self, during: &Self) {
        let figures = |waits: &Self| [Figures::of(&waits.noop), Figures::of(&waits.upload)];
        let (before, during) = (figures(self), figures(during));
        let places = ["NOOP", "upload"]
            .into_iter()
            .zip(before.iter().zip(&during));
        for (what, (before, during)) in places.clone() {
            println!("{what}: before {before}; during {during}");
        }
        for (what, (before, during)) in places {
            assert!(during.most <= 2 * before.most, "{what}");
        }
    }
}

/// One wait in two, in a hundred, and the longest.
struct Figures {
    count: usize,
    half: Duration,
    most: Duration,
    longest: Duration,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (half, most, longest) = (self.half, self.most, self.longest);
        write!(
            f,
            "{} waits, p50 {half:?}, p99 {most:?}, longest {longest:?}",
            self.count
        )
    }
}

impl Figures {
    fn of(waits: &[Duration]) -> Self {
        let mut waits = waits.to_vec();
        waits.sort_unstable();
        let at = |share: usize| waits[(waits.len() - 1) * share / 100];
        Self {
            count: waits.len(),
            half: at(50),
            most: at(99),
            longest: at(100),
        }
    }
}

async fn log_in(ftp: SocketAddr, from: [u8; 4], name: &str) -> FtpClient {
    let mut client = FtpClient::connect_from(ftp, IpAddr::from(from)).await;
    client.log_in(name, PASSWORD).await;
    client
}

/// Waits until the server holds so many of something.
async fn eventually_held(place: &Installation, what: &str, least: usize) {
    let least = i64::try_from(least).expect("a small number");
    let since = Instant::now();
    while held(place.metrics()).await.get(what).copied().unwrap_or(0) < least {
        assert!(since.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}
