//! An account is full to the byte and not beyond, even when the server dies in between.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use futures_util::future::join_all;
use quaymaster::model::Usage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::ftp_client::{FtpClient, PATIENCE, Pipe, dial, epsv_port};
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, eventually};

/// Files that two clients upload …
const FILES: usize = 50;
/// … of which so many fit.
const ROOM: usize = 30;
/// Bytes of each file; no multiple of any buffer.
const SIZE: usize = 100_003;

/// Connections of each client; together as many as the first plan grants, but for those that look on.
const CONNECTIONS: usize = 3;

/// The files that nobody has begun yet, and what became of the others.
#[derive(Default)]
struct Work {
    waiting: Mutex<BTreeSet<usize>>,
    stored: Mutex<BTreeSet<usize>>,
    refused: Mutex<BTreeSet<usize>>,
    /// The server went away before its reply.
    unknown: Mutex<BTreeSet<usize>>,
}

/// How a connection goes about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Pace {
    /// File after file.
    Busy,
    /// Half of the first file, and then nothing more until the server is gone.
    Stuck,
}

/// The done-when, in one go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_files_of_two_clients_exactly_those_that_fit_are_stored() {
    let mut installation = installation().await;
    let ftp = installation.start().await;
    let work = Work::of((0..FILES).collect());

    work.share(ftp, |_| Pace::Busy).await;

    let stored = locked(&work.stored).clone();
    assert_eq!(
        (stored.len(), locked(&work.refused).len()),
        (ROOM, FILES - ROOM)
    );
    assert_stored(&installation, ftp, &stored).await;
    installation.stop().await;
    assert_eq!(installation.recorded().await, (full(), false));
}

/// QUO-19: the done-when, with a server that is killed three times on the way. Nobody repairs anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_as_many_fit_when_the_server_is_killed_in_between() {
    let mut installation = installation().await;
    let mut ftp = installation.start().await;
    let mut stored = BTreeSet::new();

    for enough in [6, 13, 20] {
        let work = Work::of(
            (0..FILES)
                .filter(|number| !stored.contains(number))
                .collect(),
        );
        let killing = async {
            eventually("enough is stored and more is on its way", || {
                stored.len() + locked(&work.stored).len() >= enough
                    && !installation.staged().is_empty()
            })
            .await;
            installation.kill();
        };
        let pace = |connection| {
            if connection == 0 {
                Pace::Stuck
            } else {
                Pace::Busy
            }
        };
        tokio::join!(work.share(ftp, pace), killing);
        assert!(locked(&work.unknown).len() >= 2);
        stored.append(&mut locked(&work.stored));

        ftp = installation.start().await;
        assert_eq!(installation.staged(), [] as [PathBuf; 0]);
        let mut session = log_in(ftp, client(0)).await;
        assert_eq!(booked(&mut session).await, installation.disk());
        assert_complete(&installation, &stored);
    }
    let work = Work::of(
        (0..FILES)
            .filter(|number| !stored.contains(number))
            .collect(),
    );
    work.share(ftp, |_| Pace::Busy).await;
    stored.append(&mut locked(&work.stored));

    assert_eq!(
        (stored.len(), locked(&work.refused).len()),
        (ROOM, FILES - ROOM)
    );
    assert_stored(&installation, ftp, &stored).await;
    installation.stop().await;
    assert_eq!(installation.recorded().await, (full(), false));
}

impl Work {
    fn of(numbers: BTreeSet<usize>) -> Self {
        Self {
            waiting: Mutex::new(numbers),
            ..Self::default()
        }
    }

    /// Has both clients upload with all their connections at once; `pace` is asked for each
    /// connection of a client.
    async fn share(&self, ftp: SocketAddr, pace: fn(usize) -> Pace) {
        let mut connections = Vec::new();
        for number in 0..2 * CONNECTIONS {
            let session = log_in(ftp, client(number)).await;
            connections.push(self.upload(session, pace(number / 2)));
        }
        join_all(connections).await;
    }

    /// Uploads file after file until none waits, or the server is gone.
    async fn upload(&self, mut session: FtpClient, pace: Pace) {
        loop {
            let next = locked(&self.waiting).pop_first();
            let Some(number) = next else {
                return;
            };
            let (list, is_gone) = match attempt(&mut session, number, pace).await {
                Some(226) => (&self.stored, false),
                Some(552) => (&self.refused, false),
                Some(code) => panic!("file {number}: {code}"),
                None => (&self.unknown, true),
            };
            locked(list).insert(number);
            if is_gone {
                return;
            }
        }
    }
}

/// An installation with an account that has room for thirty files.
async fn installation() -> Installation {
    let installation = Installation::new(30);
    let quota = full().bytes.to_string();
    installation.account("alice", &["--quota", &quota]).await;
    installation
}

/// What stands when not one byte more fits.
fn full() -> Usage {
    Usage {
        bytes: (ROOM * SIZE) as u64,
        files: ROOM as u64,
    }
}

/// The final reply, if the server lives to give it.
async fn attempt(session: &mut FtpClient, number: usize, pace: Pace) -> Option<u16> {
    let passive = session.try_say("EPSV").await?;
    assert_eq!(passive.code, 229, "{passive:?}");
    let port = SocketAddr::new(session.server.ip(), epsv_port(passive.text()));
    let mut data = dial(session.local, port).await.ok()?;
    let opening = session.try_say(&format!("STOR {}", name(number))).await?;
    if opening.code != 150 {
        return Some(opening.code);
    }
    let bytes = content(number);
    let (first, second) = bytes.split_at(SIZE / 2);
    data.write_all(first).await.ok()?;
    if pace == Pace::Stuck {
        let _gone = timeout(PATIENCE, data.read(&mut [0])).await;
        return None;
    }
    let _refused_midway = data.write_all(second).await;
    Pipe::Plain(data).finish().await;
    Some(session.reply_or_end().await?.code)
}

async fn log_in(ftp: SocketAddr, from: IpAddr) -> FtpClient {
    let mut session = FtpClient::connect_from(ftp, from).await;
    session.log_in("alice", PASSWORD).await;
    session
}

/// The address of the client that a connection belongs to.
fn client(number: usize) -> IpAddr {
    IpAddr::from([127, 0, 3, if number.is_multiple_of(2) { 1 } else { 2 }])
}

fn locked(numbers: &Mutex<BTreeSet<usize>>) -> MutexGuard<'_, BTreeSet<usize>> {
    numbers.lock().expect("nobody panics with the lock")
}

/// Asserts that exactly the files `stored` are there, and that all figures say so.
async fn assert_stored(installation: &Installation, ftp: SocketAddr, stored: &BTreeSet<usize>) {
    assert_complete(installation, stored);
    assert_eq!(installation.disk(), full());
    assert_eq!(installation.staged(), [] as [PathBuf; 0]);
    let mut session = log_in(ftp, client(0)).await;
    assert_eq!(booked(&mut session).await, full());
}

/// Asserts that no byte of what was confirmed is missing.
fn assert_complete(installation: &Installation, stored: &BTreeSet<usize>) {
    let home = installation.home("alice");
    for &number in stored {
        let bytes = std::fs::read(home.join(name(number))).expect("a stored file");
        assert!(
            bytes == content(number),
            "file {number} is not what was sent"
        );
    }
}

fn name(number: usize) -> String {
    format!("f{number}")
}

/// Bytes that no other file has.
fn content(number: usize) -> Vec<u8> {
    let line = format!("file {number}, ");
    line.bytes().cycle().take(SIZE).collect()
}
