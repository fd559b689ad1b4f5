//! One session of the load: whatever an account may do, in any order, broken off at any moment.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use super::chronicle::{Chronicle, Fate, Known, Mode, Upload, followed};
use super::content::{Piece, cut, length, pieces, text};
use super::quota::Quota;
use crate::support::ftp_client::{FtpClient, Pipe, Reply, dial, epsv_port};
use crate::support::sampler::Bound;
use crate::support::server::PASSWORD;

/// Fewer bytes of an upload are not sent: nobody could tell whose they are.
const LEAST: usize = 64;
/// Names that all sessions of an account share: only ever whole files …
const WHOLE: [&str; 4] = ["w0", "w1", "w2", "pub/w3"];
/// … and those that are continued as well.
const MIXED: [&str; 2] = ["m0", "m1"];
/// What the server may say to uploads of names that others use, before 150 and after it.
const SHARED_BEFORE: [u16; 5] = [450, 550, 552, 553, 554];
const SHARED_AFTER: [u16; 6] = [226, 450, 550, 552, 553, 554];
/// The same for a file that nobody else touches; 550 if it must not be continued.
const OWN_BEFORE: [u16; 2] = [550, 552];
const OWN_AFTER: [u16; 2] = [226, 552];

/// What a login hears whose account is changed meanwhile.
const CHANGED: &str = "The account was changed, log in again.";

/// What all sessions share.
pub(super) struct Shared {
    pub(super) chronicle: Chronicle,
    pub(super) accounts: Vec<Arc<Bound>>,
    pub(super) pools: Vec<Arc<Bound>>,
    /// Errands that have been done.
    pub(super) done: watch::Sender<u64>,
    /// Whether the server is gone, or about to be.
    pub(super) is_killed: AtomicBool,
}

pub(super) struct Rider {
    number: usize,
    account: usize,
    /// Where FTP is.
    pub(super) ftp: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    chance: StdRng,
    session: Option<FtpClient>,
    /// Files that nobody else touches.
    own: BTreeMap<String, Known>,
    /// Whether its folder is there, if that is known.
    has_folder: Option<bool>,
}

/// What `ALLO` says before an upload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Announces {
    Nothing,
    Length,
}

/// How a client ends an upload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Proper,
    Abor,
    /// The data connection is reset.
    Reset,
    /// Both connections are.
    Vanish,
}

/// What a client hears of an upload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Heard {
    Stored,
    /// Before 150.
    Refused,
    /// After it.
    RefusedMidway,
    BrokenOff,
}

/// An upload as a client means it.
struct Plan {
    number: usize,
    /// Empty if the server chooses it.
    path: String,
    is_own: bool,
    /// `ALLO`, `REST`, and the command itself.
    lines: Vec<String>,
    mode: Mode,
    length: usize,
    sent: usize,
    ending: Ending,
    /// Whether a file may stand there that makes room for this one.
    may_replace: bool,
}

/// What a client wants to upload.
struct Wish {
    path: String,
    is_own: bool,
    mode: Mode,
    announces: Announces,
    /// Whether a file may stand there.
    may_stand: bool,
}

impl Shared {
    pub(super) fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::SeqCst)
    }
}

impl Rider {
    pub(super) fn new(number: usize, account: usize, shared: Arc<Shared>, seed: u64) -> Self {
        let names = ["a", "b", "c"].map(|name| format!("s{number}{name}"));
        let names = names.into_iter().chain([format!("own{number}/d")]);
        Self {
            number,
            account,
            ftp: SocketAddr::from(([127, 0, 0, 1], 0)),
            is_tls: number % 5 == 4,
            shared,
            chance: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            session: None,
            own: names.map(|name| (name, Known::Surely(None))).collect(),
            has_folder: Some(false),
        }
    }

    pub(super) fn account(&self) -> usize {
        self.account
    }

    pub(super) fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// The connection is gone.
    pub(super) fn leave(&mut self) {
        self.session = None;
        self.has_folder = None;
    }

    /// Makes the folders of the account and of this session.
    pub(super) async fn furnish(&mut self) {
        let own = format!("MKD own{}", self.number);
        let session = self.session.as_mut().expect("a session");
        session.expect(&own, 257).await;
        let shared = session.say("MKD pub").await;
        assert!([257, 550, 521].contains(&shared.code), "{shared:?}");
    }

    /// Compares what this session knows of its files with what stands in the home.
    pub(super) fn settle(&mut self, home: &std::path::Path) {
        for (name, known) in &mut self.own {
            let file = std::fs::read(home.join(name)).ok();
            let settled = known.settle(file.as_deref());
            settled.unwrap_or_else(|wrong| panic!("session {}, {name}: {wrong}", self.number));
        }
        // Names that the server chose are forgotten with their files.
        let number = self.number;
        self.own.retain(|name, known| {
            let is_usual = name.starts_with(&format!("s{number}")) || name.starts_with("own");
            is_usual || !matches!(known, Known::Surely(None))
        });
    }

    /// Connects and logs in; `None` if the server is gone.
    pub(super) async fn enter(&mut self) -> Option<()> {
        while self.session.is_none() {
            self.session = self.try_enter().await?;
        }
        Some(())
    }

    /// The same; `None` inside if the account was changed in that very moment, which a client is
    /// told so that it tries again.
    async fn try_enter(&mut self) -> Option<Option<FtpClient>> {
        let last = u8::try_from(self.number + 1).expect("a few sessions");
        let from = IpAddr::from([127, 0, 9, last]);
        let mut session = FtpClient::try_connect_from(self.ftp, from).await?;
        if self.is_tls {
            let answer = session.try_say("AUTH TLS").await?;
            assert_eq!(answer.code, 234, "{answer:?}");
            session.handshake().await.ok()?;
        }
        let name = format!("USER user{}", self.account);
        let answer = session.try_say(&name).await?;
        assert_eq!(answer.code, 331, "{answer:?}");
        let answer = session.try_say(&format!("PASS {PASSWORD}")).await?;
        if answer.code == 421 && answer.text() == CHANGED {
            return Some(None);
        }
        assert_eq!(answer.code, 230, "{answer:?}");
        let lines: &[&str] = if self.is_tls {
            &["TYPE I", "PBSZ 0", "PROT P"]
        } else {
            &["TYPE I"]
        };
        for line in lines {
            let answer = session.try_say(line).await?;
            assert_eq!(answer.code, 200, "{answer:?}");
        }
        session.private = self.is_tls;
        Some(Some(session))
    }

    /// Does so many errands, or as many as the server lives for.
    pub(super) async fn ride(mut self, errands: usize) -> Self {
        for _ in 0..errands {
            if self.try_errand().await.is_none() {
                assert!(self.shared.is_killed(), "the server hung up");
                self.leave();
                break;
            }
            self.shared.done.send_modify(|done| *done += 1);
        }
        self
    }

    async fn try_errand(&mut self) -> Option<()> {
        if self.session.is_none() {
            self.enter().await?;
        }
        match self.chance.random_range(0..100) {
            0..25 => self.store_own(Mode::Whole, Announces::Nothing).await,
            25..33 => self.store_shared(Mode::Whole).await,
            33..40 => self.store_own(Mode::End, Announces::Nothing).await,
            40..44 => self.store_shared(Mode::End).await,
            44..52 => self.resume_own().await,
            52..56 => {
                let offset = self.chance.random_range(LEAST..200_000);
                self.store_shared(Mode::At(offset)).await
            }
            56..64 => self.delete_own().await,
            64..68 => self.delete_shared().await,
            68..74 => self.rename_own().await,
            74..78 => self.rename_shared().await,
            78..82 => self.store_unique().await,
            82..85 => self.change_folders().await,
            85..89 => self.read_own().await,
            89..92 => self.read_shared().await,
            92..96 => self.ask().await,
            _ => self.store_own(Mode::Whole, Announces::Length).await,
        }
    }

    async fn store_own(&mut self, mode: Mode, announces: Announces) -> Option<()> {
        match self.own_file() {
            Some(file) => self.store(file, mode, announces).await,
            None => self.ask().await,
        }
    }

    /// Uploads to a file of this session, which is `base`.
    async fn store(
        &mut self,
        (path, base): (String, Option<Vec<Piece>>),
        mode: Mode,
        announces: Announces,
    ) -> Option<()> {
        let plan = self.plan(Wish {
            path: path.clone(),
            is_own: true,
            mode,
            announces,
            may_stand: base.is_some(),
        });
        let heard = self.carry_out(&plan, &mut String::new()).await;
        let known = self.learned(&plan, base, heard);
        self.own.insert(path, known);
        heard.map(|_| ())
    }

    async fn resume_own(&mut self) -> Option<()> {
        let Some((path, Some(base))) = self.own_file() else {
            return self.ask().await;
        };
        let end = length(&base);
        if end < LEAST {
            return self.ask().await;
        }
        let offset = self.chance.random_range(LEAST..=end);
        self.store((path, Some(base)), Mode::At(offset), Announces::Nothing)
            .await
    }

    async fn store_shared(&mut self, mode: Mode) -> Option<()> {
        let is_mixed = mode != Mode::Whole || self.chance.random_ratio(1, 3);
        let path = self.shared_name(is_mixed);
        let wish = Wish {
            path: path.to_owned(),
            is_own: false,
            mode,
            announces: Announces::Nothing,
            may_stand: true,
        };
        let plan = self.plan(wish);
        self.carry_out(&plan, &mut String::new()).await?;
        Some(())
    }

    async fn store_unique(&mut self) -> Option<()> {
        let wish = Wish {
            path: String::new(),
            is_own: true,
            mode: Mode::Whole,
            announces: Announces::Nothing,
            may_stand: false,
        };
        let plan = self.plan(wish);
        let mut name = String::new();
        let heard = self.carry_out(&plan, &mut name).await;
        if !name.is_empty() {
            let known = self.learned(&plan, None, heard);
            self.own.insert(name, known);
        }
        heard.map(|_| ())
    }

    async fn delete_own(&mut self) -> Option<()> {
        let Some((path, base)) = self.own_file() else {
            return self.ask().await;
        };
        let was_there = base.is_some();
        self.perhaps(&path, vec![base, None]);
        let answer = self.say(&format!("DELE {path}")).await?;
        let expected = if was_there { 250 } else { 550 };
        assert_eq!(answer.code, expected, "{path}: {answer:?}");
        self.own.insert(path, Known::Surely(None));
        Some(())
    }

    async fn delete_shared(&mut self) -> Option<()> {
        let is_mixed = self.chance.random_ratio(1, 3);
        let path = self.shared_name(is_mixed);
        let answer = self.say(&format!("DELE {path}")).await?;
        assert!([250, 450, 550].contains(&answer.code), "{answer:?}");
        Some(())
    }

    async fn rename_own(&mut self) -> Option<()> {
        let (Some((from, moved)), Some((to, replaced))) = (self.own_file(), self.own_file()) else {
            return self.ask().await;
        };
        let answer = self.say(&format!("RNFR {from}")).await?;
        let expected = if moved.is_some() { 350 } else { 550 };
        assert_eq!(answer.code, expected, "{from}: {answer:?}");
        if moved.is_none() {
            return Some(());
        }
        if from != to {
            self.perhaps(&from, vec![moved.clone(), None]);
            self.perhaps(&to, vec![replaced, moved.clone()]);
        }
        let answer = self.say(&format!("RNTO {to}")).await?;
        assert_eq!(answer.code, 250, "{from} to {to}: {answer:?}");
        self.own.insert(from, Known::Surely(None));
        self.own.insert(to, Known::Surely(moved));
        Some(())
    }

    async fn rename_shared(&mut self) -> Option<()> {
        let is_mixed = self.chance.random_ratio(1, 3);
        let (from, to) = (self.shared_name(is_mixed), self.shared_name(is_mixed));
        let answer = self.say(&format!("RNFR {from}")).await?;
        assert!([350, 550].contains(&answer.code), "{answer:?}");
        if answer.code == 350 {
            let answer = self.say(&format!("RNTO {to}")).await?;
            assert!([250, 450, 550, 553].contains(&answer.code), "{answer:?}");
        }
        Some(())
    }

    async fn change_folders(&mut self) -> Option<()> {
        if self.chance.random_ratio(1, 2) {
            let verb = if self.chance.random_ratio(1, 2) {
                "MKD"
            } else {
                "RMD"
            };
            let answer = self.say(&format!("{verb} pub")).await?;
            let expected = [250, 257, 450, 521, 550];
            assert!(expected.contains(&answer.code), "{answer:?}");
            return Some(());
        }
        let (verb, expected): (_, &[u16]) = match self.has_folder {
            Some(true) => ("RMD", &[250]),
            Some(false) => ("MKD", &[257]),
            None => ("MKD", &[257, 521, 550]),
        };
        let answer = self.say(&format!("{verb} x{}", self.number)).await?;
        assert!(expected.contains(&answer.code), "{verb}: {answer:?}");
        self.has_folder = Some(verb == "MKD");
        Some(())
    }

    async fn read_own(&mut self) -> Option<()> {
        let Some((path, base)) = self.own_file() else {
            return self.ask().await;
        };
        let read = self.read(&path).await?;
        let read = read.map(|file| pieces(&file).unwrap_or_else(|wrong| panic!("{path}: {wrong}")));
        assert_eq!(read, base, "{path}");
        Some(())
    }

    /// Nobody continues these files, so whoever reads one reads the whole of it.
    async fn read_shared(&mut self) -> Option<()> {
        let path = self.shared_name(false);
        if let Some(file) = self.read(path).await? {
            let judged = self.shared.chronicle.judge(self.account, &file);
            judged.unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
        }
        Some(())
    }

    /// What the server tells is never more than may be.
    async fn ask(&mut self) -> Option<()> {
        let answer = self.say("SITE QUOTA").await?;
        let quota = Quota::of(&answer);
        let own = self.shared.accounts[self.account].most();
        let pool = self.shared.pools[self.account / 2].most();
        for (used, most) in [(quota.used, own), (quota.pool_used, pool)] {
            assert!(used.bytes <= most.bytes, "{used:?} of {most:?}");
            assert!(used.files <= most.files, "{used:?} of {most:?}");
        }
        let free = self.say("AVBL").await?;
        let free: u64 = free.text().parse().expect("a number");
        assert!(free <= own.bytes.min(pool.bytes), "{free}");
        Some(())
    }

    async fn say(&mut self, line: &str) -> Option<Reply> {
        self.session.as_mut()?.try_say(line).await
    }

    /// A whole file; `None` inside if there is none.
    async fn read(&mut self, path: &str) -> Option<Option<Vec<u8>>> {
        let session = self.session.as_mut()?;
        let data = open(session).await?;
        let opening = session.try_say(&format!("RETR {path}")).await?;
        if opening.code != 150 {
            assert_eq!(opening.code, 550, "{path}: {opening:?}");
            return Some(None);
        }
        let mut pipe = dress(session, data).await?;
        let file = pipe.read_all().await;
        pipe.finish().await;
        let closing = session.reply_or_end().await?;
        assert_eq!(closing.code, 226, "{path}: {closing:?}");
        Some(Some(file.expect("a file that was sent")))
    }

    fn plan(&mut self, wish: Wish) -> Plan {
        let Wish {
            path,
            is_own,
            mode,
            announces,
            may_stand,
        } = wish;
        let length = self.choose_length(mode);
        let ending = self.choose_ending(length);
        let sent = match ending {
            Ending::Proper => length,
            _ => self.chance.random_range(LEAST..=length),
        };
        let number = self.shared.chronicle.begin(Upload {
            account: self.account,
            path: format!("/{path}"),
            mode,
            length,
            sent,
            is_broken_off: ending != Ending::Proper,
            fate: Fate::Running,
        });
        let mut lines = Vec::new();
        if announces == Announces::Length {
            lines.push(format!("ALLO {length}"));
        }
        if let Mode::At(offset) = mode {
            lines.push(format!("REST {offset}"));
        }
        lines.push(match mode {
            Mode::End => format!("APPE {path}"),
            _ if path.is_empty() => "STOU".to_owned(),
            _ => format!("STOR {path}"),
        });
        Plan {
            number,
            path,
            is_own,
            lines,
            mode,
            length,
            sent,
            ending,
            may_replace: may_stand && mode == Mode::Whole,
        }
    }

    /// Uploads; `name` becomes what the server calls the file. `None` if the server is gone.
    async fn carry_out(&mut self, plan: &Plan, name: &mut String) -> Option<Heard> {
        let bounds = [
            Arc::clone(&self.shared.accounts[self.account]),
            Arc::clone(&self.shared.pools[self.account / 2]),
        ];
        if plan.may_replace {
            for bound in &bounds {
                bound.begin_replacing();
            }
        }
        let heard = self.upload(plan, name).await?;
        let fate = match heard {
            Heard::Stored => Fate::Stored(Instant::now()),
            Heard::Refused | Heard::RefusedMidway => Fate::Refused,
            Heard::BrokenOff => Fate::BrokenOff,
        };
        self.shared.chronicle.end(plan.number, fate);
        // What was broken off may be wound up behind the client's back.
        if plan.may_replace && heard != Heard::BrokenOff {
            for bound in &bounds {
                bound.end_replacing();
            }
        }
        Some(heard)
    }

    async fn upload(&mut self, plan: &Plan, name: &mut String) -> Option<Heard> {
        let session = self.session.as_mut()?;
        let data = open(session).await?;
        let (command, before) = plan.lines.split_last().expect("a command");
        for line in before {
            let answer = session.try_say(line).await?;
            if answer.code == 552 {
                return Some(Heard::Refused);
            }
            assert!([200, 350].contains(&answer.code), "{line}: {answer:?}");
        }
        let opening = session.try_say(command).await?;
        if opening.code != 150 {
            plan.assert_among(&opening, (&OWN_BEFORE, &SHARED_BEFORE));
            return Some(Heard::Refused);
        }
        if plan.path.is_empty() {
            let chosen = opening.text().strip_prefix("FILE: ").expect("a name");
            chosen.clone_into(name);
            let chronicle = &self.shared.chronicle;
            chronicle.name(plan.number, format!("/{chosen}"));
        }
        let mut pipe = dress(session, data).await?;
        let bytes = text(plan.number, plan.length);
        let _refused_midway = pipe.write_all(&bytes[..plan.sent]).await;
        let _refused_midway = pipe.flush().await;
        let answer = match plan.ending {
            Ending::Proper => {
                pipe.finish().await;
                session.reply_or_end().await?
            }
            Ending::Abor => {
                let answer = session.try_say("ABOR").await?;
                drop(pipe);
                let mut more = session.try_say("NOOP").await?;
                while more.code != 200 {
                    more = session.reply_or_end().await?;
                }
                answer
            }
            Ending::Reset => {
                pipe.reset();
                session.reply_or_end().await?
            }
            Ending::Vanish => {
                pipe.reset();
                session.reset();
                self.session = None;
                return Some(Heard::BrokenOff);
            }
        };
        Some(plan.heard(&answer))
    }

    /// What is known of the file of `plan` now, after it was `base`.
    fn learned(&self, plan: &Plan, base: Option<Vec<Piece>>, heard: Option<Heard>) -> Known {
        let before = base.clone().unwrap_or_default();
        let kept = match plan.mode {
            Mode::Whole => Vec::new(),
            Mode::At(offset) => cut(&before, offset),
            Mode::End => before,
        };
        let whole = Some(followed(&kept, plan.number, plan.length));
        let is_in_place = plan.mode != Mode::Whole && base.is_some();
        let mut candidates = vec![base.clone()];
        if is_in_place {
            candidates.push(Some(kept.clone()));
        }
        let keeps_parts = self.shared.chronicle.keeps_parts();
        let part = match heard {
            Some(Heard::Stored) => return Known::Surely(whole),
            Some(Heard::Refused) => return Known::Surely(base),
            Some(Heard::RefusedMidway | Heard::BrokenOff) if !is_in_place && !keeps_parts => {
                return Known::Surely(base);
            }
            Some(Heard::RefusedMidway) => None,
            Some(Heard::BrokenOff) => keeps_parts.then_some((kept, plan.number)),
            None => {
                if plan.sent == plan.length {
                    candidates.push(whole);
                }
                let may_be_kept = keeps_parts && plan.ending != Ending::Proper;
                (is_in_place || may_be_kept).then_some((kept, plan.number))
            }
        };
        Known::Perhaps { candidates, part }
    }

    fn perhaps(&mut self, path: &str, candidates: Vec<Option<Vec<Piece>>>) {
        let part = None;
        let known = Known::Perhaps { candidates, part };
        self.own.insert(path.to_owned(), known);
    }

    /// One of the files of this session of which it knows what they are.
    fn own_file(&mut self) -> Option<(String, Option<Vec<Piece>>)> {
        let sure: Vec<_> = self
            .own
            .iter()
            .filter_map(|(name, known)| match known {
                Known::Surely(pieces) => Some((name, pieces)),
                Known::Perhaps { .. } => None,
            })
            .collect();
        let (name, pieces) = sure.choose(&mut self.chance)?;
        Some(((*name).clone(), (*pieces).clone()))
    }

    fn shared_name(&mut self, is_mixed: bool) -> &'static str {
        let names: &[&str] = if is_mixed { &MIXED } else { &WHOLE };
        names.choose(&mut self.chance).expect("a name")
    }

    fn choose_length(&mut self, mode: Mode) -> usize {
        if mode == Mode::Whole && self.chance.random_ratio(1, 30) {
            return 0;
        }
        let range = match self.chance.random_range(0..10) {
            0..4 => LEAST..2_000,
            4..8 => 2_000..60_000,
            8 => 60_000..200_000,
            _ => 200_000..400_000,
        };
        self.chance.random_range(range)
    }

    fn choose_ending(&mut self, length: usize) -> Ending {
        if length < LEAST {
            return Ending::Proper;
        }
        match self.chance.random_range(0..100) {
            0..7 => Ending::Abor,
            7..14 => Ending::Reset,
            14..19 => Ending::Vanish,
            _ => Ending::Proper,
        }
    }
}

impl Plan {
    fn heard(&self, answer: &Reply) -> Heard {
        match (answer.code, self.ending) {
            (226, Ending::Proper) => Heard::Stored,
            (426, Ending::Abor | Ending::Reset) => Heard::BrokenOff,
            _ => {
                self.assert_among(answer, (&OWN_AFTER, &SHARED_AFTER));
                assert_ne!(answer.code, 226, "half an upload is no upload");
                Heard::RefusedMidway
            }
        }
    }

    fn assert_among(&self, answer: &Reply, (own, shared): (&[u16], &[u16])) {
        let expected = if self.is_own { own } else { shared };
        let is_expected = expected.contains(&answer.code);
        assert!(is_expected, "{:?}: {answer:?}", self.lines);
    }
}

/// A data connection that waits for its command.
async fn open(session: &mut FtpClient) -> Option<tokio::net::TcpStream> {
    let passive = session.try_say("EPSV").await?;
    assert_eq!(passive.code, 229, "{passive:?}");
    let port = SocketAddr::new(session.server.ip(), epsv_port(passive.text()));
    dial(session.local, port).await.ok()
}

async fn dress(session: &FtpClient, data: tokio::net::TcpStream) -> Option<Pipe> {
    if session.private {
        return session.encrypt(data).await.ok();
    }
    Some(Pipe::Plain(data))
}
