//! An account as its row: the columns, and what they mean.

use super::error::StoreError;
use super::row::{RowName, moment};
use super::traffic_limits::TrafficColumns;
use crate::clock::Timestamp;
use crate::model::{
    Account, AccountLimits, AccountStatus, LoginRules, Override, PasswordHash, TlsRule, Version,
};

/// The columns of [`AccountColumns`].
macro_rules! account_columns {
    () => {
        concat!(
            $crate::store::traffic_limits::traffic_columns!("a"),
            ", a.account_id, a.username, a.customer_id, a.status, a.suspend_reason, a.password_hash,
         a.password_changed_at, a.home, a.permissions, a.tls, a.bytes_own, a.bytes_limit,
         a.files_own, a.files_limit, a.sessions_own, a.sessions_limit, a.notes, a.last_login_at,
         a.last_login_ip, a.created_at, a.updated_at, a.version, a.path_rules, a.file_bytes_own,
         a.file_bytes_limit, a.upload_rate_own, a.upload_rate_limit, a.download_rate_own,
         a.download_rate_limit, a.session_upload_rate_own, a.session_upload_rate_limit,
         a.session_download_rate_own, a.session_download_rate_limit, a.sessions_per_address_own,
         a.sessions_per_address_limit, a.expires_at, a.networks, a.session_rules,
         a.last_upload_at, a.volume_id"
        )
    };
}

pub(super) use account_columns;

/// An account as the engine returns it.
#[derive(sqlx::FromRow)]
pub(super) struct AccountColumns {
    account_id: String,
    username: String,
    customer_id: String,
    status: String,
    suspend_reason: String,
    password_hash: String,
    password_changed_at: i64,
    home: String,
    permissions: String,
    tls: String,
    bytes_own: bool,
    bytes_limit: Option<i64>,
    files_own: bool,
    files_limit: Option<i64>,
    sessions_own: bool,
    sessions_limit: Option<i64>,
    notes: String,
    last_login_at: Option<i64>,
    last_login_ip: String,
    created_at: i64,
    updated_at: i64,
    version: Version,
    path_rules: String,
    file_bytes_own: bool,
    file_bytes_limit: Option<i64>,
    upload_rate_own: bool,
    upload_rate_limit: Option<i64>,
    download_rate_own: bool,
    download_rate_limit: Option<i64>,
    session_upload_rate_own: bool,
    session_upload_rate_limit: Option<i64>,
    session_download_rate_own: bool,
    session_download_rate_limit: Option<i64>,
    sessions_per_address_own: bool,
    sessions_per_address_limit: Option<i64>,
    expires_at: Option<i64>,
    networks: String,
    session_rules: String,
    last_upload_at: Option<i64>,
    volume_id: Option<String>,
    #[sqlx(flatten)]
    traffic: TrafficColumns,
}

impl AccountColumns {
    fn limits(&self, row: &RowName<'_>) -> Result<AccountLimits<Override>, StoreError> {
        AccountLimits {
            bytes: (self.bytes_own, self.bytes_limit),
            files: (self.files_own, self.files_limit),
            file_bytes: (self.file_bytes_own, self.file_bytes_limit),
            sessions: (self.sessions_own, self.sessions_limit),
            sessions_per_address: (
                self.sessions_per_address_own,
                self.sessions_per_address_limit,
            ),
            upload_rate: (self.upload_rate_own, self.upload_rate_limit),
            download_rate: (self.download_rate_own, self.download_rate_limit),
            session_upload_rate: (self.session_upload_rate_own, self.session_upload_rate_limit),
            session_download_rate: (
                self.session_download_rate_own,
                self.session_download_rate_limit,
            ),
            traffic: self.traffic.pairs(),
        }
        .map(|(own, limit)| row.own("a limit", own, limit))
        .all()
    }

    /// Checks every column.
    pub(super) fn read(self) -> Result<Account, StoreError> {
        let row = RowName {
            table: "account",
            id: &self.account_id,
        };
        Ok(Account {
            id: row.parse("account_id", &self.account_id)?,
            username: row.parse("username", &self.username)?,
            customer_id: row.parse("customer_id", &self.customer_id)?,
            status: row.named("status", AccountStatus::from_name(&self.status))?,
            permissions: row.parse("permissions", &self.permissions)?,
            tls: row.named("tls", TlsRule::from_name(&self.tls))?,
            login: LoginRules {
                expires_at: moment(self.expires_at),
                networks: row.networks(&self.networks)?,
            },
            session: row.session_rules(&self.session_rules)?,
            limits: self.limits(&row)?,
            suspend_reason: self.suspend_reason,
            password_hash: PasswordHash::new(self.password_hash),
            password_changed_at: Timestamp::from_millis(self.password_changed_at),
            volume_id: row.volume_id(self.volume_id.as_deref())?,
            home: self.home,
            notes: self.notes,
            last_login_at: moment(self.last_login_at),
            last_login_ip: self.last_login_ip,
            last_upload_at: moment(self.last_upload_at),
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            version: self.version,
            rules: row.path_rules(&self.path_rules)?,
        })
    }
}
