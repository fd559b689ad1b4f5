//! `quota show|reconcile`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::known::{find, find_customer};
use super::{console, job};
use crate::app::Office;
use crate::clock::SystemClock;
use crate::hosting::quota::RecountSpec;
use crate::model::page::{AccountQuery, AccountRow, Window};
use crate::model::{Actor, ByteSize, Username};
use crate::settings::Boot;

/// Shows what accounts store, and compares it with the disk.
#[derive(Debug, clap::Subcommand)]
pub(super) enum QuotaCommand {
    /// Shows what accounts store, as the books say; of a running server, up to a second ago.
    Show {
        /// Only this account.
        username: Option<Username>,
        /// Only the accounts of the customer with this name.
        #[arg(long, conflicts_with = "username")]
        customer: Option<String>,
    },
    /// Has the running server count files on the disk again, while customers work; prints by how much
    /// the books were wrong. Wrong books are corrected.
    Reconcile(Reconcile),
}

/// Whose files are counted.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Reconcile {
    /// This account.
    #[arg(conflicts_with_all = ["customer", "all"])]
    username: Option<Username>,
    /// The accounts of the customer with this name.
    #[arg(long, conflicts_with = "all")]
    customer: Option<String>,
    /// Every account.
    #[arg(long)]
    all: bool,
    /// Do not wait for the result.
    #[arg(long)]
    no_wait: bool,
}

impl QuotaCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        match self {
            Self::Show { username, customer } => {
                show(&office, username, customer).await?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Reconcile(reconcile) => reconcile.run(&office).await,
        }
    }
}

impl Reconcile {
    async fn run(self, office: &Office) -> anyhow::Result<ExitCode> {
        let (spec, subject) = match (&self.username, &self.customer) {
            (Some(name), _) => {
                let account = find(office, name).await?;
                (RecountSpec::Account(account.id), name.to_string())
            }
            (None, Some(name)) => {
                let customer = find_customer(office, name).await?;
                (RecountSpec::Customer(customer.id), customer.name)
            }
            (None, None) if self.all => (RecountSpec::All, String::new()),
            (None, None) => bail!("name an account, or use --customer or --all"),
        };
        let actor = Actor::command_line();
        let id = office.jobs.queue(&actor, spec.job(&subject)).await?.id;
        console::say(&format!("Job {id}"));
        if self.no_wait {
            return Ok(ExitCode::SUCCESS);
        }
        job::wait(office, id).await
    }
}

async fn show(
    office: &Office,
    username: Option<Username>,
    customer: Option<String>,
) -> anyhow::Result<()> {
    let customer_id = match &customer {
        Some(name) => Some(find_customer(office, name).await?.id),
        None => None,
    };
    if let Some(name) = &username {
        find(office, name).await?;
    }
    console::say(&format!(
        "{:<32} {:>12} {:>10}  CUSTOMER",
        "ACCOUNT", "STORED", "FILES"
    ));
    let mut window = Window {
        offset: 0,
        limit: 500,
    };
    loop {
        let query = AccountQuery {
            text: username
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            customer_id,
            window,
            ..AccountQuery::default()
        };
        let page = office.accounts.stored_page(&query).await?;
        let is_meant = |row: &&AccountRow| {
            let wanted = username.as_ref();
            wanted.is_none_or(|name| row.account.username == *name)
        };
        page.rows.iter().filter(is_meant).for_each(print_row);
        window.offset += window.limit;
        if window.offset >= page.total {
            return Ok(());
        }
    }
}

fn print_row(row: &AccountRow) {
    let stored = ByteSize(row.usage.bytes).to_string().replace('\u{a0}', " ");
    let (name, files) = (row.account.username.as_str(), row.usage.files);
    console::say(&format!(
        "{name:<32} {stored:>12} {files:>10}  {}",
        row.customer_name
    ));
}
