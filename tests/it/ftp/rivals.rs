//! Somebody else changes the file that an upload is about to replace or continues, or the folder it
//! stands in: whatever comes first, the books say what stands on the disk.

use quaymaster::model::{Account, Usage};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::ftp_client::FtpClient;
use crate::support::server::{Allowed, TestServer, eventually};

/// Bytes of the file that stands there, of another one, and of the upload.
const STANDING: usize = 60_000;
const OTHER: usize = 30_000;
const UPLOAD: usize = 80_000;
/// Room for the upload only if what it replaces is counted.
const TIGHT: u64 = 115_000;

/// What the upload is.
const UPLOADS: [&str; 3] = ["STOR d/f", "APPE d/f", "STOR d/new"];

/// What somebody else does meanwhile: commands, separated by `;`.
const RIVALS: [&str; 8] = [
    "DELE d/f",
    "RNFR d/g;RNTO d/f",
    "RNFR d/f;RNTO d/h",
    "RNFR d/g;RNTO d/new",
    "DELE d/f;RNFR d/g;RNTO d/f;DELE d/f",
    "DELE d/f;DELE d/g;RMD d",
    "RNFR d;RNTO e",
    "RNFR d/f;RNTO d/h;RNFR d/g;RNTO d/f;DELE d/h",
];

/// When it happens.
#[derive(Clone, Copy, Debug)]
enum Moment {
    BeforeTheFirstByte,
    HalfWay,
    AtTheEnd,
}

/// How the upload ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Complete,
    Abor,
    Vanish,
}

/// One server, and the two who use it.
struct Scene {
    server: TestServer,
    alice: Account,
    uploader: FtpClient,
    rival: FtpClient,
}

/// QUO-08, QUO-13, STO-32, STO-38.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_equal_the_disk_whoever_changes_the_target_of_an_upload() {
    play_all(None).await;
}

/// QUO-07, QUO-08, QUO-13: nor does anybody get over the limit in that way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_whoever_changes_the_target_of_an_upload() {
    play_all(Some(TIGHT)).await;
}

async fn play_all(limit: Option<u64>) {
    let mut scene = Scene::open(limit).await;
    let moments = [
        Moment::BeforeTheFirstByte,
        Moment::HalfWay,
        Moment::AtTheEnd,
    ];
    let ends = [End::Complete, End::Abor, End::Vanish];
    let scripts = UPLOADS
        .into_iter()
        .flat_map(|upload| RIVALS.map(|rival| (upload, rival)));
    for (upload, rival) in scripts {
        let endings = moments.into_iter();
        for (moment, end) in endings.flat_map(|moment| ends.map(|end| (moment, end))) {
            let context = format!("{upload}, {rival}, {moment:?}, {end:?}, {limit:?}");
            scene.play(upload, rival, (moment, end)).await;
            scene.assert_settled(limit, &context).await;
        }
    }
}

impl Scene {
    async fn open(limit: Option<u64>) -> Self {
        let server = TestServer::start().await;
        let allowed = Allowed {
            bytes: limit,
            ..Allowed::default()
        };
        let alice = server.account_with("alice", allowed).await;
        let uploader = server.login("alice").await;
        let rival = server.login("alice").await;
        Self {
            server,
            alice,
            uploader,
            rival,
        }
    }

    async fn play(&mut self, upload: &str, rival: &str, (moment, end): (Moment, End)) {
        self.rival.expect("MKD d", 257).await;
        for (name, bytes) in [("f", STANDING), ("g", OTHER), ("new", 0)] {
            // Otherwise the server remembers how much did not fit under this name before.
            self.rival.expect(&format!("ALLO {bytes}"), 200).await;
            let command = format!("STOR d/{name}");
            let stored = self.rival.upload(&command, &vec![7; bytes]).await;
            assert_eq!(stored.code, 226, "{stored:?}");
        }
        self.rival.expect("DELE d/new", 250).await;
        let mut data = self.uploader.open_data().await;
        let opening = self.uploader.say(upload).await;
        if opening.code != 150 {
            assert_eq!(opening.code, 552, "{opening:?}");
            self.change(rival).await;
            return;
        }
        if matches!(moment, Moment::BeforeTheFirstByte) {
            self.change(rival).await;
        }
        let _refused_midway = data.write_all(&vec![8; UPLOAD / 2]).await;
        if matches!(moment, Moment::HalfWay) {
            self.arrived(UPLOAD / 2).await;
            self.change(rival).await;
        }
        let _refused_midway = data.write_all(&vec![9; UPLOAD / 2]).await;
        if matches!(moment, Moment::AtTheEnd) {
            // Nobody knows who is first.
            let Self {
                uploader,
                rival: session,
                ..
            } = self;
            tokio::join!(finish(uploader, data, end), obey(session, rival));
        } else {
            finish(&mut self.uploader, data, end).await;
        }
        if matches!(end, End::Vanish) {
            self.uploader = self.server.login("alice").await;
        }
    }

    async fn change(&mut self, rival: &str) {
        obey(&mut self.rival, rival).await;
    }

    /// Waits until the server has so many bytes of the upload, or has refused it.
    async fn arrived(&self, bytes: usize) {
        eventually("bytes arrive", || {
            let sessions = self.server.app().sessions.snapshot();
            let mut running = sessions
                .iter()
                .filter_map(|session| session.transfer.as_ref());
            running.all(|transfer| transfer.moved_bytes >= bytes as u64)
        })
        .await;
    }

    /// Asserts that disk and books agree when everything has ended, and clears the home.
    async fn assert_settled(&mut self, limit: Option<u64>, context: &str) {
        let (server, alice) = (&self.server, &self.alice);
        eventually(context, || {
            let sessions = server.app().sessions.snapshot();
            sessions.iter().all(|session| session.transfer.is_none())
        })
        .await;
        eventually(context, || server.staged(alice).is_empty()).await;
        eventually(context, || server.usage(alice) == server.disk(alice)).await;
        let usage = server.usage(alice);
        let quota = server.app().ledger.quota(alice.id).expect("books");
        let free = limit.map(|limit| {
            let free = limit.checked_sub(usage.bytes);
            free.unwrap_or_else(|| panic!("{context}: {} bytes", usage.bytes))
        });
        eventually(context, || quota.headroom() == free).await;
        for folder in ["d", "e"] {
            if !server.home(alice).join(folder).exists() {
                continue;
            }
            for name in server.names(alice, folder) {
                self.rival
                    .expect(&format!("DELE {folder}/{name}"), 250)
                    .await;
            }
            self.rival.expect(&format!("RMD {folder}"), 250).await;
        }
        assert_eq!(server.usage(alice), Usage::default(), "{context}");
    }
}

/// Sends commands; whether they are obeyed depends on the upload.
async fn obey(session: &mut FtpClient, commands: &str) {
    for command in commands.split(';') {
        let reply = session.say(command).await;
        assert!(
            matches!(reply.code, 250 | 350 | 450 | 503 | 550),
            "{command}: {reply:?}"
        );
    }
}

async fn finish(uploader: &mut FtpClient, data: TcpStream, end: End) {
    match end {
        End::Complete => {
            drop(data);
            uploader.reply().await;
        }
        End::Abor => {
            uploader.say("ABOR").await;
            uploader.reply().await;
        }
        End::Vanish => uploader.vanish(),
    }
}
