//! `account create|list|passwd|rules|set|import|export|suspend|resume|delete`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::access::SetAccount;
use super::console;
use super::export::Export;
use super::import::Import;
use super::known::{find, find_volume};
use super::rules::RulesCommand;
use crate::app::Office;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::hosting::accounts::{AccountSettings, Files, NewAccount};
use crate::hosting::customers::CustomerSettings;
use crate::model::page::{AccountQuery, AccountRow, Window};
use crate::model::{
    AccountLimits, Actor, ByteSize, Customer, Override, PermissionProfile, PoolTraffic, TlsRule,
    Username,
};
use crate::settings::Boot;

/// Makes, lists, suspends and deletes accounts. A running server follows within a second.
#[derive(Debug, clap::Subcommand)]
pub(super) enum AccountCommand {
    /// Makes an account and prints the password.
    Create {
        /// The name to log in with.
        username: Username,
        /// Name of the customer; made on the default plan if there is none.
        #[arg(long)]
        customer: String,
        /// full, no-delete, read-only or upload-only.
        #[arg(long, default_value = "full")]
        permissions: PermissionProfile,
        /// Most bytes it may store, for example 10GiB; the plan decides if left out.
        #[arg(long)]
        quota: Option<ByteSize>,
        /// Most files it may store; the plan decides if left out.
        #[arg(long)]
        quota_files: Option<u64>,
        /// Accept plain connections for this account, typically an old device.
        #[arg(long)]
        allow_plain: bool,
        /// Name of the volume that its files shall be on; the default volume if left out.
        #[arg(long)]
        volume: Option<String>,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists accounts by name.
    List {
        /// Only those whose name or customer contains this.
        text: Option<String>,
    },
    /// Sets a password and ends the account's sessions.
    Passwd {
        /// The account.
        username: Username,
        /// Read the password from the first line of standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Rules for the folders of an account.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Takes accounts over from a file of another server, or from one that was exported here.
    Import(Import),
    /// Writes accounts into a file that can be imported again.
    Export(Export),
    /// Changes when, from where and how an account can be used; open sessions follow.
    Set(Box<SetAccount>),
    /// Forbids logins and ends the account's sessions.
    Suspend {
        /// The account.
        username: Username,
        /// Why, for other administrators.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Allows logins again.
    Resume {
        /// The account.
        username: Username,
    },
    /// Deletes an account; its files go into the trash unless told otherwise.
    Delete {
        /// The account.
        username: Username,
        /// What becomes of its files: keep them where they are, put them into the trash for as many days
        /// as the settings say, or purge them at once. The running server does it.
        #[arg(long, default_value = "trash", value_parser = files)]
        files: Files,
        /// Do it without asking again.
        #[arg(long)]
        yes: bool,
    },
}

impl AccountCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        match self {
            Self::Create { .. } => self.create(&office).await?,
            Self::List { text } => list(&office, text.unwrap_or_default()).await?,
            Self::Passwd {
                username,
                password_stdin,
            } => {
                passwd(&office, &username, password_stdin).await?;
            }
            Self::Rules(command) => return command.run(&office).await,
            Self::Import(import) => return import.run(&office).await,
            Self::Export(export) => return export.run(&office).await,
            Self::Set(change) => change.run(&office).await?,
            Self::Suspend { username, reason } => {
                let account = find(&office, &username).await?;
                let actor = Actor::command_line();
                office.accounts.suspend(&actor, account.id, &reason).await?;
                console::say(&format!("{username} is suspended."));
            }
            Self::Resume { username } => {
                let account = find(&office, &username).await?;
                office
                    .accounts
                    .resume(&Actor::command_line(), account.id)
                    .await?;
                console::say(&format!("{username} may log in again."));
            }
            Self::Delete {
                username,
                files,
                yes,
            } => {
                delete(&office, &username, files, yes).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn create(self, office: &Office) -> anyhow::Result<()> {
        let Self::Create {
            username,
            customer,
            permissions,
            quota,
            quota_files,
            allow_plain,
            volume,
            password_stdin,
        } = self
        else {
            return Ok(());
        };
        let volume_id = match &volume {
            Some(name) => Some(find_volume(office, name).await?.id),
            None => None,
        };
        let (password, is_generated) = console::password(password_stdin)?;
        let own = |limit: Option<u64>| limit.map_or(Override::Inherit, |n| Override::Own(Some(n)));
        let settings = AccountSettings {
            permissions,
            tls: if allow_plain {
                TlsRule::Optional
            } else {
                TlsRule::Inherit
            },
            limits: AccountLimits {
                bytes: own(quota.map(|size| size.0)),
                files: own(quota_files),
                ..AccountLimits::default()
            },
            ..AccountSettings::default()
        };
        let customer_id = owner(office, &customer).await?.id;
        let new = NewAccount {
            username,
            customer_id,
            password: password.clone(),
            volume_id,
            settings,
        };
        let account = office.accounts.create(&Actor::command_line(), new).await?;
        console::say(&format!("{} can log in.", account.username));
        if is_generated {
            console::say(&format!("Password (shown once): {}", password.expose()));
        }
        Ok(())
    }
}

async fn owner(office: &Office, name: &str) -> anyhow::Result<Customer> {
    if let Some(customer) = office.customers.by_name(name).await? {
        return Ok(customer);
    }
    let plans = office.plans.all().await?;
    let plan = plans
        .into_iter()
        .find(|row| row.plan.is_default)
        .context("there is no plan")?;
    let settings = CustomerSettings {
        name: name.to_owned(),
        contact_email: String::new(),
        plan_id: plan.plan.id,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: String::new(),
    };
    Ok(office
        .customers
        .create(&Actor::command_line(), settings)
        .await?)
}

async fn list(office: &Office, text: String) -> anyhow::Result<()> {
    let mut offset = 0;
    console::say(&format!(
        "{:<32} {:<10} {:>12}  CUSTOMER",
        "ACCOUNT", "STATUS", "STORED"
    ));
    loop {
        let window = Window { offset, limit: 500 };
        let query = AccountQuery {
            text: text.clone(),
            window,
            ..AccountQuery::default()
        };
        let page = office.accounts.stored_page(&query).await?;
        let now = SystemClock.now();
        page.rows.iter().for_each(|row| print_row(row, now));
        offset += 500;
        if offset >= page.total {
            return Ok(());
        }
    }
}

fn print_row(row: &AccountRow, now: Timestamp) {
    let account = &row.account;
    console::say(&format!(
        "{:<32} {:<10} {:>12}  {}",
        account.username.as_str(),
        account.standing(now).as_str(),
        ByteSize(row.usage.bytes).to_string().replace('\u{a0}', " "),
        row.customer_name
    ));
}

async fn passwd(office: &Office, name: &Username, from_stdin: bool) -> anyhow::Result<()> {
    let account = find(office, name).await?;
    let (password, is_generated) = console::password(from_stdin)?;
    let actor = Actor::command_line();
    office
        .accounts
        .set_password(&actor, account.id, password.clone())
        .await?;
    console::say(&format!("{name} has a new password."));
    if is_generated {
        console::say(&format!("Password (shown once): {}", password.expose()));
    }
    Ok(())
}

fn files(text: &str) -> Result<Files, String> {
    Files::from_name(text).ok_or_else(|| "use keep, trash or purge".to_owned())
}

async fn delete(office: &Office, name: &Username, files: Files, yes: bool) -> anyhow::Result<()> {
    let account = find(office, name).await?;
    let plan = office.accounts.details(account.id).await?.plan;
    let days = office.accounts.trash_days(&plan);
    let told = match files {
        Files::Keep => format!("its files stay in {}", account.home),
        Files::Purge => "its files are removed for good".to_owned(),
        Files::Trash => format!("its files lie in the trash for {days} days"),
    };
    if !yes {
        bail!("this deletes {name}, and {told}; say so with --yes");
    }
    let actor = Actor::command_line();
    let accounts = &office.accounts;
    accounts.delete(&actor, account.id, (files, days)).await?;
    console::say(&format!("{name} is deleted, and {told}."));
    if files != Files::Keep {
        console::say("The running server does it; `quaymaster job list` shows how far it is.");
    }
    Ok(())
}
