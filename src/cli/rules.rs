//! `account rules list|set|remove|test`.

use std::process::ExitCode;

use anyhow::{Context, bail};

use super::console;
use super::known::find;
use crate::app::Office;
use crate::model::{Account, Actor, PathRule, PathRules, Permissions, Username, VirtualPath};

/// Rules for the folders of an account. The rule for the deepest folder decides; open sessions of a
/// running server follow within a second.
#[derive(Debug, clap::Subcommand)]
pub(super) enum RulesCommand {
    /// Lists the rules, and what the account may do elsewhere.
    List {
        /// The account.
        username: Username,
    },
    /// Sets what the account may do in a folder and below it, whatever it may do elsewhere.
    Set {
        /// The account.
        username: Username,
        /// The folder as the account sees it, for example /archive.
        folder: String,
        /// A profile (full, no-delete, read-only, upload-only), none, or names separated by commas:
        /// append, chmod, delete, download, hash, list, mkdir, mtime, overwrite, rename, rmdir,
        /// upload.
        #[arg(long, required_unless_present = "hidden")]
        permissions: Option<Permissions>,
        /// The folder and everything in it does not exist for the account.
        #[arg(long, conflicts_with = "permissions")]
        hidden: bool,
    },
    /// Takes a rule away; the folder follows the one above it again.
    Remove {
        /// The account.
        username: Username,
        /// The folder of the rule.
        folder: String,
    },
    /// Tells what the account may do at a path, and which rule decides.
    Test {
        /// The account.
        username: Username,
        /// The path as the account would send it.
        path: String,
    },
}

impl RulesCommand {
    pub(super) async fn run(self, office: &Office) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { username } => list(&find(office, &username).await?),
            Self::Set {
                username,
                folder,
                permissions,
                hidden,
            } => {
                let rule = PathRule {
                    folder: path(&folder)?,
                    permissions: permissions.unwrap_or(Permissions::NONE),
                    hidden,
                };
                let account = find(office, &username).await?;
                let line = line(&rule);
                save(office, &account, account.rules.with(rule)?).await?;
                console::say(&line);
            }
            Self::Remove { username, folder } => {
                let account = find(office, &username).await?;
                let folder = path(&folder)?;
                if account.rules.get(&folder).is_none() {
                    bail!("there is no rule for {folder}");
                }
                save(office, &account, account.rules.without(&folder)).await?;
                console::say(&format!("{folder} follows the folder above it."));
            }
            Self::Test {
                username,
                path: typed,
            } => test(office, &find(office, &username).await?, &path(&typed)?).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(account: &Account) {
    let everywhere = account.permissions.permissions();
    console::say(&format!("{:<32} {everywhere}", "elsewhere"));
    for rule in account.rules.iter() {
        console::say(&line(rule));
    }
}

fn line(rule: &PathRule) -> String {
    if rule.hidden {
        format!("{:<32} hidden", rule.folder.as_str())
    } else {
        format!("{:<32} {}", rule.folder.as_str(), rule.permissions)
    }
}

async fn test(office: &Office, account: &Account, path: &VirtualPath) -> anyhow::Result<()> {
    let trial = office.accounts.try_path(account.id, path).await?;
    if let Some(place) = &trial.leads_to {
        console::say(&format!("{path} leads to {place}."));
    }
    if trial.is_hidden {
        console::say(&format!("{path} does not exist for {}.", account.username));
    } else {
        console::say(&format!("{path} allows {}.", trial.permissions));
    }
    for folder in &trial.decided_by {
        console::say(&format!("The rule for {folder} decides."));
    }
    if let Some(folder) = &trial.held_by {
        console::say(&format!("The rule for {folder} keeps it where it is."));
    }
    Ok(())
}

async fn save(office: &Office, account: &Account, rules: PathRules) -> anyhow::Result<()> {
    let actor = Actor::command_line();
    let accounts = &office.accounts;
    accounts
        .set_rules(&actor, account.id, account.version, rules)
        .await?;
    Ok(())
}

fn path(typed: &str) -> anyhow::Result<VirtualPath> {
    let path = VirtualPath::root().resolve(typed);
    path.with_context(|| format!("{typed:?} is no path"))
}
