//! The hall: opens every service once, hands out cheap clones and runs the few tasks that keep the
//! house in order.

mod office;

use std::ops::Deref;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::events::Events;
use crate::hosting::accounts::{self, Accounts};
use crate::hosting::admins::Admins;
use crate::hosting::audit::Audit;
use crate::hosting::customers::Customers;
use crate::hosting::demonstration::Demonstration;
use crate::hosting::foundation::Foundation;
use crate::hosting::imports::{self, Imports};
use crate::hosting::jobs::Jobs;
use crate::hosting::journal::Journal;
use crate::hosting::login::{LoginMarks, Logins};
use crate::hosting::network::Network;
use crate::hosting::passwords::{PasswordError, Passwords};
use crate::hosting::plans::{PlanError, Plans};
use crate::hosting::quota::recovery::{Recovery, RecoveryError};
use crate::hosting::quota::{Ledger, Recounts};
use crate::hosting::revocation::{self, Revocation};
use crate::hosting::sessions::Sessions;
use crate::hosting::setup::Setup;
use crate::hosting::trash::Trash;
use crate::hosting::volumes::{DataFolders, OpenVolumesError, Volumes};
use crate::net::{
    BindAddresses, BindError, CertificateError, CertificateStore, PassiveOptions, PassivePorts,
    PublicName,
};
use crate::settings::{Boot, LiveSettings, SettingsError};
use crate::store::{Db, StoreError};
use crate::telemetry::Metrics;

pub use office::Office;

/// Every service of the house; a clone costs one counter.
#[derive(Clone, Debug)]
pub struct App(Arc<Services>);

/// The services, by name: `app.accounts`, `app.sessions`, …
#[derive(Debug)]
pub struct Services {
    /// Accounts.
    pub accounts: Accounts,
    /// Administrators and their sign-ins.
    pub admins: Admins,
    /// The audit log.
    pub audit: Audit,
    /// What was decided at the start.
    pub boot: Boot,
    /// The certificate of the FTP listeners.
    pub certificates: CertificateStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Customers.
    pub customers: Customers,
    /// Whether the data folder belongs to a demonstration.
    pub demonstration: Demonstration,
    /// The news bus.
    pub events: Events,
    /// Database, time and news, for what has no service of its own.
    pub foundation: Foundation,
    /// Work that takes longer than an answer may.
    pub jobs: Jobs,
    /// The transfer journal.
    pub journal: Journal,
    /// The quota ledger.
    pub ledger: Ledger,
    /// FTP logins.
    pub logins: Logins,
    /// Counters for the metrics page.
    pub metrics: Metrics,
    /// Network settings.
    pub network: Network,
    /// The passive ports.
    pub passive_ports: PassivePorts,
    /// The hashing pool.
    pub passwords: Passwords,
    /// Plans.
    pub plans: Plans,
    /// Compares the books with the disk.
    pub recounts: Recounts,
    /// Live FTP sessions.
    pub sessions: Sessions,
    /// The settings in force.
    pub settings: LiveSettings,
    /// The first run.
    pub setup: Setup,
    /// Files of deleted accounts.
    pub trash: Trash,
    /// Where the homes are.
    pub volumes: Volumes,
}

/// The tasks of the house, and how to end them.
#[derive(Clone, Debug, Default)]
pub struct Housekeeping {
    /// Every task that the house started.
    pub tasks: TaskTracker,
    /// Ends the doors and whatever serves them.
    pub stop: CancellationToken,
    /// Ends what must outlive the doors: the keeper of the books.
    pub stop_last: CancellationToken,
}

/// Why the house does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be used, or the volumes cannot be read.
    #[error(transparent)]
    Volumes(#[from] OpenVolumesError),
    /// No passive port can be opened.
    #[error("no passive port can be opened: {0}")]
    Passive(#[from] BindError),
    /// The certificate cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The first plan could not be made.
    #[error("the first plan could not be made: {0}")]
    Plan(#[from] PlanError),
    /// The ledger could not be filled.
    #[error("usage figures could not be read: {0}")]
    Recovery(#[from] RecoveryError),
    /// The settings could not be read.
    #[error("the settings cannot be read: {0}")]
    Settings(#[from] SettingsError),
    /// The database could not be opened.
    #[error("the database cannot be opened: {0}")]
    Store(#[from] StoreError),
}

impl App {
    /// Threads that the blocking pool of a process should have at most.
    pub const BLOCKING_THREADS: usize = Volumes::BLOCKING_THREADS;

    /// Runtime threads that a process should have.
    pub fn runtime_threads() -> usize {
        Volumes::runtime_threads()
    }

    /// Opens every service: database, settings, ledger, homes, certificate and passive ports. After
    /// an unclean end, counts the homes that were being written to.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says what is missing; nothing is left running but tasks of `keep`, which the
    /// caller ends.
    pub async fn open(
        boot: Boot,
        clock: Arc<dyn Clock>,
        keep: &Housekeeping,
    ) -> Result<Self, OpenError> {
        let db = Db::open(&boot.database_url).await?;
        let events = Events::new();
        let foundation = Foundation { db, clock, events };
        let volumes = open_volumes(&boot, &foundation).await?;
        let settings = LiveSettings::open(
            foundation.db.clone(),
            foundation.events.clone(),
            boot.live_options(),
            foundation.now(),
        )
        .await?;
        let plans = Plans::new(foundation.clone());
        plans.ensure_default().await?;
        let recovery = Recovery::new(&foundation, &volumes);
        let (ledger, keeper) = recovery.run().await?;
        keep.tasks.spawn(keeper.run(keep.stop_last.clone()));
        let services = Services::assemble(Opened {
            network: open_network(&boot, &foundation, &settings, keep).await?,
            certificates: open_certificates(&boot, &settings, &foundation)?,
            passwords: Passwords::new(available_parallelism().map_or(1, Into::into))?,
            boot,
            foundation,
            volumes,
            settings,
            plans,
            ledger,
            tasks: &keep.tasks,
        });
        let app = Self(Arc::new(services));
        app.start(keep).await?;
        Ok(app)
    }

    /// Starts the tasks that follow changes and tidy up.
    async fn start(&self, keep: &Housekeeping) -> Result<(), OpenError> {
        self.jobs.recover().await?;
        let follower = Revocation::new(revocation::Parts {
            foundation: self.foundation.clone(),
            accounts: self.accounts.clone(),
            customers: self.customers.clone(),
            sessions: self.sessions.clone(),
            settings: self.settings.clone(),
            volumes: self.volumes.clone(),
        })
        .await?;
        keep.tasks.spawn(follower.run(keep.stop.clone()));
        let (network, logins) = (self.network.clone(), self.logins.clone());
        let volumes = self.volumes.clone();
        volumes.follow(&self.settings.current());
        let mut settings = self.settings.changes();
        let stop = keep.stop.clone();
        keep.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = settings.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        let latest = Arc::clone(&settings.borrow_and_update());
                        logins.follow(&latest);
                        volumes.follow(&latest);
                        network.follow(&latest).await;
                    }
                }
            }
        });
        Ok(())
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// What is opened one after the other before the services are put together.
struct Opened<'a> {
    boot: Boot,
    foundation: Foundation,
    volumes: Volumes,
    settings: LiveSettings,
    plans: Plans,
    ledger: Ledger,
    network: (Network, PassivePorts),
    certificates: CertificateStore,
    passwords: Passwords,
    tasks: &'a TaskTracker,
}

impl Services {
    /// Accounts from files and into files.
    pub fn imports(&self) -> Imports {
        Imports::new(imports::Parts {
            accounts: self.accounts.clone(),
            customers: self.customers.clone(),
            plans: self.plans.clone(),
        })
    }

    fn assemble(opened: Opened<'_>) -> Self {
        let Opened {
            foundation,
            volumes,
            ledger,
            passwords,
            tasks,
            ..
        } = opened;
        let events = foundation.events.clone();
        let sessions = Sessions::new(Arc::clone(&foundation.clock), events.clone());
        let (journal, writer) = Journal::new(foundation.db.clone(), events.clone());
        tasks.spawn(writer.run());
        let books = (ledger.clone(), volumes.clone());
        let (logins, marks) = open_logins(&foundation, &passwords, books, &opened.settings);
        tasks.spawn(marks.run());
        let admins = Admins::new(foundation.clone(), passwords.clone());
        let code = opened.boot.setup_code.clone();
        let setup = Setup::new(admins.clone(), Arc::clone(&foundation.clock), code);
        let demonstration = Demonstration::new(foundation.clone(), setup.clone());
        let (network, passive_ports) = opened.network;
        let jobs = Jobs::new(foundation.clone());
        let accounts = Accounts::new(accounts::Parts {
            foundation: foundation.clone(),
            jobs: jobs.clone(),
            passwords: passwords.clone(),
            ledger: ledger.clone(),
            sessions: sessions.clone(),
            settings: opened.settings.clone(),
            volumes: volumes.clone(),
        });
        let work = (jobs.clone(), volumes.clone());
        Self {
            admins,
            audit: Audit::new(foundation.clone()),
            boot: opened.boot,
            certificates: opened.certificates,
            clock: Arc::clone(&foundation.clock),
            customers: Customers::new(foundation.clone(), ledger.clone(), sessions.clone()),
            demonstration,
            events,
            jobs: jobs.clone(),
            journal,
            ledger: ledger.clone(),
            logins,
            metrics: Metrics::default(),
            network,
            passive_ports,
            passwords,
            plans: opened.plans,
            recounts: Recounts::new(foundation.clone(), ledger, volumes.clone()),
            sessions,
            settings: opened.settings,
            setup,
            trash: Trash::new(foundation.clone(), work, accounts.clone()),
            accounts,
            volumes,
            foundation,
        }
    }
}

fn open_logins(
    foundation: &Foundation,
    passwords: &Passwords,
    (ledger, volumes): (Ledger, Volumes),
    settings: &LiveSettings,
) -> (Logins, LoginMarks) {
    let (foundation, passwords) = (foundation.clone(), passwords.clone());
    Logins::new(foundation, passwords, ledger, volumes, settings.clone())
}

async fn open_volumes(boot: &Boot, foundation: &Foundation) -> Result<Volumes, OpenVolumesError> {
    let folders = DataFolders {
        data: boot.data_dir.clone(),
        files: boot.files_dir(),
    };
    Volumes::open(foundation.clone(), folders).await
}

fn open_certificates(
    boot: &Boot,
    settings: &LiveSettings,
    foundation: &Foundation,
) -> Result<CertificateStore, OpenError> {
    let host = settings.current().host_name.clone();
    let names: Vec<String> = if host.is_empty() {
        vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
    } else {
        vec![host, "localhost".to_owned(), "127.0.0.1".to_owned()]
    };
    Ok(CertificateStore::load_or_create(
        &boot.tls_dir(),
        &names,
        foundation.now(),
    )?)
}

async fn open_network(
    boot: &Boot,
    foundation: &Foundation,
    settings: &LiveSettings,
    keep: &Housekeeping,
) -> Result<(Network, PassivePorts), OpenError> {
    let wait = settings.current().passive_wait;
    let options = PassiveOptions {
        wait,
        ..PassiveOptions::default()
    };
    let control: Vec<_> = boot
        .ftp_listen
        .iter()
        .chain(&boot.ftps_listen)
        .map(std::net::SocketAddr::ip)
        .collect();
    let bind = BindAddresses::of(&control);
    let ports = PassivePorts::new(bind, options, &keep.tasks, keep.stop.clone());
    let name = PublicName::start(&keep.tasks, keep.stop.clone());
    let network = Network::open(foundation.clone(), settings.clone(), ports.clone(), name).await?;
    Ok((network, ports))
}
