//! Where the load runs: a server with four accounts of two customers, an administrator who changes
//! their limits meanwhile, and what is compared when everybody rests.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use quaymaster::clock::{Clock, SystemClock, Timestamp};
use quaymaster::model::{AccountId, JournalEntry, JournalQuery, Operation, TransferResult, Usage};
use quaymaster::store::{DatabaseUrl, Db};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::chronicle::{Chronicle, Deliveries, Fate, Interrupted, deliveries};
use super::quota::Quota;
use super::rider::{Rider, Shared};
use crate::support::desk::Desk;
use crate::support::disk;
use crate::support::ftp_client::FtpClient;
use crate::support::held::assert_at_rest;
use crate::support::process::Installation;
use crate::support::sampler::{Bound, Sampled, Sampler, Scope};
use crate::support::server::PASSWORD;

const ACCOUNTS: usize = 4;
const SESSIONS: usize = 16;
const OWNER: &str = "owner@example.net";
/// What the administrator chooses from, for an account and for a customer: what all want to store
/// does not fit. The pages take nothing between 0 and 1 MiB.
const BYTES: [u64; 4] = [1_048_577, 1_300_003, 1_700_000, 2_100_001];
const FILES: [u64; 3] = [12, 15, 18];
const POOL_BYTES: [u64; 4] = [1_500_001, 2_200_000, 2_600_007, 3_100_000];
const POOL_FILES: [u64; 3] = [22, 27, 32];
/// A limit that was set is in force for good so soon.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(5);
/// A client that read 226 so long before a kill finds its upload in the journal.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// A server under load.
pub(super) struct Place {
    installation: Installation,
    desk: Desk,
    /// Limits of each account and of each customer that may be in force: more than one after a
    /// change of which nobody heard whether it was made.
    limits: Vec<Vec<Usage>>,
    /// Their pages.
    forms: Vec<String>,
    accounts: Vec<AccountId>,
    shared: Arc<Shared>,
    riders: Vec<Rider>,
    /// Sessions that look on, one for each account.
    watchers: Vec<FtpClient>,
    chance: StdRng,
    sampler: Option<Sampler>,
    sampled: Sampled,
    /// Uploads that were confirmed a while before a kill.
    outlived: usize,
}

/// A round of errands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// For each session.
    pub(super) errands: usize,
    /// The server is killed after so many of all sessions, if at all.
    pub(super) killed_after: Option<u64>,
}

impl Place {
    /// A server that has been used by nobody, on SQLite or in the database at `url`.
    pub(super) async fn open(seed: u64, url: Option<DatabaseUrl>) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut installation = Installation::new(40);
        if let Some(url) = url {
            installation = installation.with_database(url);
        }
        let interrupted = if chance.random_ratio(1, 2) {
            Interrupted::Kept
        } else {
            Interrupted::Discarded
        };
        println!("interrupted uploads: {interrupted:?}");
        create(&installation, interrupted).await;
        let (accounts, forms) = pages(&installation.open_database().await).await;
        let own = Usage {
            bytes: BYTES[2],
            files: FILES[1],
        };
        let bounds = |count| (0..count).map(|_| Arc::new(Bound::new(own))).collect();
        let shared = Arc::new(Shared {
            chronicle: Chronicle::new(interrupted),
            accounts: bounds(ACCOUNTS),
            pools: bounds(ACCOUNTS / 2),
            done: watch::Sender::new(0),
            is_killed: AtomicBool::new(false),
        });
        let riders = (0..SESSIONS)
            .map(|number| Rider::new(number, number % ACCOUNTS, Arc::clone(&shared), seed));
        let riders = riders.collect();
        installation.start().await;
        let desk = Desk::sign_in(installation.web(), OWNER).await;
        let mut place = Self {
            installation,
            desk,
            limits: vec![vec![own]; ACCOUNTS],
            forms,
            accounts,
            shared,
            riders,
            watchers: Vec::new(),
            chance,
            sampler: None,
            sampled: Sampled::default(),
            outlived: 0,
        };
        place.limits.resize(ACCOUNTS + ACCOUNTS / 2, Vec::new());
        for customer in 0..ACCOUNTS / 2 {
            place.change_limit(ACCOUNTS + customer).await;
        }
        place.watch().await;
        place.enter().await;
        for rider in &mut place.riders {
            rider.furnish().await;
        }
        place.audit("at first").await;
        place.start_sampling();
        place
    }

    /// Has all sessions do their errands, and compares everything when they rest, or after the
    /// server has been killed and started again.
    pub(super) async fn round(&mut self, round: Round) {
        let begun = self.shared.chronicle.count();
        let begun_at = SystemClock.now();
        self.enter().await;
        let over = CancellationToken::new();
        let riders = std::mem::take(&mut self.riders);
        let mut changes = Changes {
            desk: &mut self.desk,
            web: self.installation.web(),
            forms: &self.forms,
            limits: &mut self.limits,
            shared: &self.shared,
            chance: &mut self.chance,
        };
        let mut done = self.shared.done.subscribe();
        let end = round.killed_after.map(|errands| *done.borrow() + errands);
        let (installation, shared) = (&mut self.installation, &self.shared);
        let killing = async {
            let end = end?;
            done.wait_for(|done| *done >= end).await.expect("errands");
            shared.is_killed.store(true, Ordering::SeqCst);
            installation.kill();
            Some(Instant::now())
        };
        let (riders, (), killed_at) = tokio::join!(
            ride(riders, round.errands, &over),
            changes.make(&over),
            killing
        );
        self.riders = riders;
        if let Some(killed_at) = killed_at {
            self.revive().await;
            self.audit("after a kill").await;
            self.assert_journal((begun, begun_at), killed_at).await;
        } else {
            self.audit("after a round").await;
        }
    }

    /// Starts a server that was killed. Whoever comes first finds books that equal the disk, and
    /// nothing that uploads have left.
    async fn revive(&mut self) {
        self.shared.chronicle.lose();
        self.watchers.clear();
        self.riders.iter_mut().for_each(Rider::leave);
        self.installation.start().await;
        self.shared.is_killed.store(false, Ordering::SeqCst);
        assert_eq!(self.installation.staged(), [] as [PathBuf; 0]);
        self.watch().await;
    }

    /// Ends the load; tells what happened.
    pub(super) async fn close(mut self) -> String {
        if let Some(sampler) = self.sampler.take() {
            self.sampled = sampler.stop();
        }
        self.assert_filled_to_the_byte().await;
        self.audit("in the end").await;
        self.watchers.clear();
        self.riders.clear();
        let stored = self.installation.disk();
        self.installation.stop().await;
        assert_eq!(self.installation.recorded().await, (stored, false));
        let told = self.installation.told();
        assert!(!told.contains("panicked"), "{told}");
        let uploads = self.shared.chronicle.since(0);
        let count = |counts: fn(&Fate) -> bool| {
            let fates = uploads.iter().map(|upload| upload.fate);
            fates.filter(counts).count()
        };
        format!(
            "{} errands, {} uploads: {} stored, {} refused, {} broken off, {} lost in a kill, {} \
             confirmed a while before one; {} samples of the disk, the fullest at {} % of its limit",
            *self.shared.done.borrow(),
            uploads.len(),
            count(|fate| matches!(fate, Fate::Stored(_))),
            count(|fate| *fate == Fate::Refused),
            count(|fate| *fate == Fate::BrokenOff),
            count(|fate| *fate == Fate::Unknown),
            self.outlived,
            self.sampled.samples,
            self.sampled.fullest
        )
    }

    /// Everybody rests: the books equal the disk in both scopes, nothing is held or staged, every
    /// file is what somebody brought, and the sessions find what they left.
    async fn audit(&mut self, when: &str) {
        let connected = self.riders.iter().filter(|rider| rider.is_connected());
        let sessions = connected.count() + self.watchers.len();
        assert_at_rest(self.installation.metrics(), sessions, when).await;
        assert_eq!(self.installation.staged(), [] as [PathBuf; 0], "{when}");
        let stored: Vec<Usage> = (0..ACCOUNTS)
            .map(|account| disk::used(&self.home(account)))
            .collect();
        for account in 0..ACCOUNTS {
            let customer = account / 2;
            let pool = sum(&stored[2 * customer..2 * customer + 2]);
            let quota = self.quota(account).await;
            assert_eq!(quota.used, stored[account], "{when}: account {account}");
            assert_eq!(quota.pool_used, pool, "{when}: customer {customer}");
            self.learn_limit(account, quota.limit);
            self.learn_limit(ACCOUNTS + customer, quota.pool_limit);
            let free = |limit: Usage, used: Usage| limit.bytes.saturating_sub(used.bytes);
            let free = free(quota.limit, quota.used).min(free(quota.pool_limit, pool));
            let told = self.watchers[account].expect("AVBL", 213).await;
            assert_eq!(told.text(), free.to_string(), "{when}: account {account}");
            self.shared.accounts[account].set(larger(quota.limit, quota.used));
            self.shared.pools[customer].set(larger(quota.pool_limit, pool));
            self.shared
                .chronicle
                .judge_home(account, &self.home(account));
        }
        for number in 0..self.riders.len() {
            let home = self.home(self.riders[number].account());
            self.riders[number].settle(&home);
        }
    }

    /// What was confirmed a while before a kill is in the journal, and nothing that never was.
    async fn assert_journal(&mut self, (begun, begun_at): (usize, Timestamp), killed_at: Instant) {
        let uploads = self.shared.chronicle.since(begun);
        let confirmed = deliveries(&uploads, |upload| match upload.fate {
            Fate::Stored(at) => at + WRITTEN_WITHIN < killed_at,
            _ => false,
        });
        let possible = deliveries(&uploads, |upload| match upload.fate {
            Fate::Stored(_) => true,
            Fate::Unknown => upload.sent == upload.length,
            _ => false,
        });
        self.outlived += confirmed.values().sum::<usize>();
        let written = self.journal(begun_at).await;
        for (upload, count) in &confirmed {
            let written = written.get(upload).copied().unwrap_or_default();
            assert!(written >= *count, "{upload:?} is not in the journal");
        }
        for (upload, count) in &written {
            let possible = possible.get(upload).copied().unwrap_or_default();
            assert!(*count <= possible, "{upload:?} was never completed");
        }
    }

    /// Uploads that the journal calls complete.
    async fn journal(&self, from: Timestamp) -> Deliveries {
        let db = self.installation.open_database().await;
        let query = JournalQuery {
            from: Some(from),
            result: Some(TransferResult::Complete),
            limit: 100_000,
            ..JournalQuery::default()
        };
        let rows = db.transfers(&query).await.expect("the journal");
        db.close().await;
        let is_upload =
            |row: &JournalEntry| [Operation::Upload, Operation::Append].contains(&row.operation);
        let mut written = Deliveries::new();
        for row in rows.into_iter().filter(is_upload) {
            let account = self.accounts.iter().position(|id| *id == row.account_id);
            let key = (account.expect("an account"), row.path, row.bytes);
            *written.entry(key).or_default() += 1;
        }
        written
    }

    /// What is free can be used to the last byte, and not one byte more can.
    async fn assert_filled_to_the_byte(&mut self) {
        for account in 0..ACCOUNTS {
            let watcher = &mut self.watchers[account];
            let quota = Quota::of(&watcher.say("SITE QUOTA").await);
            let is_full =
                |used: Usage, limit: Usage| used.files >= limit.files || used.bytes >= limit.bytes;
            if is_full(quota.used, quota.limit) || is_full(quota.pool_used, quota.pool_limit) {
                continue;
            }
            let free = watcher.expect("AVBL", 213).await;
            let free: usize = free.text().parse().expect("a number");
            let refused = watcher.upload("STOR more", &vec![b'+'; free + 1]).await;
            let stored = watcher.upload("STOR all", &vec![b'='; free]).await;
            let told = watcher.expect("AVBL", 213).await;
            watcher.expect("DELE all", 250).await;
            assert_eq!((refused.code, stored.code), (552, 226), "account {account}");
            assert_eq!(told.text(), "0", "account {account}");
        }
    }

    /// What the server tells once the limits that were set are in force: whoever looks an account up
    /// in the moment of a change can put the former limit of its customer in force until the change
    /// is noticed, which takes less than a second.
    async fn quota(&mut self, account: usize) -> Quota {
        let since = Instant::now();
        loop {
            let quota = Quota::of(&self.watchers[account].say("SITE QUOTA").await);
            let is_known = self.limits[account].contains(&quota.limit)
                && self.limits[ACCOUNTS + account / 2].contains(&quota.pool_limit);
            if is_known || since.elapsed() > IN_FORCE_WITHIN {
                return quota;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The server says which limit is in force; it must be one that somebody has set.
    fn learn_limit(&mut self, scope: usize, limit: Usage) {
        let known = &mut self.limits[scope];
        assert!(known.contains(&limit), "{limit:?} of {known:?}");
        *known = vec![limit];
    }

    async fn change_limit(&mut self, scope: usize) {
        let mut changes = Changes {
            desk: &mut self.desk,
            web: self.installation.web(),
            forms: &self.forms,
            limits: &mut self.limits,
            shared: &self.shared,
            chance: &mut self.chance,
        };
        changes.change(scope).await;
    }

    /// Logs in whoever looks on.
    async fn watch(&mut self) {
        let ftp = self.installation.ftp();
        for account in 0..ACCOUNTS {
            let mut watcher = FtpClient::connect(ftp).await;
            watcher.log_in(&format!("user{account}"), PASSWORD).await;
            self.watchers.push(watcher);
        }
    }

    /// Logs in whoever has no session.
    async fn enter(&mut self) {
        let ftp = self.installation.ftp();
        for rider in &mut self.riders {
            rider.ftp = ftp;
            if !rider.is_connected() {
                rider.enter().await.expect("a server");
            }
        }
    }

    fn start_sampling(&mut self) {
        let scope = |name: String, accounts: std::ops::Range<usize>, bound: &Arc<Bound>| Scope {
            name,
            homes: accounts.map(|account| self.home(account)).collect(),
            bound: Arc::clone(bound),
        };
        let accounts = self.shared.accounts.iter().enumerate();
        let accounts = accounts
            .map(|(number, bound)| scope(format!("account {number}"), number..number + 1, bound));
        let pools = self.shared.pools.iter().enumerate();
        let pools = pools.map(|(number, bound)| {
            scope(
                format!("customer {number}"),
                2 * number..2 * number + 2,
                bound,
            )
        });
        self.sampler = Some(Sampler::start(accounts.chain(pools).collect()));
    }

    fn home(&self, account: usize) -> PathBuf {
        self.installation.home(&format!("user{account}"))
    }
}

/// What the administrator works with.
struct Changes<'a> {
    desk: &'a mut Desk,
    web: std::net::SocketAddr,
    forms: &'a [String],
    limits: &'a mut Vec<Vec<Usage>>,
    shared: &'a Shared,
    chance: &'a mut StdRng,
}

impl Changes<'_> {
    /// Changes a limit now and then until the round is over.
    async fn make(&mut self, over: &CancellationToken) {
        let mut done = self.shared.done.subscribe();
        loop {
            let next = *done.borrow_and_update() + self.chance.random_range(20..120);
            tokio::select! {
                () = over.cancelled() => return,
                reached = done.wait_for(|done| *done >= next) => drop(reached.expect("errands")),
            }
            let scope = self.chance.random_range(0..self.forms.len());
            self.change(scope).await;
        }
    }

    async fn change(&mut self, scope: usize) {
        let mut choose = |from: &[u64]| from[self.chance.random_range(0..from.len())];
        let (limit, bound, names) = if scope < ACCOUNTS {
            let (bytes, files) = (choose(&BYTES), choose(&FILES));
            let names = ["bytes", "files"];
            (Usage { bytes, files }, &self.shared.accounts[scope], names)
        } else {
            let (bytes, files) = (choose(&POOL_BYTES), choose(&POOL_FILES));
            let names = ["pool_bytes", "pool_files"];
            let bound = &self.shared.pools[scope - ACCOUNTS];
            (Usage { bytes, files }, bound, names)
        };
        bound.raise(limit);
        self.limits[scope].push(limit);
        let figures = [format!("{} B", limit.bytes), limit.files.to_string()];
        let sources = names.map(|name| format!("{name}_src"));
        let fields = [
            (sources[0].as_str(), "own"),
            (sources[1].as_str(), "own"),
            (names[0], figures[0].as_str()),
            (names[1], figures[1].as_str()),
        ];
        let saved = self.desk.edit(self.web, &self.forms[scope], &fields).await;
        assert!(saved.is_some() || self.shared.is_killed(), "a page is gone");
        if saved.is_some() {
            self.limits[scope] = vec![limit];
        }
    }
}

async fn ride(riders: Vec<Rider>, errands: usize, over: &CancellationToken) -> Vec<Rider> {
    let mut riding = JoinSet::new();
    for rider in riders {
        riding.spawn(rider.ride(errands));
    }
    let riders = riding.join_all().await;
    over.cancel();
    riders
}

/// Makes the administrator, the accounts, and what holds for all of them.
async fn create(installation: &Installation, interrupted: Interrupted) {
    let owner = [
        "admin",
        "create",
        OWNER,
        "--name",
        "Olga",
        "--password-stdin",
    ];
    installation.run(&owner).await;
    let (bytes, files) = (BYTES[2].to_string(), FILES[1].to_string());
    let accounts = (0..ACCOUNTS).map(|account| {
        let (name, customer) = (format!("user{account}"), format!("Harbour {}", account / 2));
        let (bytes, files) = (bytes.clone(), files.clone());
        async move {
            let create = ["account", "create", &name, "--customer", &customer];
            let usual = ["--allow-plain", "--password-stdin"];
            let limits = ["--quota", &bytes, "--quota-files", &files];
            installation
                .run(&[&create[..], &usual, &limits].concat())
                .await;
        }
    });
    for account in accounts {
        account.await;
    }
    installation.lift_limits().await;
    let keeps = match interrupted {
        Interrupted::Kept => "auto",
        Interrupted::Discarded => "discard",
    };
    let settings = [("tls_policy", "optional"), ("interrupted_uploads", keeps)];
    installation.set(&settings).await;
}

/// The accounts, and where the limits of accounts and of customers are edited.
async fn pages(db: &Db) -> (Vec<AccountId>, Vec<String>) {
    let (mut accounts, mut forms) = (Vec::new(), Vec::new());
    for account in 0..ACCOUNTS {
        let name = format!("user{account}").parse().expect("a name");
        let found = db.account_by_username(&name).await.expect("an account");
        accounts.push(found.expect("an account").id);
        forms.push(format!("/admin/accounts/{name}/edit"));
    }
    for customer in 0..ACCOUNTS / 2 {
        let found = db.customer_by_name(&format!("Harbour {customer}")).await;
        let id = found.expect("a customer").expect("a customer").id;
        forms.push(format!("/admin/customers/{id}/edit"));
    }
    db.close().await;
    (accounts, forms)
}

fn sum(parts: &[Usage]) -> Usage {
    Usage {
        bytes: parts.iter().map(|part| part.bytes).sum(),
        files: parts.iter().map(|part| part.files).sum(),
    }
}

fn larger(one: Usage, other: Usage) -> Usage {
    Usage {
        bytes: one.bytes.max(other.bytes),
        files: one.files.max(other.files),
    }
}
