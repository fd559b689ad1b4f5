//! `trash list|restore|purge`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::{console, job};
use crate::app::Office;
use crate::clock::SystemClock;
use crate::hosting::trash::TrashError;
use crate::model::{AccountId, Actor, ByteSize, Expiry, Job, TrashEntry, Username};
use crate::settings::Boot;

/// Shows what deleted accounts have left, restores them and removes their files.
#[derive(Debug, clap::Subcommand)]
pub(super) enum TrashCommand {
    /// Lists what deleted accounts have left, the youngest account first.
    List,
    /// Makes a deleted account again, with its files, settings, limits and password.
    Restore {
        /// Its user name or its id, as `trash list` prints it.
        account: String,
        /// Another user name, if the old one is in use by now.
        #[arg(long = "as", value_name = "NAME")]
        name: Option<Username>,
        /// Do not wait for the result.
        #[arg(long)]
        no_wait: bool,
    },
    /// Removes the files of a deleted account for good; it cannot be restored after that.
    Purge {
        /// Its user name or its id, as `trash list` prints it.
        account: String,
        /// Do it without asking again.
        #[arg(long)]
        yes: bool,
        /// Do not wait for the result.
        #[arg(long)]
        no_wait: bool,
    },
}

impl TrashCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        let actor = Actor::command_line();
        match self {
            Self::List => list(&office).await,
            Self::Restore {
                account,
                name,
                no_wait,
            } => {
                let entry = find(&office, &account).await?;
                let begun = office.trash.restore(&actor, entry.account_id, name).await;
                follow(&office, begun, no_wait).await
            }
            Self::Purge {
                account,
                yes,
                no_wait,
            } => {
                let entry = find(&office, &account).await?;
                if !yes {
                    let name = entry.username;
                    bail!("this removes the files of {name} for good; say so with --yes");
                }
                let begun = office.trash.purge(&actor, entry.account_id).await;
                follow(&office, begun, no_wait).await
            }
        }
    }
}

async fn follow(
    office: &Office,
    begun: Result<Job, TrashError>,
    no_wait: bool,
) -> anyhow::Result<ExitCode> {
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => match error.obstacle() {
            Some(words) => bail!("{words}"),
            None => return Err(error.into()),
        },
    };
    console::say(&format!("Job {}", begun.id));
    if no_wait {
        return Ok(ExitCode::SUCCESS);
    }
    job::wait(office, begun.id).await
}

/// Entries that are read at once.
const BATCH: u64 = 500;

async fn list(office: &Office) -> anyhow::Result<ExitCode> {
    console::say(&format!(
        "{:<36}  {:<24} {:>12}  {:<24} CUSTOMER",
        "ID", "ACCOUNT", "SIZE", "STATE"
    ));
    let mut before: Option<AccountId> = None;
    loop {
        let entries = office.trash.page(before, BATCH).await?;
        for entry in &entries {
            print(entry);
        }
        match entries.last() {
            Some(last) => before = Some(last.account_id),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn print(entry: &TrashEntry) {
    let (id, name, customer) = (entry.account_id, &entry.username, &entry.customer);
    let size = ByteSize(entry.usage.bytes)
        .to_string()
        .replace('\u{a0}', " ");
    let state = match entry.due_at {
        Some(due) => format!("{} until {}", entry.state.as_str(), Expiry(due)),
        None => entry.state.as_str().to_owned(),
    };
    console::say(&format!(
        "{id:<36}  {name:<24} {size:>12}  {state:<24} {customer}"
    ));
}

/// The deleted account that is meant.
async fn find(office: &Office, text: &str) -> anyhow::Result<TrashEntry> {
    if let Ok(id) = text.parse::<AccountId>() {
        return Ok(office.trash.get(id).await?);
    }
    let mut found = office.trash.of_name(&text.parse()?).await?;
    match (found.pop(), found.len()) {
        (Some(entry), 0) => Ok(entry),
        (None, _) => bail!("no deleted account was called {text}"),
        (Some(_), _) => bail!(
            "several deleted accounts were called {text}; name one by the id that `trash list` prints"
        ),
    }
}
