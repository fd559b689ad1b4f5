//! A whole server in this process, as `serve` runs it: a folder of its own, SQLite, ports of the
//! system's choice, and one account without limits.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use quaymaster::app::App;
use quaymaster::clock::SystemClock;
use quaymaster::hosting::accounts::{AccountSettings, NewAccount};
use quaymaster::hosting::customers::CustomerSettings;
use quaymaster::hosting::quota::AccountQuota;
use quaymaster::model::{
    Account, AccountLimits, Actor, Override, PermissionProfile, PoolTraffic, PortRange, Secret,
    TlsRule,
};
use quaymaster::server::Server;
use quaymaster::settings::{Boot, LogFormat};
use quaymaster::store::DatabaseUrl;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Stopped when it is dropped.
pub(crate) struct Premises {
    runtime: Runtime,
    server: Option<Server>,
    account: Account,
    ftp: SocketAddr,
    _folder: TempDir,
}

impl Premises {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        std::fs::create_dir(folder.path().join("files"))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(App::runtime_threads())
            .max_blocking_threads(App::BLOCKING_THREADS)
            .enable_all()
            .build()?;
        let boot = boot(&folder)?;
        let (server, account) = runtime.block_on(async {
            let server = Server::start(boot, Arc::new(SystemClock)).await?;
            let account = move_in(server.app()).await?;
            anyhow::Ok((server, account))
        })?;
        let ftp = server.addresses().ftp.first().copied();
        Ok(Self {
            runtime,
            server: Some(server),
            account,
            ftp: ftp.context("FTP is served")?,
            _folder: folder,
        })
    }

    /// Where FTP clients connect.
    pub(crate) fn ftp(&self) -> SocketAddr {
        self.ftp
    }

    /// The books of the account.
    pub(crate) fn quota(&self) -> Option<AccountQuota> {
        let server = self.server.as_ref()?;
        server.app().ledger.quota(self.account.id)
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

impl Drop for Premises {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

/// Settings, a customer and an account for a client that need not encrypt.
async fn move_in(app: &App) -> anyhow::Result<Account> {
    let changes = [("tls_policy".to_owned(), "optional".to_owned())];
    let (actor, now) = (Actor::system(), app.clock.now());
    app.settings.change(&actor, &changes, now).await?;
    let plan = app.plans.all().await?.into_iter().next();
    let customer = CustomerSettings {
        name: "Harbour".to_owned(),
        contact_email: String::new(),
        plan_id: plan.context("there is a plan")?.plan.id,
        pool_bytes: Override::Own(None),
        pool_files: Override::Own(None),
        max_accounts: Override::Own(None),
        traffic: PoolTraffic::default(),
        notes: String::new(),
    };
    let customer = app.customers.create(&actor, customer).await?;
    let account = NewAccount {
        username: USER.parse()?,
        customer_id: customer.id,
        password: Secret::new(PASSWORD.to_owned()),
        volume_id: None,
        settings: AccountSettings {
            permissions: PermissionProfile::Full,
            tls: TlsRule::default(),
            limits: AccountLimits::default().map(|()| Override::Own(None)),
            ..AccountSettings::default()
        },
    };
    Ok(app.accounts.create(&actor, account).await?)
}

fn boot(folder: &TempDir) -> anyhow::Result<Boot> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(Boot {
        data_dir: folder.path().to_owned(),
        database_url: DatabaseUrl::sqlite(&folder.path().join("quaymaster.db")),
        ftp_listen: vec![any],
        ftps_listen: Vec::new(),
        web_listen: any,
        metrics_listen: None,
        web_url: None,
        passive_ports: Some(free_ports()?),
        public_address: None,
        public_port: None,
        published_ports: None,
        instance_key: None,
        setup_code: None,
        trusted_proxies: Vec::new(),
        log_format: LogFormat::default(),
        log_level: "info".to_owned(),
    })
}

/// Ten ports in a row that nobody uses.
fn free_ports() -> anyhow::Result<PortRange> {
    let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let mut firsts = (20_000..30_000).step_by(10);
    let first = firsts.find(|first| (*first..first + 10).all(is_free));
    let first: u16 = first.context("ten free ports")?;
    Ok(PortRange::new(first, first + 9)?)
}
