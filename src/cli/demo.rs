//! The demonstration: sample customers, plans and accounts, and the lines that show how to use them.
//! Passwords are generated at every start and printed; there is no default one.

use anyhow::{Context, bail};

use super::address::{page_url, reachable};
use crate::app::App;
use crate::hosting::accounts::{AccountSettings, NewAccount};
use crate::hosting::admins::{AdminError, NewAdmin};
use crate::hosting::customers::CustomerSettings;
use crate::hosting::demonstration::{Claim, ClaimError};
use crate::hosting::passwords::Passwords;
use crate::hosting::plans::PlanSettings;
use crate::model::{
    Account, AccountLimits, Actor, CustomerId, Override, PathRule, PathRules, PermissionProfile,
    Permissions, PoolTraffic, Role, Secret, TlsRule, Traffic, Username, VirtualPath,
};
use crate::server::Addresses;

const OWNER: &str = "demo@quaymaster.example";
const ACCOUNT: &str = "demo";

/// A sample account: name, customer, what it may do.
struct Sample {
    username: &'static str,
    customer: &'static str,
    settings: AccountSettings,
    is_suspended: bool,
}

/// Fills an empty installation, or one that an earlier demonstration filled, and tells how to use it.
///
/// # Errors
///
/// If the data folder belongs to a real installation.
pub(super) async fn fill(app: &App, addresses: &Addresses) -> anyhow::Result<Vec<String>> {
    match app.demonstration.claim().await {
        Ok(Claim::First) => samples(app)
            .await
            .context("the sample data could not be made")?,
        Ok(Claim::Again) => {}
        Err(ClaimError::Real) => bail!(
            "the data folder {} holds a real installation; give --demo an empty one with --data-dir",
            app.boot.data_dir.display()
        ),
        Err(error) => return Err(error.into()),
    }
    let owner = owner(app).await?;
    let password = account_password(app).await?;
    Ok(lines(app, addresses, &owner, &password))
}

async fn owner(app: &App) -> anyhow::Result<Secret> {
    let password = Passwords::generate();
    let new = NewAdmin {
        name: "Demo Owner".to_owned(),
        email: OWNER.to_owned(),
        password: password.clone(),
        role: Role::Owner,
    };
    let actor = Actor::system();
    match app.admins.create(&actor, new).await {
        Ok(_) => {}
        Err(AdminError::Taken(_)) => {
            app.admins
                .reset_password(&actor, OWNER, password.clone())
                .await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(password)
}

async fn account_password(app: &App) -> anyhow::Result<Secret> {
    let name: Username = ACCOUNT.parse()?;
    let account = app
        .accounts
        .by_username(&name)
        .await?
        .context("the demo account is missing")?;
    let password = Passwords::generate();
    app.accounts
        .set_password(&Actor::system(), account.id, password.clone())
        .await?;
    Ok(password)
}

async fn samples(app: &App) -> anyhow::Result<()> {
    let actor = Actor::system();
    let settings = PlanSettings {
        name: "Camera".to_owned(),
        description: "Old devices that only write small files".to_owned(),
        pool_bytes: Some(5 << 30),
        pool_files: Some(100_000),
        max_accounts: Some(20),
        account: AccountLimits {
            bytes: Some(512 << 20),
            files: Some(20_000),
            sessions: Some(2),
            traffic: Traffic {
                up: Some(10 << 30),
                ..Traffic::default()
            },
            ..AccountLimits::default()
        },
        denied_names: "*.exe *.php".parse()?,
        ..PlanSettings::default()
    };
    let camera = app.plans.create(&actor, settings).await?;
    let mut plans = app.plans.all().await?.into_iter();
    let standard = plans.find(|row| row.plan.is_default);
    let standard = standard.context("the default plan is missing")?.plan.id;
    for (name, plan_id) in [
        ("Northlight Studio", standard),
        ("Kestrel Print", standard),
        ("Harrow Security", camera.id),
    ] {
        let settings = CustomerSettings {
            name: name.to_owned(),
            contact_email: String::new(),
            plan_id,
            pool_bytes: Override::Inherit,
            pool_files: Override::Inherit,
            max_accounts: Override::Inherit,
            traffic: monthly(name),
            notes: String::new(),
        };
        app.customers.create(&actor, settings).await?;
    }
    for sample in sample_accounts() {
        let account = make(app, sample).await?;
        if account.username.as_str() == ACCOUNT {
            let rules = sample_rules()?;
            let accounts = &app.accounts;
            accounts
                .set_rules(&actor, account.id, account.version, rules)
                .await?;
        }
    }
    Ok(())
}

/// What the accounts of a customer may move together; one has a limit of its own.
fn monthly(customer: &str) -> PoolTraffic {
    let limits = if customer == "Northlight Studio" {
        Traffic {
            both: Override::Own(Some(500 << 30)),
            ..Traffic::default()
        }
    } else {
        Traffic::default()
    };
    PoolTraffic {
        limits,
        ..PoolTraffic::default()
    }
}

/// One folder that can only be read, and one that nobody sees.
fn sample_rules() -> anyhow::Result<PathRules> {
    let rule = |folder: &str, permissions, hidden| {
        let folder = VirtualPath::root().resolve(folder)?;
        anyhow::Ok(PathRule {
            folder,
            permissions,
            hidden,
        })
    };
    let read_only = PermissionProfile::ReadOnly.permissions();
    let archive = rule("/archive", read_only, false)?;
    let internal = rule("/internal", Permissions::NONE, true)?;
    Ok(PathRules::new(vec![archive, internal])?)
}

fn sample_accounts() -> Vec<Sample> {
    let plain = AccountSettings::default();
    let with = |permissions, tls, bytes| AccountSettings {
        permissions,
        tls,
        limits: AccountLimits {
            bytes,
            ..AccountLimits::default()
        },
        ..AccountSettings::default()
    };
    let own = |bytes| Override::Own(Some(bytes));
    let sample = |username, customer, settings, is_suspended| Sample {
        username,
        customer,
        settings,
        is_suspended,
    };
    let full = PermissionProfile::Full;
    vec![
        sample(ACCOUNT, "Northlight Studio", plain.clone(), false),
        sample("northlight-web", "Northlight Studio", plain.clone(), false),
        sample("kestrel-print", "Kestrel Print", plain, false),
        sample(
            "kestrel-proofs",
            "Kestrel Print",
            with(
                PermissionProfile::ReadOnly,
                TlsRule::Inherit,
                Override::Inherit,
            ),
            false,
        ),
        sample(
            "kestrel-archive",
            "Kestrel Print",
            with(full, TlsRule::Required, own(1 << 30)),
            true,
        ),
        sample(
            "harrow-gate1",
            "Harrow Security",
            with(
                PermissionProfile::UploadOnly,
                TlsRule::Optional,
                own(64 << 20),
            ),
            false,
        ),
    ]
}

async fn make(app: &App, sample: Sample) -> anyhow::Result<Account> {
    let actor = Actor::system();
    let customer = app.customers.by_name(sample.customer).await?;
    let customer_id: CustomerId = customer.context("the sample customer is missing")?.id;
    let new = NewAccount {
        username: sample.username.parse()?,
        customer_id,
        password: Passwords::generate(),
        volume_id: None,
        settings: sample.settings,
    };
    let account = app.accounts.create(&actor, new).await?;
    if sample.is_suspended {
        app.accounts
            .suspend(&actor, account.id, "The contract ended")
            .await?;
    }
    Ok(account)
}

fn lines(app: &App, addresses: &Addresses, owner: &Secret, account: &Secret) -> Vec<String> {
    let page = page_url(app.boot.web_url.as_deref(), addresses.web);
    let ftp = addresses.ftp.first().copied().map(reachable);
    let ftp = ftp.map_or_else(String::new, |address| address.to_string());
    let (owner, account) = (owner.expose(), account.expose());
    vec![
        String::new(),
        "Quaymaster is running with demonstration data.".to_owned(),
        String::new(),
        format!("  Administration  {page}/admin"),
        format!("  Sign in         {OWNER}   {owner}"),
        format!("  FTP             ftp://{ftp}  (explicit TLS, self-signed certificate)"),
        format!("  Account         {ACCOUNT}   {account}"),
        String::new(),
        "  Upload a file:".to_owned(),
        format!(
            "  curl --ssl-reqd --insecure --user {ACCOUNT}:{account} -T Cargo.toml ftp://{ftp}/"
        ),
        String::new(),
        "  Browse it:".to_owned(),
        format!("  lftp -e 'set ssl:verify-certificate no' -u {ACCOUNT},{account} ftp://{ftp}"),
        String::new(),
        "Press Ctrl+C to stop.".to_owned(),
    ]
}
