//! What a deleted account was, as JSON beside its files, and how it becomes a row again.

use serde::{Deserialize, Serialize};

use super::account_rules::{networks_text, session_rules_text};
use super::db::{Db, Tx, execute, on_reader};
use super::error::StoreError;
use super::path_rules::path_rules_text;
use super::row::{RowName, millis, moment};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{
    Account, AccountId, AccountLimits, AccountStatus, Limit, LoginRules, Override, PasswordHash,
    TlsRule, Version,
};

queries! {
    BY_ID = "SELECT account FROM trash WHERE account_id = $1 AND account IS NOT NULL";
    SET_LAST_UPLOAD = "UPDATE account SET last_upload_at = $2 WHERE account_id = $1";
}

/// An account as JSON; texts and times as in its row.
#[derive(Deserialize, Serialize)]
struct StoredAccount {
    username: String,
    customer_id: String,
    status: String,
    suspend_reason: String,
    password_hash: String,
    password_changed_at: i64,
    #[serde(default)]
    volume_id: Option<String>,
    home: String,
    permissions: String,
    path_rules: String,
    tls: String,
    expires_at: Option<i64>,
    networks: String,
    session_rules: String,
    limits: AccountLimits<Option<StoredLimit>>,
    notes: String,
    last_login_at: Option<i64>,
    last_login_ip: String,
    last_upload_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: Version,
}

/// A limit of its own.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct StoredLimit {
    limit: Limit,
}

/// Writes an account as JSON.
pub(super) fn account_text(account: &Account) -> String {
    let own = |own: Override| own.own().map(|limit| StoredLimit { limit });
    serde_json::json!(StoredAccount {
        username: account.username.to_string(),
        customer_id: account.customer_id.to_string(),
        status: account.status.as_str().to_owned(),
        suspend_reason: account.suspend_reason.clone(),
        password_hash: account.password_hash.as_str().to_owned(),
        password_changed_at: account.password_changed_at.as_millis(),
        volume_id: Some(account.volume_id.to_string()),
        home: account.home.clone(),
        permissions: account.permissions.as_str().to_owned(),
        path_rules: path_rules_text(&account.rules),
        tls: account.tls.as_str().to_owned(),
        expires_at: millis(account.login.expires_at),
        networks: networks_text(&account.login),
        session_rules: session_rules_text(&account.session),
        limits: account.limits.map(own),
        notes: account.notes.clone(),
        last_login_at: millis(account.last_login_at),
        last_login_ip: account.last_login_ip.clone(),
        last_upload_at: millis(account.last_upload_at),
        created_at: account.created_at.as_millis(),
        updated_at: account.updated_at.as_millis(),
        version: account.version,
    })
    .to_string()
}

fn read(id: AccountId, text: &str) -> Result<Account, StoreError> {
    let row = RowName {
        table: "trash",
        id: &id.to_string(),
    };
    let stored: StoredAccount = serde_json::from_str(text).map_err(|_| row.bad("account"))?;
    let own = |own: Option<StoredLimit>| Override::from(own.map(|own| own.limit));
    Ok(Account {
        id,
        username: row.parse("account", &stored.username)?,
        customer_id: row.parse("account", &stored.customer_id)?,
        status: row.named("account", AccountStatus::from_name(&stored.status))?,
        permissions: row.parse("account", &stored.permissions)?,
        rules: row.path_rules(&stored.path_rules)?,
        tls: row.named("account", TlsRule::from_name(&stored.tls))?,
        login: LoginRules {
            expires_at: moment(stored.expires_at),
            networks: row.networks(&stored.networks)?,
        },
        session: row.session_rules(&stored.session_rules)?,
        limits: stored.limits.map(own),
        suspend_reason: stored.suspend_reason,
        password_hash: PasswordHash::new(stored.password_hash),
        password_changed_at: Timestamp::from_millis(stored.password_changed_at),
        volume_id: row.volume_id(stored.volume_id.as_deref())?,
        home: stored.home,
        notes: stored.notes,
        last_login_at: moment(stored.last_login_at),
        last_login_ip: stored.last_login_ip,
        last_upload_at: moment(stored.last_upload_at),
        created_at: Timestamp::from_millis(stored.created_at),
        updated_at: Timestamp::from_millis(stored.updated_at),
        version: stored.version,
    })
}

impl Db {
    /// What the deleted account was; `None` if nothing is left of it, or if that was not kept.
    pub async fn deleted_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let found: Option<String> = on_reader!(self, |pool| sqlx::query_scalar(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        found.map(|text| read(id, &text)).transpose()
    }
}

impl Tx {
    /// Adds an account that was deleted, holding nothing.
    ///
    /// # Errors
    ///
    /// `Conflict::Username` if the name is taken, `Conflict::Missing` without its customer.
    pub async fn restore_account(&mut self, account: &Account) -> Result<(), StoreError> {
        self.insert_account(account).await?;
        let (id, at) = (account.id.to_string(), millis(account.last_upload_at));
        execute!(self, SET_LAST_UPLOAD, id, at)?;
        Ok(())
    }
}
