//! An overwrite that is interrupted leaves the complete old file or the complete new one, whoever
//! interrupts it and when; what arrived of it is never seen.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use crate::support::chance::seed;
use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, eventually};

const INTERRUPTIONS: usize = 100;
/// Bytes of the longest file; the account has room for one and a half of them.
const LONGEST: usize = 2 << 20;
const CHUNK: usize = 64 << 10;
const NAME: &str = "report.bin";

/// How an overwrite is interrupted.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// `ABOR`.
    Abor,
    /// The client ends both connections, the one for data first.
    ClientEnds,
    /// `kill -9` of a program that uploads.
    ClientKilled,
    /// The client dies, and its connections are reset.
    ClientResets,
    /// A client with TLS dies: no `close_notify`.
    ClientTruncates,
    /// `kill -9` of the server.
    ServerKilled,
}

/// One overwrite to come.
#[derive(Debug)]
struct Overwrite {
    way: Way,
    bytes: Vec<u8>,
    /// The interruption comes after so many bytes.
    cut: usize,
    /// The interruption waits until all these bytes are on the disk.
    waits: bool,
}

/// An installation with one file, and who looks at it.
struct Scene {
    installation: Installation,
    ftp: SocketAddr,
    watcher: FtpClient,
    /// What stands under the name.
    standing: Vec<u8>,
}

/// The done-when. A seed can be given to see the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_overwrite_leaves_the_old_file_or_the_complete_new_one() {
    let seed = seed();
    println!("FAULTS_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut scene = Scene::open().await;
    let mut replaced = 0;

    for number in 0..INTERRUPTIONS {
        let overwrite = Overwrite::number(number, &mut chance);
        replaced += usize::from(scene.interrupt(overwrite).await);
    }

    println!("{replaced} of {INTERRUPTIONS} came too late: the file was complete");
    assert!(replaced < INTERRUPTIONS / 2);
    let disk = scene.installation.disk();
    scene.installation.stop().await;
    assert_eq!(scene.installation.recorded().await, (disk, false));
}

impl Overwrite {
    fn number(number: usize, chance: &mut StdRng) -> Self {
        let length = chance.random_range(1..=LONGEST);
        let first = chance.random_range(0..=u8::MAX);
        let is_whole = chance.random_ratio(1, 5);
        Self {
            way: match (number % 3, number % 4) {
                (0, _) => Way::ServerKilled,
                (1, _) => Way::Abor,
                (_, 0) => Way::ClientEnds,
                (_, 1) => Way::ClientResets,
                (_, 2) => Way::ClientTruncates,
                (_, _) => Way::ClientKilled,
            },
            bytes: (0..length)
                .map(|at| u8::try_from(at % 251).expect("a byte") ^ first)
                .collect(),
            cut: if is_whole {
                length
            } else {
                chance.random_range(0..length)
            },
            waits: chance.random(),
        }
    }

    /// Whether the server may take it for complete.
    fn is_whole(&self) -> bool {
        self.cut == self.bytes.len()
    }
}

impl Scene {
    async fn open() -> Self {
        let mut installation = Installation::new(10);
        let room = (LONGEST + LONGEST / 2).to_string();
        installation.account("alice", &["--quota", &room]).await;
        let ftp = installation.start().await;
        let mut watcher = FtpClient::connect(ftp).await;
        watcher.log_in("alice", PASSWORD).await;
        let standing = vec![7; 1_000_000];
        let stored = watcher.upload(&format!("STOR {NAME}"), &standing).await;
        assert_eq!(stored.code, 226, "{stored:?}");
        Self {
            installation,
            ftp,
            watcher,
            standing,
        }
    }

    /// Interrupts an overwrite and looks at everything; tells whether it came too late.
    async fn interrupt(&mut self, overwrite: Overwrite) -> bool {
        let context = format!(
            "{:?} after {} of {} bytes",
            overwrite.way,
            overwrite.cut,
            overwrite.bytes.len()
        );
        if matches!(overwrite.way, Way::ClientKilled) {
            self.kill_client(&overwrite, &context).await;
            return self.assert_settled(overwrite, &context).await;
        }
        let mut session = FtpClient::connect(self.ftp).await;
        if matches!(overwrite.way, Way::ClientTruncates) {
            session.secure().await;
            session.log_in("alice", PASSWORD).await;
            session.protect().await;
        } else {
            session.log_in("alice", PASSWORD).await;
        }
        let data = session.open_data().await;
        session.expect(&format!("STOR {NAME}"), 150).await;
        let mut data = session.dress(data).await;
        for chunk in overwrite.bytes[..overwrite.cut].chunks(CHUNK) {
            data.write_all(chunk).await.expect("room for the file");
        }
        data.flush().await.expect("room for the file");
        if overwrite.waits {
            self.wait_for_staged(overwrite.cut, &context).await;
            self.assert_hidden(&context).await;
        }

        self.carry_out(&overwrite, session, data).await;

        self.assert_settled(overwrite, &context).await
    }

    /// Interrupts. A file that was sent to its end is ended first, so that it is open who is faster.
    async fn carry_out(&mut self, overwrite: &Overwrite, mut session: FtpClient, mut data: Pipe) {
        if overwrite.is_whole() {
            data.shutdown().await.expect("an end");
        }
        match overwrite.way {
            Way::Abor => {
                let first = session.say("ABOR").await;
                assert!([226, 426].contains(&first.code), "{first:?}");
                // 225 if there was nothing to abort any more.
                let second = session.reply().await;
                assert!([226, 225].contains(&second.code), "{second:?}");
            }
            Way::ClientEnds | Way::ClientKilled => {
                drop(data);
                drop(session);
            }
            Way::ClientResets => {
                data.reset();
                session.vanish();
            }
            Way::ClientTruncates => {
                data.truncate().await;
                drop(session);
            }
            Way::ServerKilled => {
                self.installation.kill();
                self.ftp = self.installation.start().await;
                assert_eq!(self.installation.staged(), [] as [PathBuf; 0]);
                self.watcher = FtpClient::connect(self.ftp).await;
                self.watcher.log_in("alice", PASSWORD).await;
            }
        }
    }

    /// Has curl upload from a pipe, and kills it while it waits for more.
    async fn kill_client(&mut self, overwrite: &Overwrite, context: &str) {
        let url = format!("ftp://{}/{NAME}", self.ftp);
        let user = format!("alice:{PASSWORD}");
        let curl = Command::new("curl")
            .args(["-sS", "-u", &user, "-T", "-", &url])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut curl) = curl else {
            println!("curl is not installed");
            return;
        };
        let mut input = curl.stdin.take().expect("its input");
        let bytes = overwrite.bytes[..overwrite.cut].to_vec();
        let feeding = spawn_blocking(move || input.write_all(&bytes).map(|()| input));
        let input = feeding.await.expect("an end").expect("a living curl");
        self.wait_for_staged(overwrite.cut, context).await;
        self.assert_hidden(context).await;
        curl.kill().expect("a process");
        curl.wait().expect("its end");
        drop(input);
    }

    /// Waits until `bytes` are on the disk under a staged name.
    async fn wait_for_staged(&self, bytes: usize, context: &str) {
        eventually(context, || {
            let staged = self.installation.staged();
            let lengths = staged.iter().filter_map(|path| path.metadata().ok());
            lengths.map(|file| file.len()).eq([bytes as u64])
        })
        .await;
    }

    /// Asserts that every listing shows the one file and nothing else.
    async fn assert_hidden(&mut self, context: &str) {
        for command in ["LIST -a", "MLSD", "NLST -a"] {
            let listing = self.watcher.download(command).await;
            let listing = String::from_utf8_lossy(&listing).into_owned();
            assert_eq!(listing.lines().count(), 1, "{context}: {listing}");
            assert!(listing.trim_end().ends_with(NAME), "{context}: {listing}");
        }
    }

    /// Asserts that the old file stands or the new one, and that everything agrees about it; tells
    /// whether it is the new one.
    async fn assert_settled(&mut self, overwrite: Overwrite, context: &str) -> bool {
        eventually(context, || self.installation.staged().is_empty()).await;
        let mut is_booked = false;
        for _ in 0..100 {
            is_booked = booked(&mut self.watcher).await == self.installation.disk();
            if is_booked {
                break;
            }
        }
        assert!(is_booked, "{context}: the books differ from the disk");
        self.assert_hidden(context).await;
        let found = std::fs::read(self.installation.home("alice").join(NAME)).expect("a file");
        if found == self.standing {
            return false;
        }
        assert!(
            overwrite.is_whole() && found == overwrite.bytes,
            "{context}: {} bytes stand there, {} stood there before",
            found.len(),
            self.standing.len()
        );
        self.standing = found;
        true
    }
}
