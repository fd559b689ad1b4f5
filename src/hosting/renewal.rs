//! Hashes that accounts brought along from other servers are replaced once the password is known.

use std::sync::Arc;

use crate::hosting::foundation::Foundation;
use crate::hosting::roll::Enrolled;
use crate::hosting::stored_password::scheme;
use crate::model::{Account, PasswordHash};

/// The account with its password hashed as today, if it can be written down: only where the hash that
/// the password was verified against still stands, so that a password that was set meanwhile stays.
/// A login does not fail because of this; the next one tries again.
pub(super) async fn renewed(
    foundation: &Foundation,
    found: Arc<Enrolled>,
    hash: PasswordHash,
) -> Arc<Enrolled> {
    match replace(foundation, &found.account, &hash).await {
        Ok(true) => {}
        Ok(false) => return found,
        Err(error) => {
            tracing::warn!(account.id = %found.account.id, %error, "a password hash is not renewed");
            return found;
        }
    }
    let before = scheme(&found.account.password_hash).map_or("unknown", |kind| kind.as_str());
    tracing::info!(
        account.name = %found.account.username,
        scheme.before = before,
        "the password hash of `{}` is renewed",
        found.account.username
    );
    let account = Account {
        password_hash: hash,
        ..(*found.account).clone()
    };
    Arc::new(Enrolled {
        account: Arc::new(account),
        ..(*found).clone()
    })
}

async fn replace(
    foundation: &Foundation,
    account: &Account,
    hash: &PasswordHash,
) -> Result<bool, crate::store::StoreError> {
    let mut tx = foundation.db.begin().await?;
    let is_replaced = tx
        .renew_account_password(account.id, &account.password_hash, hash)
        .await?;
    tx.commit().await?;
    Ok(is_replaced)
}
