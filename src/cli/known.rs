//! The account or customer that is meant by a name.

use anyhow::Context;

use crate::app::Office;
use crate::hosting::accounts::AccountError;
use crate::model::{Account, Customer, Username};

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
