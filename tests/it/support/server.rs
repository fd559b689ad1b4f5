//! A whole server in the test's own process: all doors, SQLite and files in a folder that vanishes
//! with it, every listener on a port of the system's choice.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use quaymaster::app::App;
use quaymaster::clock::{Clock, SystemClock, TestClock};
use quaymaster::hosting::accounts::{AccountSettings, NewAccount};
use quaymaster::hosting::customers::CustomerSettings;
use quaymaster::hosting::passwords::Turn;
use quaymaster::hosting::plans::PlanSettings;
use quaymaster::model::page::{AuditQuery, JournalQuery};
use quaymaster::model::{
    Account, AccountLimits, Actor, AuditAction, AuditEvent, Customer, JournalEntry, Limit, Moved,
    Override, PermissionProfile, PoolTraffic, PortRange, Secret, TlsRule, Traffic, Usage,
};
use quaymaster::server::{Addresses, Server};
use quaymaster::settings::{Boot, LogFormat};
use quaymaster::store::DatabaseUrl;
use tempfile::TempDir;

use super::disk;
use super::ftp_client::FtpClient;

/// The password of every account that a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server with one customer without limits.
pub(crate) struct TestServer {
    server: Server,
    customer: Customer,
    folder: TempDir,
}

/// What a test's account may do and store; everything by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) permissions: PermissionProfile,
    pub(crate) tls: TlsRule,
    pub(crate) bytes: Limit,
    pub(crate) files: Limit,
    pub(crate) sessions: Limit,
    pub(crate) sessions_per_address: Limit,
    pub(crate) file_bytes: Limit,
    pub(crate) upload_rate: Limit,
    pub(crate) download_rate: Limit,
    pub(crate) traffic: Traffic<Limit>,
    /// When, from where and how it can be used.
    pub(crate) rules: AccountSettings,
}

impl TestServer {
    /// A server where encryption is optional, with ten passive ports.
    pub(crate) async fn start() -> Self {
        Self::with_ports(10).await
    }

    /// The same with `count` passive ports.
    pub(crate) async fn with_ports(count: u16) -> Self {
        Self::on(free_range(count)).await
    }

    /// The same with these passive ports.
    pub(crate) async fn on(range: PortRange) -> Self {
        Self::with(range, Arc::new(SystemClock)).await
    }

    /// The same with ten passive ports and a clock of the test's own.
    pub(crate) async fn with_clock(clock: TestClock) -> Self {
        Self::with(free_range(10), Arc::new(clock)).await
    }

    /// The same with ten passive ports on a database of the test's own.
    pub(crate) async fn on_database(url: &DatabaseUrl) -> Self {
        let folder = TempDir::new().expect("a folder");
        let boot = Boot {
            database_url: url.clone(),
            ..boot(&folder, free_range(10))
        };
        Self::start_as(boot, folder, Arc::new(SystemClock)).await
    }

    async fn with(ports: PortRange, clock: Arc<dyn Clock>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let boot = boot(&folder, ports);
        Self::start_as(boot, folder, clock).await
    }

    async fn start_as(boot: Boot, folder: TempDir, clock: Arc<dyn Clock>) -> Self {
        std::fs::create_dir(folder.path().join("files")).expect("a folder for homes");
        let server = Server::start(boot, clock).await.expect("a server");
        let app = server.app();
        let plan = app.plans.all().await.expect("plans").remove(0).plan;
        let settings = CustomerSettings {
            name: "Harbour".to_owned(),
            contact_email: String::new(),
            plan_id: plan.id,
            pool_bytes: Override::Own(None),
            pool_files: Override::Own(None),
            max_accounts: Override::Own(None),
            traffic: PoolTraffic::default(),
            notes: String::new(),
        };
        let customer = app
            .customers
            .create(&Actor::system(), settings)
            .await
            .expect("a customer");
        let server = Self {
            server,
            customer,
            folder,
        };
        server
            .set(&[
                ("tls_policy", "optional"),
                ("max_sessions_per_address", "500"),
            ])
            .await;
        server
    }

    /// Every service.
    pub(crate) fn app(&self) -> &App {
        self.server.app()
    }

    /// Where FTP clients connect.
    pub(crate) fn ftp(&self) -> SocketAddr {
        self.server.addresses().ftp[0]
    }

    /// Where FTP clients connect over IPv6.
    pub(crate) fn ftp_v6(&self) -> SocketAddr {
        self.server.addresses().ftp[1]
    }

    /// Where FTP clients connect with implicit TLS.
    pub(crate) fn ftps(&self) -> SocketAddr {
        self.server.addresses().ftps[0]
    }

    /// Where FTP clients connect with implicit TLS over IPv6.
    pub(crate) fn ftps_v6(&self) -> SocketAddr {
        self.server.addresses().ftps[1]
    }

    /// The customer of [`Self::account`].
    pub(crate) fn customer(&self) -> &Customer {
        &self.customer
    }

    /// Limits what all accounts of [`Self::account`] may store together.
    pub(crate) async fn limit_pool(&self, bytes: u64) {
        let settings = CustomerSettings {
            name: self.customer.name.clone(),
            contact_email: String::new(),
            plan_id: self.customer.plan_id,
            pool_bytes: Override::Own(Some(bytes)),
            pool_files: Override::Own(None),
            max_accounts: Override::Own(None),
            traffic: PoolTraffic::default(),
            notes: String::new(),
        };
        let (id, version) = (self.customer.id, self.customer.version);
        self.app()
            .customers
            .change(&Actor::system(), id, version, settings)
            .await
            .expect("a limit");
    }

    /// Changes the plan of [`Self::account`].
    pub(crate) async fn change_plan(&self, change: impl FnOnce(&mut PlanSettings)) {
        let plans = &self.app().plans;
        let plan = plans.get(self.customer.plan_id).await.expect("the plan");
        let mut settings = PlanSettings {
            name: plan.name,
            description: plan.description,
            pool_bytes: plan.pool_bytes,
            pool_files: plan.pool_files,
            max_accounts: plan.max_accounts,
            pool_traffic: plan.pool_traffic,
            account: plan.account,
            denied_names: plan.denied_names,
            checksum: plan.checksum,
            journal_days: plan.journal_days,
            trash_days: plan.trash_days,
            is_default: plan.is_default,
        };
        change(&mut settings);
        plans
            .change(&Actor::system(), plan.id, plan.version, settings)
            .await
            .expect("a plan");
    }

    /// Limits what all accounts of [`Self::account`] may move together, and says when a month begins.
    pub(crate) async fn limit_traffic(&self, traffic: PoolTraffic) {
        let customers = &self.app().customers;
        let now = customers.details(self.customer.id).await;
        let now = now.expect("the customer").customer;
        let settings = CustomerSettings {
            name: now.name,
            contact_email: now.contact_email,
            plan_id: now.plan_id,
            pool_bytes: now.pool_bytes,
            pool_files: now.pool_files,
            max_accounts: now.max_accounts,
            traffic,
            notes: now.notes,
        };
        let system = Actor::system();
        let changed = customers.change(&system, now.id, now.version, settings);
        changed.await.expect("a limit");
    }

    /// What the books say that an account moved in this month.
    pub(crate) fn moved(&self, account: &Account) -> Moved {
        let day = self.customer.traffic.reset_day;
        let traffic = self.app().ledger.traffic();
        traffic.traffic(account.id, day).moved
    }

    /// The same for all accounts together.
    pub(crate) fn moved_together(&self) -> Moved {
        let day = self.customer.traffic.reset_day;
        let traffic = self.app().ledger.traffic();
        traffic.pool_traffic(self.customer.id, day).moved
    }

    /// Where everything of the server is.
    pub(crate) fn addresses(&self) -> &Addresses {
        self.server.addresses()
    }

    /// Changes settings while everything runs.
    pub(crate) async fn set(&self, changes: &[(&str, &str)]) {
        let changes: Vec<(String, String)> = changes
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect();
        let app = self.app();
        app.settings
            .change(&Actor::system(), &changes, app.clock.now())
            .await
            .expect("settings that fit");
    }

    /// An account that may do everything.
    pub(crate) async fn account(&self, name: &str) -> Account {
        self.account_with(name, Allowed::default()).await
    }

    /// An account.
    pub(crate) async fn account_with(&self, name: &str, allowed: Allowed) -> Account {
        let new = NewAccount {
            username: name.parse().expect("a user name"),
            customer_id: self.customer.id,
            password: Secret::new(PASSWORD.to_owned()),
            volume_id: None,
            settings: AccountSettings {
                permissions: allowed.permissions,
                tls: allowed.tls,
                limits: AccountLimits {
                    bytes: Override::Own(allowed.bytes),
                    files: Override::Own(allowed.files),
                    sessions: Override::Own(allowed.sessions),
                    sessions_per_address: Override::Own(allowed.sessions_per_address),
                    file_bytes: Override::Own(allowed.file_bytes),
                    upload_rate: Override::Own(allowed.upload_rate),
                    download_rate: Override::Own(allowed.download_rate),
                    traffic: allowed.traffic.map(Override::Own),
                    ..AccountLimits::default()
                },
                ..allowed.rules
            },
        };
        self.app()
            .accounts
            .create(&Actor::system(), new)
            .await
            .expect("an account")
    }

    /// Changes the rules of an account; what was set before is as `change` leaves it.
    pub(crate) async fn rule(&self, account: &Account, change: impl FnOnce(&mut AccountSettings)) {
        let accounts = &self.app().accounts;
        let details = accounts.details(account.id).await.expect("the account");
        let mut settings = AccountSettings::of(&details.account);
        change(&mut settings);
        accounts
            .change(
                &Actor::system(),
                account.id,
                details.account.version,
                settings,
            )
            .await
            .expect("rules that fit");
    }

    /// What the audit log says about ended sessions of `object`: how many, and why; latest first.
    pub(crate) async fn ended(&self, object: &str) -> Vec<(String, String)> {
        let query = AuditQuery {
            limit: 1_000,
            ..AuditQuery::default()
        };
        let entries = self.app().audit.page(&query).await.expect("the audit log");
        let told = |entry: AuditEvent| {
            let mut said = entry.changes.into_iter().map(|(_, _, now)| now);
            (
                said.next().unwrap_or_default(),
                said.next().unwrap_or_default(),
            )
        };
        entries
            .into_iter()
            .filter(|entry| entry.action == AuditAction::SessionsEnded && entry.object == object)
            .map(told)
            .collect()
    }

    /// Waits until the audit log says that so many sessions of `object` ended because of `change`, and
    /// nothing else: a change is followed in two places, and the one that ended them may write later.
    pub(crate) async fn expect_ended(&self, object: &str, sessions: usize, change: &str) {
        let expected = [(sessions.to_string(), change.to_owned())];
        let mut told = self.ended(object).await;
        for _ in 0..1_000 {
            if told == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            told = self.ended(object).await;
        }
        assert_eq!(told, expected, "{object}");
    }

    /// The folder of an account on the disk.
    pub(crate) fn home(&self, account: &Account) -> PathBuf {
        self.stored(&account.home)
    }

    /// What lies at a place of the data directory's volume.
    pub(crate) fn stored(&self, place: &str) -> PathBuf {
        self.folder.path().join("files").join(place)
    }

    /// Puts a file into the home of an account behind the server's back, dated 2026-01-02 03:04:05.
    pub(crate) fn put(&self, account: &Account, path: &str, bytes: &[u8]) {
        let path = self.home(account).join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(&path, bytes).expect("a file");
        let file = std::fs::File::options()
            .write(true)
            .open(&path)
            .expect("the file");
        let modified = std::time::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        file.set_modified(modified).expect("a time");
    }

    /// Reads a file from the home of an account; `None` if there is none.
    pub(crate) fn read(&self, account: &Account, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.home(account).join(path)).ok()
    }

    /// Names in a folder of an account, staged uploads included, sorted.
    pub(crate) fn names(&self, account: &Account, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.home(account).join(path)).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// What stands on the disk in the home of an account, staged uploads left out.
    pub(crate) fn disk(&self, account: &Account) -> Usage {
        disk::used(&self.home(account))
    }

    /// Staged uploads on the disk.
    pub(crate) fn staged(&self, account: &Account) -> Vec<PathBuf> {
        disk::staged(&self.home(account))
    }

    /// What the books say that an account uses.
    pub(crate) fn usage(&self, account: &Account) -> Usage {
        self.app().ledger.usage(account.id)
    }

    /// The journal of an account, oldest row first.
    pub(crate) async fn journal(&self, account: &Account) -> Vec<JournalEntry> {
        let query = JournalQuery {
            account_id: Some(account.id),
            limit: 1_000,
            ..JournalQuery::default()
        };
        let mut rows = self.app().journal.page(&query).await.expect("the journal");
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// A control connection that has read the greeting.
    pub(crate) async fn connect(&self) -> FtpClient {
        FtpClient::connect(self.ftp()).await
    }

    /// The same from another loopback address.
    pub(crate) async fn connect_from(&self, address: [u8; 4]) -> FtpClient {
        FtpClient::connect_from(self.ftp(), IpAddr::from(address)).await
    }

    /// A plain session that is logged in, `TYPE I`.
    pub(crate) async fn login(&self, name: &str) -> FtpClient {
        let mut client = self.connect().await;
        client.log_in(name, PASSWORD).await;
        client
    }

    /// An encrypted session that is logged in, `TYPE I`, `PROT P`.
    pub(crate) async fn login_tls(&self, name: &str) -> FtpClient {
        let mut client = self.connect().await;
        client.secure().await;
        client.log_in(name, PASSWORD).await;
        client.protect().await;
        client
    }

    /// Takes every place of the hashing pool; until they are dropped no password is looked at.
    pub(crate) async fn hold_passwords(&self) -> Vec<Turn> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut held = Vec::new();
        for _ in 0..cores.saturating_sub(1).max(1) {
            held.push(self.app().passwords.turn().await.expect("a place"));
        }
        held
    }

    /// Stops the server as an operator does.
    pub(crate) async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// The same; what is on the disk stays for the test to look at.
    pub(crate) async fn stop_and_keep(self) -> TempDir {
        self.server.stop().await;
        self.folder
    }
}

/// How often a test that chances on faults tries: `usually`, or `nightly` times as often where
/// `QUAYMASTER_TEST_NIGHTLY` is set.
pub(crate) fn rounds(usually: usize, nightly: usize) -> usize {
    if std::env::var_os("QUAYMASTER_TEST_NIGHTLY").is_some() {
        usually * nightly
    } else {
        usually
    }
}

/// Waits until `holds`; a test that needs more than ten seconds has found a fault.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}

fn boot(folder: &TempDir, passive_ports: PortRange) -> Boot {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let any_v6: SocketAddr = "[::1]:0".parse().expect("an address");
    Boot {
        data_dir: folder.path().to_owned(),
        database_url: DatabaseUrl::sqlite(&folder.path().join("quaymaster.db")),
        ftp_listen: vec![any, any_v6],
        ftps_listen: vec![any, any_v6],
        web_listen: any,
        metrics_listen: Some(any),
        web_url: None,
        passive_ports: Some(passive_ports),
        public_address: None,
        public_port: None,
        published_ports: None,
        instance_key: None,
        setup_code: None,
        trusted_proxies: Vec::new(),
        log_format: LogFormat::default(),
        log_level: "info".to_owned(),
    }
}

/// A range of `count` ports that nobody uses, below those that the system gives to outgoing
/// connections.
pub(crate) fn free_range(count: u16) -> PortRange {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 5_000).expect("a small number");
    for _ in 0..500 {
        let offset = NEXT.fetch_add(count, Ordering::Relaxed);
        let first = 18_000 + (start + offset) % 13_000;
        let free = (first..first + count)
            .all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
        if free {
            return PortRange::new(first, first + count - 1).expect("a range");
        }
    }
    panic!("no free range of {count} ports");
}
