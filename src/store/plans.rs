//! Plans. Once there is one, exactly one is the default.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::{Conflict, StoreError};
use super::row::{RowName, folded};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{AccountLimits, Checksum, Plan, PlanId, PlanRow, Traffic, Version};

macro_rules! columns {
    () => {
        "p.plan_id, p.name, p.description, p.pool_bytes, p.pool_files, p.max_accounts,
         p.account_bytes, p.account_files, p.account_file_bytes, p.account_sessions,
         p.account_upload_rate, p.account_download_rate, p.session_upload_rate,
         p.session_download_rate, p.is_default, p.created_at, p.updated_at, p.version,
         p.journal_days_own, p.journal_days, p.account_sessions_per_address, p.denied_names,
         p.checksum, p.account_traffic_up, p.account_traffic_down, p.account_traffic_both,
         p.pool_traffic_up, p.pool_traffic_down, p.pool_traffic_both, p.trash_days"
    };
}

queries! {
    BY_ID = concat!("SELECT ", columns!(), " FROM plan p WHERE p.plan_id = $1");
    THE_DEFAULT = concat!("SELECT ", columns!(), " FROM plan p WHERE p.is_default");
    ALL = concat!(
        "SELECT ", columns!(),
        ", (SELECT COUNT(*) FROM customer c WHERE c.plan_id = p.plan_id) AS customers
          FROM plan p ORDER BY p.name_key"
    );
    INSERT = "
        INSERT INTO plan (
            plan_id, name, name_key, description, pool_bytes, pool_files, max_accounts,
            account_bytes, account_files, account_file_bytes, account_sessions,
            account_upload_rate, account_download_rate, session_upload_rate,
            session_download_rate, is_default, created_at, updated_at, version, journal_days_own,
            journal_days, account_sessions_per_address, denied_names, checksum,
            account_traffic_up, account_traffic_down, account_traffic_both, pool_traffic_up,
            pool_traffic_down, pool_traffic_both)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)";
    SAVE = "
        UPDATE plan
           SET name = $3, name_key = $4, description = $5, pool_bytes = $6, pool_files = $7,
               max_accounts = $8, account_bytes = $9, account_files = $10,
               account_file_bytes = $11, account_sessions = $12, account_upload_rate = $13,
               account_download_rate = $14, session_upload_rate = $15,
               session_download_rate = $16, is_default = $17, updated_at = $18,
               journal_days_own = $19, journal_days = $20,
               account_sessions_per_address = $21, denied_names = $22, checksum = $23,
               account_traffic_up = $24, account_traffic_down = $25, account_traffic_both = $26,
               pool_traffic_up = $27, pool_traffic_down = $28, pool_traffic_both = $29,
               version = version + 1
         WHERE plan_id = $1 AND version = $2
        RETURNING version";
    SET_TRASH_DAYS = "UPDATE plan SET trash_days = $2 WHERE plan_id = $1";
    NO_OTHER_DEFAULT = "
        UPDATE plan SET is_default = FALSE, version = version + 1
         WHERE is_default AND plan_id <> $1";
    DELETE = "DELETE FROM plan WHERE plan_id = $1";
    DEFAULTS = "SELECT COUNT(*) FROM plan WHERE is_default";
}

#[derive(sqlx::FromRow)]
struct PlanColumns {
    plan_id: String,
    name: String,
    description: String,
    pool_bytes: Option<i64>,
    pool_files: Option<i64>,
    max_accounts: Option<i64>,
    account_bytes: Option<i64>,
    account_files: Option<i64>,
    account_file_bytes: Option<i64>,
    account_sessions: Option<i64>,
    account_upload_rate: Option<i64>,
    account_download_rate: Option<i64>,
    session_upload_rate: Option<i64>,
    session_download_rate: Option<i64>,
    is_default: bool,
    created_at: i64,
    updated_at: i64,
    version: Version,
    journal_days_own: bool,
    journal_days: Option<i64>,
    account_sessions_per_address: Option<i64>,
    denied_names: String,
    checksum: Option<String>,
    account_traffic_up: Option<i64>,
    account_traffic_down: Option<i64>,
    account_traffic_both: Option<i64>,
    pool_traffic_up: Option<i64>,
    pool_traffic_down: Option<i64>,
    pool_traffic_both: Option<i64>,
    trash_days: Option<i64>,
}

impl PlanColumns {
    fn read(self) -> Result<Plan, StoreError> {
        let row = RowName {
            table: "plan",
            id: &self.plan_id,
        };
        Ok(Plan {
            id: row.parse("plan_id", &self.plan_id)?,
            pool_bytes: row.limit("pool_bytes", self.pool_bytes)?,
            pool_files: row.limit("pool_files", self.pool_files)?,
            max_accounts: row.limit("max_accounts", self.max_accounts)?,
            account: AccountLimits {
                bytes: row.limit("account_bytes", self.account_bytes)?,
                files: row.limit("account_files", self.account_files)?,
                file_bytes: row.limit("account_file_bytes", self.account_file_bytes)?,
                sessions: row.limit("account_sessions", self.account_sessions)?,
                sessions_per_address: row.limit(
                    "account_sessions_per_address",
                    self.account_sessions_per_address,
                )?,
                upload_rate: row.limit("account_upload_rate", self.account_upload_rate)?,
                download_rate: row.limit("account_download_rate", self.account_download_rate)?,
                session_upload_rate: row.limit("session_upload_rate", self.session_upload_rate)?,
                session_download_rate: row
                    .limit("session_download_rate", self.session_download_rate)?,
                traffic: Traffic {
                    up: row.limit("account_traffic_up", self.account_traffic_up)?,
                    down: row.limit("account_traffic_down", self.account_traffic_down)?,
                    both: row.limit("account_traffic_both", self.account_traffic_both)?,
                },
            },
            pool_traffic: Traffic {
                up: row.limit("pool_traffic_up", self.pool_traffic_up)?,
                down: row.limit("pool_traffic_down", self.pool_traffic_down)?,
                both: row.limit("pool_traffic_both", self.pool_traffic_both)?,
            },
            journal_days: row.own("journal_days", self.journal_days_own, self.journal_days)?,
            denied_names: row.parse("denied_names", &self.denied_names)?,
            trash_days: self
                .trash_days
                .map(|days| u32::try_from(days).map_err(|_| row.bad("trash_days")))
                .transpose()?,
            checksum: row.checksum("checksum", self.checksum.as_deref())?,
            name: self.name,
            description: self.description,
            is_default: self.is_default,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            version: self.version,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ListedColumns {
    #[sqlx(flatten)]
    plan: PlanColumns,
    customers: i64,
}

/// The limits of a plan as the engine stores them.
struct Limits {
    pool_bytes: Option<i64>,
    pool_files: Option<i64>,
    max_accounts: Option<i64>,
    pool_traffic: Traffic<Option<i64>>,
    account: AccountLimits<Option<i64>>,
    journal_days: (bool, Option<i64>),
}

impl Limits {
    fn of(plan: &Plan) -> Result<Self, StoreError> {
        let id = plan.id.to_string();
        let row = RowName {
            table: "plan",
            id: &id,
        };
        Ok(Self {
            pool_bytes: row.bigint_limit("pool_bytes", plan.pool_bytes)?,
            pool_files: row.bigint_limit("pool_files", plan.pool_files)?,
            max_accounts: row.bigint_limit("max_accounts", plan.max_accounts)?,
            pool_traffic: plan
                .pool_traffic
                .map(|limit| row.bigint_limit("pool traffic", limit))
                .all()?,
            account: plan
                .account
                .map(|limit| row.bigint_limit("account limit", limit))
                .all()?,
            journal_days: row.bigint_own("journal_days", plan.journal_days)?,
        })
    }
}

impl Db {
    /// The plan `id`.
    pub async fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        let row: Option<PlanColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(PlanColumns::read).transpose()
    }

    /// The plan that new customers get; `None` only while there is no plan at all.
    pub async fn default_plan(&self) -> Result<Option<Plan>, StoreError> {
        let row: Option<PlanColumns> = on_reader!(self, |pool| sqlx::query_as(THE_DEFAULT)
            .fetch_optional(pool)
            .await)?;
        row.map(PlanColumns::read).transpose()
    }

    /// Every plan, by name.
    pub async fn plans(&self) -> Result<Vec<PlanRow>, StoreError> {
        let found: Vec<ListedColumns> =
            on_reader!(self, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
        found
            .into_iter()
            .map(|row| {
                Ok(PlanRow {
                    customers: u64::try_from(row.customers).unwrap_or(0),
                    plan: row.plan.read()?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Adds a plan. If it is the default, no other is any more.
    ///
    /// # Errors
    ///
    /// `Conflict::PlanName` if the name is taken, `Conflict::DefaultPlan` if it is the first plan
    /// and not the default.
    pub async fn insert_plan(&mut self, plan: &Plan) -> Result<(), StoreError> {
        self.clear_other_defaults(plan).await?;
        let limits = Limits::of(plan)?;
        execute!(
            self,
            INSERT,
            plan.id.to_string(),
            &plan.name,
            folded(&plan.name),
            &plan.description,
            limits.pool_bytes,
            limits.pool_files,
            limits.max_accounts,
            limits.account.bytes,
            limits.account.files,
            limits.account.file_bytes,
            limits.account.sessions,
            limits.account.upload_rate,
            limits.account.download_rate,
            limits.account.session_upload_rate,
            limits.account.session_download_rate,
            plan.is_default,
            plan.created_at.as_millis(),
            plan.updated_at.as_millis(),
            plan.version,
            limits.journal_days.0,
            limits.journal_days.1,
            limits.account.sessions_per_address,
            plan.denied_names.line(),
            plan.checksum.own().map(Checksum::as_str),
            limits.account.traffic.up,
            limits.account.traffic.down,
            limits.account.traffic.both,
            limits.pool_traffic.up,
            limits.pool_traffic.down,
            limits.pool_traffic.both
        )?;
        self.set_trash_days(plan).await?;
        self.require_default().await
    }

    /// Saves a plan and raises its version. If it is the default, no other is any more.
    /// `plan.version` is the one that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else saved first, `Conflict::PlanName` if the name is
    /// taken, `Conflict::DefaultPlan` if no plan would be the default any more.
    pub async fn save_plan(&mut self, plan: &Plan, at: Timestamp) -> Result<Version, StoreError> {
        self.clear_other_defaults(plan).await?;
        let limits = Limits::of(plan)?;
        let version = on_tx!(self, |connection| sqlx::query_scalar(SAVE)
            .bind(plan.id.to_string())
            .bind(plan.version)
            .bind(&plan.name)
            .bind(folded(&plan.name))
            .bind(&plan.description)
            .bind(limits.pool_bytes)
            .bind(limits.pool_files)
            .bind(limits.max_accounts)
            .bind(limits.account.bytes)
            .bind(limits.account.files)
            .bind(limits.account.file_bytes)
            .bind(limits.account.sessions)
            .bind(limits.account.upload_rate)
            .bind(limits.account.download_rate)
            .bind(limits.account.session_upload_rate)
            .bind(limits.account.session_download_rate)
            .bind(plan.is_default)
            .bind(at.as_millis())
            .bind(limits.journal_days.0)
            .bind(limits.journal_days.1)
            .bind(limits.account.sessions_per_address)
            .bind(plan.denied_names.line())
            .bind(plan.checksum.own().map(Checksum::as_str))
            .bind(limits.account.traffic.up)
            .bind(limits.account.traffic.down)
            .bind(limits.account.traffic.both)
            .bind(limits.pool_traffic.up)
            .bind(limits.pool_traffic.down)
            .bind(limits.pool_traffic.both)
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)?;
        self.set_trash_days(plan).await?;
        self.require_default().await?;
        Ok(version)
    }

    async fn set_trash_days(&mut self, plan: &Plan) -> Result<(), StoreError> {
        let days = plan.trash_days.map(i64::from);
        execute!(self, SET_TRASH_DAYS, plan.id.to_string(), days)?;
        Ok(())
    }

    /// Removes a plan; `false` if there is no such plan.
    ///
    /// # Errors
    ///
    /// `Conflict::InUse` while a customer has it, `Conflict::DefaultPlan` if it is the default.
    pub async fn delete_plan(&mut self, id: PlanId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string()).map_err(StoreError::of_delete)?;
        if affected == 0 {
            return Ok(false);
        }
        self.require_default().await?;
        Ok(true)
    }

    async fn clear_other_defaults(&mut self, plan: &Plan) -> Result<(), StoreError> {
        if plan.is_default {
            execute!(self, NO_OTHER_DEFAULT, plan.id.to_string())?;
        }
        Ok(())
    }

    async fn require_default(&mut self) -> Result<(), StoreError> {
        let defaults: i64 = on_tx!(self, |connection| sqlx::query_scalar(DEFAULTS)
            .fetch_one(connection)
            .await)?;
        if defaults == 1 {
            Ok(())
        } else {
            Err(StoreError::Conflict(Conflict::DefaultPlan))
        }
    }
}
