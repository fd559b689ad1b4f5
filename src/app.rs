//! The hall: opens every service once and hands out cheap clones.

use std::ops::Deref;
use std::sync::Arc;

use crate::clock::Clock;
use crate::events::Events;
use crate::hosting::accounts::Accounts;
use crate::hosting::admins::Admins;
use crate::hosting::audit::Audit;
use crate::hosting::customers::Customers;
use crate::hosting::journal::Journal;
use crate::hosting::login::Logins;
use crate::hosting::network::Network;
use crate::hosting::plans::Plans;
use crate::hosting::quota::Ledger;
use crate::hosting::sessions::Sessions;
use crate::hosting::setup::Setup;
use crate::net::{CertificateStore, PassivePorts};
use crate::settings::{Boot, LiveSettings};

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
    /// Start-up facts.
    pub boot: Boot,
    /// The certificate of the FTP listeners.
    pub certificates: CertificateStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Customers.
    pub customers: Customers,
    /// The news bus.
    pub events: Events,
    /// The transfer journal.
    pub journal: Journal,
    /// The quota ledger.
    pub ledger: Ledger,
    /// FTP logins.
    pub logins: Logins,
    /// Network settings.
    pub network: Network,
    /// The passive ports.
    pub passive_ports: PassivePorts,
    /// Plans.
    pub plans: Plans,
    /// Live FTP sessions.
    pub sessions: Sessions,
    /// Settings in force.
    pub settings: LiveSettings,
    /// The first run.
    pub setup: Setup,
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}
