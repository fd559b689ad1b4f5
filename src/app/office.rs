//! The services that the command line works with: everything stored, nothing that listens.
//!
//! A running server notices what is changed here within a second, through the audit log.

use std::sync::Arc;
use std::thread::available_parallelism;

use super::OpenError;
use crate::clock::Clock;
use crate::events::Events;
use crate::hosting::accounts::{self, Accounts};
use crate::hosting::admins::Admins;
use crate::hosting::customers::Customers;
use crate::hosting::foundation::Foundation;
use crate::hosting::imports::{self, Imports};
use crate::hosting::jobs::Jobs;
use crate::hosting::journal::Journal;
use crate::hosting::passwords::Passwords;
use crate::hosting::plans::Plans;
use crate::hosting::quota::Keeper;
use crate::hosting::sessions::Sessions;
use crate::hosting::trash::Trash;
use crate::hosting::volumes::Volumes;
use crate::settings::{Boot, LiveSettings};
use crate::store::Db;

/// The stored half of the house.
#[derive(Clone, Debug)]
pub struct Office {
    /// Accounts.
    pub accounts: Accounts,
    /// Administrators.
    pub admins: Admins,
    /// Customers.
    pub customers: Customers,
    /// Accounts from files and into files.
    pub imports: Imports,
    /// Work that the running server does.
    pub jobs: Jobs,
    /// The transfer journal, to be read.
    pub journal: Journal,
    /// Plans.
    pub plans: Plans,
    /// The settings in force.
    pub settings: LiveSettings,
    /// Files of deleted accounts.
    pub trash: Trash,
    /// Where the homes are.
    pub volumes: Volumes,
}

impl Office {
    /// Opens database and data folder.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says what is missing.
    pub async fn open(boot: &Boot, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let db = Db::open(&boot.database_url).await?;
        let events = Events::new();
        let foundation = Foundation { db, clock, events };
        let volumes = super::open_volumes(boot, &foundation).await?;
        let settings = LiveSettings::open(
            foundation.db.clone(),
            foundation.events.clone(),
            boot.live_options(),
            foundation.now(),
        )
        .await?;
        let plans = Plans::new(foundation.clone());
        plans.ensure_default().await?;
        let passwords = Passwords::new(available_parallelism().map_or(1, Into::into))?;
        let sessions = Sessions::new(Arc::clone(&foundation.clock), foundation.events.clone());
        // Nothing is uploaded from here, so nobody has to keep these books.
        let (ledger, _keeper) = Keeper::new(foundation.db.clone(), Arc::clone(&foundation.clock));
        let jobs = Jobs::new(foundation.clone());
        // Nothing is moved from here, so nobody has to write this journal.
        let (journal, _writer) = Journal::new(foundation.db.clone(), foundation.events.clone());
        let accounts = Accounts::new(accounts::Parts {
            foundation: foundation.clone(),
            jobs: jobs.clone(),
            passwords: passwords.clone(),
            ledger: ledger.clone(),
            sessions: sessions.clone(),
            settings: settings.clone(),
            volumes: volumes.clone(),
        });
        let customers = Customers::new(foundation.clone(), ledger, sessions);
        Ok(Self {
            trash: Trash::new(
                foundation.clone(),
                (jobs.clone(), volumes.clone()),
                accounts.clone(),
            ),
            imports: Imports::new(imports::Parts {
                accounts: accounts.clone(),
                customers: customers.clone(),
                plans: plans.clone(),
            }),
            accounts,
            admins: Admins::new(foundation, passwords),
            customers,
            jobs,
            journal,
            plans,
            settings,
            volumes,
        })
    }
}
