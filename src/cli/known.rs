//! The account, customer or volume that is meant by a name.

use anyhow::Context;

use crate::app::Office;
use crate::hosting::accounts::AccountError;
use crate::hosting::volumes::VolumeError;
use crate::model::{Account, Customer, StorageVolume, Username};

/// The account that logs in as `name`.
pub(super) async fn find(office: &Office, name: &Username) -> anyhow::Result<Account> {
    let found = office.accounts.by_username(name).await?;
    found
        .ok_or(AccountError::NotFound)
        .with_context(|| format!("{name} is not known"))
}

/// The customer of this name.
pub(super) async fn find_customer(office: &Office, name: &str) -> anyhow::Result<Customer> {
    let found = office.customers.by_name(name).await?;
    found.with_context(|| format!("no customer is called {name}"))
}

/// The volume that is called `name`, whatever the case.
pub(super) async fn find_volume(office: &Office, name: &str) -> anyhow::Result<StorageVolume> {
    let rows = office.volumes.rows().await?;
    let mut volumes = rows.into_iter().map(|row| row.volume);
    let meant = name.trim().to_lowercase();
    let found = volumes.find(|volume| volume.name.to_lowercase() == meant);
    found
        .ok_or(VolumeError::NotFound)
        .with_context(|| format!("no volume is called {name}"))
}
