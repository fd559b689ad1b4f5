//! The built binary as a process of its own, on a data folder that outlives it: a test kills it and
//! starts it again. FTP is on a port of the system's choice, which the process prints.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;

use quaymaster::clock::{Clock, SystemClock};
use quaymaster::events::Events;
use quaymaster::model::{Actor, JournalEntry, JournalQuery, Usage};
use quaymaster::settings::{LiveOptions, LiveSettings};
use quaymaster::store::{DatabaseUrl, Db};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::disk::{self, entries, name};
use super::ftp_client::{FtpClient, PATIENCE};
use super::server::{PASSWORD, free_range};

/// A data folder, and the process that serves it if one does.
pub(crate) struct Installation {
    folder: TempDir,
    passive_ports: String,
    environment: Vec<(&'static str, &'static str)>,
    largest_file: Option<u64>,
    /// Options of `strace`, if the server runs under it.
    trace: Option<Vec<String>>,
    /// Where the database is, if it is not in the data folder.
    database: Option<DatabaseUrl>,
    process: Option<Process>,
    ftp: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    web: Option<SocketAddr>,
}

/// Where a process says that it is.
struct Announced {
    ftp: SocketAddr,
    metrics: Option<SocketAddr>,
    web: Option<SocketAddr>,
    /// The rest of its output.
    output: BufReader<ChildStdout>,
}

/// A process that does not outlive its test, and what writes down what it prints.
struct Process {
    child: Child,
    /// The server itself, which may be a child of the child.
    server: Pid,
    scribe: Option<JoinHandle<()>>,
}

impl Installation {
    /// An empty one with `ports` passive ports. Nothing runs yet.
    pub(crate) fn new(ports: u16) -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
            passive_ports: free_range(ports).to_string(),
            environment: Vec::new(),
            largest_file: None,
            trace: None,
            database: None,
            process: None,
            ftp: None,
            metrics: None,
            web: None,
        }
    }

    /// The same with its database elsewhere.
    pub(crate) fn with_database(mut self, url: DatabaseUrl) -> Self {
        self.database = Some(url);
        self
    }

    /// The same with further variables of the environment.
    pub(crate) fn with_environment(mut self, facts: &[(&'static str, &'static str)]) -> Self {
        self.environment.extend(facts);
        self
    }

    /// The same on a file system that takes no file beyond so many bytes.
    pub(crate) fn with_largest_file(mut self, bytes: u64) -> Self {
        self.largest_file = Some(bytes);
        self
    }

    /// The same under `strace` with `options`; what it sees is told by [`Self::traced`].
    pub(crate) fn under_strace(mut self, options: &[&str]) -> Self {
        self.trace = Some(options.iter().map(|&option| option.to_owned()).collect());
        self
    }

    /// Changes settings while no server runs.
    pub(crate) async fn set(&self, changes: &[(&str, &str)]) {
        let changes = changes.iter().copied();
        let changes: Vec<(String, String)> = changes
            .chain([("passive_ports", self.passive_ports.as_str())])
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .collect();
        let db = self.open_database().await;
        let now = SystemClock.now();
        let settings = LiveSettings::open(db, Events::new(), LiveOptions::default(), now);
        let settings = settings.await.expect("settings");
        let stored = settings.change(&Actor::system(), &changes, now).await;
        stored.expect("settings that fit");
    }

    /// Lets every account that is on the default plan have what it likes, while no server runs.
    pub(crate) async fn lift_limits(&self) {
        let db = self.open_database().await;
        let plan = db.default_plan().await.expect("a plan");
        let mut plan = plan.expect("a plan");
        plan.account.sessions = None;
        plan.max_accounts = None;
        let mut tx = db.begin().await.expect("a transaction");
        let saved = tx.save_plan(&plan, SystemClock.now()).await;
        saved.expect("a plan");
        tx.commit().await.expect("a plan");
        db.close().await;
    }

    /// Limits what every account on the default plan may download in a month, while no server runs.
    pub(crate) async fn limit_downloads(&self, bytes: u64) {
        let db = self.open_database().await;
        let plan = db.default_plan().await.expect("a plan");
        let mut plan = plan.expect("a plan");
        plan.account.traffic.down = Some(bytes);
        let mut tx = db.begin().await.expect("a transaction");
        let saved = tx.save_plan(&plan, SystemClock.now()).await;
        saved.expect("a plan");
        tx.commit().await.expect("a plan");
        db.close().await;
    }

    /// Starts the server and waits until it is ready; tells where its FTP is.
    pub(crate) async fn start(&mut self) -> SocketAddr {
        assert!(self.process.is_none(), "a server is running already");
        let mut log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.log())
            .expect("a log");
        let child = self
            .server()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("a log"))
            .spawn();
        let child = child.expect("a process");
        let mut process = Process {
            server: Pid::from_child(&child),
            child,
            scribe: None,
        };
        let output = process.child.stdout.take().expect("its output");
        let announced = timeout(PATIENCE, spawn_blocking(|| announced(output))).await;
        let Ok(Ok(Some(Announced {
            ftp,
            metrics,
            web,
            mut output,
        }))) = announced
        else {
            panic!("the server did not start:\n{}", self.told());
        };
        self.ftp = Some(ftp);
        self.metrics = metrics;
        self.web = web;
        if self.trace.is_some() {
            process.server = only_child(process.server);
        }
        process.scribe = Some(std::thread::spawn(move || {
            let _all = std::io::copy(&mut output, &mut log);
        }));
        self.process = Some(process);
        ftp
    }

    /// Where the running server tells its metrics.
    pub(crate) fn metrics(&self) -> SocketAddr {
        self.metrics.expect("metrics")
    }

    /// Where the FTP of the running server is.
    pub(crate) fn ftp(&self) -> SocketAddr {
        self.ftp.expect("a server")
    }

    /// Where the running server has its pages.
    pub(crate) fn web(&self) -> SocketAddr {
        self.web.expect("pages")
    }

    /// The database, beside the server or without it.
    pub(crate) async fn open_database(&self) -> Db {
        let beside = || DatabaseUrl::sqlite(&self.data().join("quaymaster.db"));
        let url = self.database.clone().unwrap_or_else(beside);
        Db::open(&url).await.expect("the database")
    }

    /// What the running process holds open: sockets, and files beneath the homes.
    pub(crate) fn descriptors(&self) -> Vec<String> {
        let process = self.process.as_ref().expect("a running server");
        let folder = format!("/proc/{}/fd", process.server.as_raw_nonzero());
        let links = std::fs::read_dir(folder).expect("a process");
        let links = links.filter_map(|link| std::fs::read_link(link.ok()?.path()).ok());
        let targets = links.map(|target| target.to_string_lossy().into_owned());
        let homes = self.files().to_string_lossy().into_owned();
        targets
            .filter(|target| target.starts_with("socket:") || target.starts_with(&homes))
            .collect()
    }

    /// Kills the server: it gets no time for anything.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take().expect("a running server"));
    }

    /// Stops the server as an operator does.
    pub(crate) async fn stop(&mut self) {
        let mut process = self.process.take().expect("a running server");
        kill_process(process.server, Signal::TERM).expect("a signal");
        let ended = spawn_blocking(move || {
            let status = process.child.wait();
            process
                .scribe
                .take()
                .expect("a scribe")
                .join()
                .expect("a log");
            status
        });
        let status: ExitStatus = timeout(PATIENCE, ended)
            .await
            .expect("an end in time")
            .expect("an end")
            .expect("a status");
        assert!(status.success(), "{status}:\n{}", self.told());
    }

    /// Makes an account that may log in without TLS, with further options of the command line.
    pub(crate) async fn account(&self, name: &str, options: &[&str]) {
        let create = ["account", "create", name, "--customer", "Harbour"];
        let usual = ["--allow-plain", "--password-stdin"];
        self.run(&[&create[..], &usual, options].concat()).await;
    }

    /// Runs another command of the binary on the same data folder; what it printed. It finds the
    /// password of every test on its standard input.
    pub(crate) async fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same for a command that may fail.
    pub(crate) async fn try_run(&self, arguments: &[&str]) -> Output {
        let child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("a process");
        let mut input = child.stdin.take().expect("its input");
        // A command that needs no password may have ended without reading it.
        let _unread = writeln!(input, "{PASSWORD}");
        drop(input);
        let ended = timeout(PATIENCE, spawn_blocking(move || child.wait_with_output()));
        let output = ended.await.expect("in time").expect("an end");
        output.expect("an output")
    }

    /// A file of the installation's folder with this text; its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path of letters").to_owned()
    }

    /// The home of an account on the disk.
    pub(crate) fn home(&self, account: &str) -> PathBuf {
        let prefix = format!("{account}-");
        let customers = entries(&self.files());
        let mut homes = customers.iter().flat_map(|folder| entries(folder));
        homes
            .find(|path| name(path).starts_with(&prefix))
            .unwrap_or_else(|| panic!("{account} has no home"))
    }

    /// What stands on the disk, counted by walking over it; staged uploads left out.
    pub(crate) fn disk(&self) -> Usage {
        disk::used(&self.files())
    }

    /// Staged uploads on the disk.
    pub(crate) fn staged(&self) -> Vec<PathBuf> {
        disk::staged(&self.files())
    }

    /// What the database says that all accounts use, and whether that may be behind the disk.
    pub(crate) async fn recorded(&self) -> (Usage, bool) {
        let db = self.open_database().await;
        let briefs = db.account_briefs(None, 100).await.expect("usage figures");
        db.close().await;
        let mut recorded = (Usage::default(), false);
        for brief in briefs {
            recorded.0.bytes += brief.usage.bytes;
            recorded.0.files += brief.usage.files;
            recorded.1 |= brief.dirty;
        }
        recorded
    }

    /// The rows of the journal, latest first, while no server runs.
    pub(crate) async fn journal(&self) -> Vec<JournalEntry> {
        let url = DatabaseUrl::sqlite(&self.data().join("quaymaster.db"));
        let db = Db::open(&url).await.expect("the database");
        let query = JournalQuery {
            limit: 1_000,
            ..JournalQuery::default()
        };
        let rows = db.transfers(&query).await.expect("the journal");
        db.close().await;
        rows
    }

    /// The process id of the running server.
    pub(crate) fn pid(&self) -> u32 {
        let process = self.process.as_ref().expect("a running server");
        process.server.as_raw_nonzero().get().unsigned_abs()
    }

    /// Bytes of memory that the running server holds.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a process");
        let mut lines = status.lines();
        let resident = lines.find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes.expect("a figure").parse().expect("a number");
        kilobytes * 1_024
    }

    /// What `strace` has seen.
    pub(crate) fn traced(&self) -> String {
        std::fs::read_to_string(self.trace_log()).unwrap_or_default()
    }

    /// What the process has logged.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The command that runs the server, under `strace` if wanted.
    fn server(&self) -> Command {
        let serve = self.command(&["serve"]);
        let Some(options) = &self.trace else {
            return serve;
        };
        let mut traced = Command::new("strace");
        traced.arg("-f").arg("-o").arg(self.trace_log());
        traced.args(options).arg(serve.get_program());
        traced.args(serve.get_args());
        for (name, value) in serve.get_envs() {
            match value {
                Some(value) => traced.env(name, value),
                None => traced.env_remove(name),
            };
        }
        traced
    }

    fn trace_log(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_quaymaster");
        let mut command = match self.largest_file {
            None => Command::new(binary),
            Some(bytes) => {
                // The limit is inherited, and what the system says beyond it is an error and no death.
                let mut shell = Command::new("sh");
                let script = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
                shell.args(["-c", script, &(bytes / 512).to_string(), binary]);
                shell
            }
        };
        let facts = std::env::vars_os().map(|(name, _)| name);
        for fact in facts.filter(|name| name.as_encoded_bytes().starts_with(b"QUAYMASTER_")) {
            command.env_remove(fact);
        }
        command
            .envs(self.environment.iter().copied())
            .args(arguments)
            .env("QUAYMASTER_DATA_DIR", self.data())
            .env("QUAYMASTER_FTP_LISTEN", "127.0.0.1:0")
            .env("QUAYMASTER_FTPS_LISTEN", "off")
            .env("QUAYMASTER_WEB_LISTEN", "127.0.0.1:0")
            .env("QUAYMASTER_METRICS_LISTEN", "127.0.0.1:0")
            .env("QUAYMASTER_PASSIVE_PORTS", &self.passive_ports);
        match &self.database {
            Some(DatabaseUrl::Postgres(url)) => {
                command.env("QUAYMASTER_DATABASE_URL", url.expose());
            }
            Some(DatabaseUrl::Sqlite(_)) | None => {}
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn files(&self) -> PathBuf {
        self.data().join("files")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The number of a process that has ended may be somebody else's by now.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ended = kill_process(self.server, Signal::KILL);
        }
        let _ended_before = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The process that `parent` has started.
fn only_child(parent: Pid) -> Pid {
    let parent = parent.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children = children.expect("children");
    let child = children.split_whitespace().next().expect("a child");
    Pid::from_raw(child.parse().expect("a process id")).expect("a process id")
}

/// Reads what a server prints until it has said where everything is. `None` if it ends before that.
fn announced(output: ChildStdout) -> Option<Announced> {
    let mut output = BufReader::new(output);
    let (mut ftp, mut metrics) = (None, None);
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(address) = line.strip_prefix("FTP (explicit TLS)") {
            ftp = address.trim().parse().ok();
        }
        if let Some(address) = line.strip_prefix("Health and metrics") {
            metrics = address.trim().parse().ok();
        }
        if line.starts_with("Administration") {
            let page = line.split_once("http://").map(|(_, page)| page);
            let web = page.and_then(|page| page.split('/').next()?.parse().ok());
            return Some(Announced {
                ftp: ftp?,
                metrics,
                web,
                output,
            });
        }
    }
}

/// What the books say that the account of a session uses.
pub(crate) async fn booked(ftp: &mut FtpClient) -> Usage {
    let quota = ftp.expect("SITE QUOTA", 200).await;
    let figure = |line: usize, unit: &str| {
        let (_, rest) = quota.lines[line].split_once(unit).expect("a unit");
        let figure = rest.split(' ').next().expect("a figure");
        figure.parse().expect("a number")
    };
    Usage {
        bytes: figure(1, "bytes used="),
        files: figure(2, "files used="),
    }
}
