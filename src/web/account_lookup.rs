//! The account that a URL names, by user name or by id.

use crate::app::App;
use crate::hosting::accounts::{AccountDetails, AccountError};
use crate::model::{AccountId, Username};
use crate::web::error::PageError;

/// The account `segment` with its limits and usage. An id wins over a user name that looks like one.
pub(crate) async fn account(app: &App, segment: &str) -> Result<AccountDetails, PageError> {
    if let Ok(id) = segment.parse::<AccountId>() {
        match app.accounts.details(id).await {
            Err(AccountError::NotFound) => {}
            found => return Ok(found?),
        }
    }
    let missing = || {
        PageError::not_found(format!(
            "No account is called {segment}. It may have been deleted; the audit log shows when."
        ))
    };
    let name: Username = segment.parse().map_err(|_| missing())?;
    let found = app.accounts.by_username(&name).await?.ok_or_else(missing)?;
    Ok(app.accounts.details(found.id).await?)
}
