//! Accounts as lists show them, with customer, plan and usage.

use super::account_row::{AccountColumns, account_columns};
use super::db::{Db, on_reader};
use super::error::StoreError;
use super::row::{RowName, containing, folded, rows, text_of};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{
    AccountBrief, AccountId, AccountQuery, AccountRow, AccountSort, AccountStanding,
    CustomerStatus, Direction, Page, Usage,
};

macro_rules! listed {
    ($where:expr) => {
        concat!(
            "SELECT ",
            account_columns!(),
            ", c.name AS customer_name, c.status AS customer_status, p.plan_id,
             p.name AS plan_name, COALESCE(u.used_bytes, 0) AS used_bytes,
             COALESCE(u.used_files, 0) AS used_files",
            sources!(),
            $where
        )
    };
}

macro_rules! sources {
    () => {
        " FROM account a
          JOIN customer c ON c.customer_id = a.customer_id
          JOIN plan p ON p.plan_id = c.plan_id
          LEFT JOIN quota_usage u ON u.account_id = a.account_id"
    };
}

/// What `AccountStanding::as_str` says at the moment `$6`.
macro_rules! standing {
    () => {
        "CASE WHEN a.status <> 'active' THEN a.status
              WHEN a.expires_at <= CAST($6 AS BIGINT) THEN 'expired'
              ELSE 'active' END"
    };
}

macro_rules! matching {
    () => {
        concat!(
            " WHERE (CAST($1 AS TEXT) IS NULL
                 OR a.username LIKE $1 ESCAPE '!'
                 OR c.name_key LIKE $1 ESCAPE '!'
                 OR a.last_login_ip LIKE $1 ESCAPE '!')
            AND (CAST($2 AS TEXT) IS NULL OR ",
            standing!(),
            " = $2)
            AND (CAST($3 AS TEXT) IS NULL OR a.customer_id = $3)
            AND (CAST($4 AS TEXT) IS NULL OR c.plan_id = $4)
            AND (CAST($5 AS BIGINT) IS NULL
                 OR CAST(u.used_bytes AS DOUBLE PRECISION) * 100 >=
                    CAST($5 AS DOUBLE PRECISION)
                    * CASE WHEN a.bytes_own THEN a.bytes_limit ELSE p.account_bytes END
                 OR CAST(u.used_files AS DOUBLE PRECISION) * 100 >=
                    CAST($5 AS DOUBLE PRECISION)
                    * CASE WHEN a.files_own THEN a.files_limit ELSE p.account_files END)"
        )
    };
}

macro_rules! page {
    ($order:expr, $way:literal) => {
        listed!(concat!(
            matching!(),
            " ORDER BY ",
            $order,
            " ",
            $way,
            ", a.account_id ",
            $way,
            " LIMIT $7 OFFSET $8"
        ))
    };
}

queries! {
    ONE = listed!(" WHERE a.account_id = $1");
    COUNT = concat!("SELECT COUNT(*)", sources!(), matching!());
    BY_CREATED_UP = page!("a.created_at", "ASC");
    BY_CREATED_DOWN = page!("a.created_at", "DESC");
    BY_CUSTOMER_UP = page!("c.name_key", "ASC");
    BY_CUSTOMER_DOWN = page!("c.name_key", "DESC");
    BY_LAST_LOGIN_UP = page!("COALESCE(a.last_login_at, 0)", "ASC");
    BY_LAST_LOGIN_DOWN = page!("COALESCE(a.last_login_at, 0)", "DESC");
    BY_STATUS_UP = page!(standing!(), "ASC");
    BY_STATUS_DOWN = page!(standing!(), "DESC");
    BY_USAGE_UP = page!("COALESCE(u.used_bytes, 0)", "ASC");
    BY_USAGE_DOWN = page!("COALESCE(u.used_bytes, 0)", "DESC");
    BY_USERNAME_UP = page!("a.username", "ASC");
    BY_USERNAME_DOWN = page!("a.username", "DESC");
    BRIEFS = "
        SELECT a.account_id, a.customer_id, a.home, COALESCE(u.used_bytes, 0) AS used_bytes,
               COALESCE(u.used_files, 0) AS used_files, COALESCE(u.dirty, TRUE) AS dirty
          FROM account a
          LEFT JOIN quota_usage u ON u.account_id = a.account_id
         WHERE CAST($1 AS TEXT) IS NULL OR a.account_id > $1
         ORDER BY a.account_id
         LIMIT $2";
}

/// The statement for an order.
fn page_sql(sort: AccountSort, direction: Direction) -> &'static str {
    use Direction::{Ascending, Descending};
    match (sort, direction) {
        (AccountSort::Created, Ascending) => BY_CREATED_UP,
        (AccountSort::Created, Descending) => BY_CREATED_DOWN,
        (AccountSort::Customer, Ascending) => BY_CUSTOMER_UP,
        (AccountSort::Customer, Descending) => BY_CUSTOMER_DOWN,
        (AccountSort::LastLogin, Ascending) => BY_LAST_LOGIN_UP,
        (AccountSort::LastLogin, Descending) => BY_LAST_LOGIN_DOWN,
        (AccountSort::Status, Ascending) => BY_STATUS_UP,
        (AccountSort::Status, Descending) => BY_STATUS_DOWN,
        (AccountSort::Usage, Ascending) => BY_USAGE_UP,
        (AccountSort::Usage, Descending) => BY_USAGE_DOWN,
        (AccountSort::Username, Ascending) => BY_USERNAME_UP,
        (AccountSort::Username, Descending) => BY_USERNAME_DOWN,
    }
}

#[derive(sqlx::FromRow)]
struct ListedColumns {
    #[sqlx(flatten)]
    account: AccountColumns,
    customer_name: String,
    customer_status: String,
    plan_id: String,
    plan_name: String,
    used_bytes: i64,
    used_files: i64,
}

impl ListedColumns {
    fn read(self) -> Result<AccountRow, StoreError> {
        let account = self.account.read()?;
        let id = account.id.to_string();
        let row = RowName {
            table: "account",
            id: &id,
        };
        Ok(AccountRow {
            account,
            customer_status: row.named(
                "customer_status",
                CustomerStatus::from_name(&self.customer_status),
            )?,
            plan_id: row.parse("plan_id", &self.plan_id)?,
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
            customer_name: self.customer_name,
            plan_name: self.plan_name,
        })
    }
}

#[derive(sqlx::FromRow)]
struct BriefColumns {
    account_id: String,
    customer_id: String,
    home: String,
    used_bytes: i64,
    used_files: i64,
    dirty: bool,
}

impl BriefColumns {
    fn read(self) -> Result<AccountBrief, StoreError> {
        let row = RowName {
            table: "account",
            id: &self.account_id,
        };
        Ok(AccountBrief {
            account_id: row.parse("account_id", &self.account_id)?,
            customer_id: row.parse("customer_id", &self.customer_id)?,
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
            home: self.home,
            dirty: self.dirty,
        })
    }
}

impl Db {
    /// The account `id` with its customer, plan and usage.
    pub async fn account_row(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        let row: Option<ListedColumns> = on_reader!(self, |pool| sqlx::query_as(ONE)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(ListedColumns::read).transpose()
    }

    /// One page of the accounts that match at `now`.
    pub async fn account_page(
        &self,
        query: &AccountQuery,
        now: Timestamp,
    ) -> Result<Page<AccountRow>, StoreError> {
        let text = containing(&folded(&query.text));
        let standing = query.standing.map(AccountStanding::as_str);
        let customer = text_of(query.customer_id);
        let plan = text_of(query.plan_id);
        let over = query.over_percent.map(i64::from);
        let found: Vec<ListedColumns> = on_reader!(self, |pool| sqlx::query_as(page_sql(
            query.sort,
            query.direction
        ))
        .bind(&text)
        .bind(standing)
        .bind(&customer)
        .bind(&plan)
        .bind(over)
        .bind(now.as_millis())
        .bind(rows(query.window.limit))
        .bind(rows(query.window.offset))
        .fetch_all(pool)
        .await)?;
        let total: i64 = on_reader!(self, |pool| sqlx::query_scalar(COUNT)
            .bind(&text)
            .bind(standing)
            .bind(&customer)
            .bind(&plan)
            .bind(over)
            .bind(now.as_millis())
            .fetch_one(pool)
            .await)?;
        Ok(Page {
            rows: found
                .into_iter()
                .map(ListedColumns::read)
                .collect::<Result<_, _>>()?,
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    /// At most `limit` accounts after `after`, by id: call again with the last one until none is
    /// left.
    pub async fn account_briefs(
        &self,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<AccountBrief>, StoreError> {
        let found: Vec<BriefColumns> = on_reader!(self, |pool| sqlx::query_as(BRIEFS)
            .bind(text_of(after))
            .bind(rows(limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(BriefColumns::read).collect()
    }
}
