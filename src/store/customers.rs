//! Customers.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, containing, folded, rows, text_of};
use super::statements::queries;
use super::traffic_limits::{PoolTrafficColumns, traffic_columns};
use crate::clock::Timestamp;
use crate::model::{
    Customer, CustomerId, CustomerQuery, CustomerRow, CustomerSort, CustomerStatus, Direction,
    Page, Usage, Version,
};

macro_rules! columns {
    () => {
        concat!(
            traffic_columns!("c"),
            ", c.traffic_reset_day, c.customer_id, c.name, c.slug, c.contact_email, c.plan_id, c.status, c.pool_bytes_own,
         c.pool_bytes_limit, c.pool_files_own, c.pool_files_limit, c.max_accounts_own,
         c.max_accounts_limit, c.notes, c.created_at, c.updated_at, c.version"
        )
    };
}

macro_rules! listed {
    ($rest:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            ", p.name AS plan_name, COALESCE(s.accounts, 0) AS accounts,
             COALESCE(s.used_bytes, 0) AS used_bytes, COALESCE(s.used_files, 0) AS used_files
             FROM customer c
             JOIN plan p ON p.plan_id = c.plan_id
             LEFT JOIN (
                 SELECT a.customer_id, COUNT(*) AS accounts,
                        CAST(COALESCE(SUM(u.used_bytes), 0) AS BIGINT) AS used_bytes,
                        CAST(COALESCE(SUM(u.used_files), 0) AS BIGINT) AS used_files
                   FROM account a
                   LEFT JOIN quota_usage u ON u.account_id = a.account_id
                  GROUP BY a.customer_id
             ) s ON s.customer_id = c.customer_id",
            $rest
        )
    };
}

macro_rules! matching {
    () => {
        " WHERE (CAST($1 AS TEXT) IS NULL
                 OR c.name_key LIKE $1 ESCAPE '!'
                 OR lower(c.contact_email) LIKE $1 ESCAPE '!')
            AND (CAST($2 AS TEXT) IS NULL OR c.status = $2)
            AND (CAST($3 AS TEXT) IS NULL OR c.plan_id = $3)"
    };
}

macro_rules! page {
    ($order:literal, $way:literal) => {
        listed!(concat!(
            matching!(),
            " ORDER BY ",
            $order,
            " ",
            $way,
            ", c.customer_id ",
            $way,
            " LIMIT $4 OFFSET $5"
        ))
    };
}

queries! {
    BY_ID = concat!("SELECT ", columns!(), " FROM customer c WHERE c.customer_id = $1");
    BY_NAME = concat!("SELECT ", columns!(), " FROM customer c WHERE c.name_key = $1");
    ALL = concat!("SELECT ", columns!(), " FROM customer c ORDER BY c.name_key");
    ONE = listed!(" WHERE c.customer_id = $1");
    COUNT = concat!("SELECT COUNT(*) FROM customer c", matching!());
    BY_ACCOUNTS_UP = page!("COALESCE(s.accounts, 0)", "ASC");
    BY_ACCOUNTS_DOWN = page!("COALESCE(s.accounts, 0)", "DESC");
    BY_CREATED_UP = page!("c.created_at", "ASC");
    BY_CREATED_DOWN = page!("c.created_at", "DESC");
    BY_NAME_UP = page!("c.name_key", "ASC");
    BY_NAME_DOWN = page!("c.name_key", "DESC");
    BY_PLAN_UP = page!("p.name_key", "ASC");
    BY_PLAN_DOWN = page!("p.name_key", "DESC");
    BY_STATUS_UP = page!("c.status", "ASC");
    BY_STATUS_DOWN = page!("c.status", "DESC");
    BY_USAGE_UP = page!("COALESCE(s.used_bytes, 0)", "ASC");
    BY_USAGE_DOWN = page!("COALESCE(s.used_bytes, 0)", "DESC");
    INSERT = "
        INSERT INTO customer (
            customer_id, name, name_key, slug, contact_email, plan_id, status, pool_bytes_own,
            pool_bytes_limit, pool_files_own, pool_files_limit, max_accounts_own,
            max_accounts_limit, notes, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    SAVE = "
        UPDATE customer
           SET name = $3, name_key = $4, contact_email = $5, plan_id = $6, pool_bytes_own = $7,
               pool_bytes_limit = $8, pool_files_own = $9, pool_files_limit = $10,
               max_accounts_own = $11, max_accounts_limit = $12, notes = $13, updated_at = $14,
               version = version + 1
         WHERE customer_id = $1 AND version = $2
        RETURNING version";
    SET_STATUS = "
        UPDATE customer SET status = $2, updated_at = $3, version = version + 1
         WHERE customer_id = $1";
    DELETE = "DELETE FROM customer WHERE customer_id = $1";
}

/// The statement for an order.
fn page_sql(sort: CustomerSort, direction: Direction) -> &'static str {
    use Direction::{Ascending, Descending};
    match (sort, direction) {
        (CustomerSort::Accounts, Ascending) => BY_ACCOUNTS_UP,
        (CustomerSort::Accounts, Descending) => BY_ACCOUNTS_DOWN,
        (CustomerSort::Created, Ascending) => BY_CREATED_UP,
        (CustomerSort::Created, Descending) => BY_CREATED_DOWN,
        (CustomerSort::Name, Ascending) => BY_NAME_UP,
        (CustomerSort::Name, Descending) => BY_NAME_DOWN,
        (CustomerSort::Plan, Ascending) => BY_PLAN_UP,
        (CustomerSort::Plan, Descending) => BY_PLAN_DOWN,
        (CustomerSort::Status, Ascending) => BY_STATUS_UP,
        (CustomerSort::Status, Descending) => BY_STATUS_DOWN,
        (CustomerSort::Usage, Ascending) => BY_USAGE_UP,
        (CustomerSort::Usage, Descending) => BY_USAGE_DOWN,
    }
}

#[derive(sqlx::FromRow)]
struct CustomerColumns {
    customer_id: String,
    name: String,
    slug: String,
    contact_email: String,
    plan_id: String,
    status: String,
    pool_bytes_own: bool,
    pool_bytes_limit: Option<i64>,
    pool_files_own: bool,
    pool_files_limit: Option<i64>,
    max_accounts_own: bool,
    max_accounts_limit: Option<i64>,
    notes: String,
    created_at: i64,
    updated_at: i64,
    version: Version,
    #[sqlx(flatten)]
    traffic: PoolTrafficColumns,
}

impl CustomerColumns {
    fn read(self) -> Result<Customer, StoreError> {
        let row = RowName {
            table: "customer",
            id: &self.customer_id,
        };
        Ok(Customer {
            id: row.parse("customer_id", &self.customer_id)?,
            plan_id: row.parse("plan_id", &self.plan_id)?,
            status: row.named("status", CustomerStatus::from_name(&self.status))?,
            pool_bytes: row.own(
                "pool_bytes_limit",
                self.pool_bytes_own,
                self.pool_bytes_limit,
            )?,
            pool_files: row.own(
                "pool_files_limit",
                self.pool_files_own,
                self.pool_files_limit,
            )?,
            max_accounts: row.own(
                "max_accounts_limit",
                self.max_accounts_own,
                self.max_accounts_limit,
            )?,
            traffic: self.traffic.read(&row)?,
            name: self.name,
            slug: self.slug,
            contact_email: self.contact_email,
            notes: self.notes,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            version: self.version,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ListedColumns {
    #[sqlx(flatten)]
    customer: CustomerColumns,
    plan_name: String,
    accounts: i64,
    used_bytes: i64,
    used_files: i64,
}

impl ListedColumns {
    fn read(self) -> Result<CustomerRow, StoreError> {
        let customer = self.customer.read()?;
        let id = customer.id.to_string();
        let row = RowName {
            table: "customer",
            id: &id,
        };
        Ok(CustomerRow {
            customer,
            plan_name: self.plan_name,
            accounts: row.amount("accounts", self.accounts)?,
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
        })
    }
}

impl Db {
    /// The customer `id`.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        let row: Option<CustomerColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(CustomerColumns::read).transpose()
    }

    /// The customer with this name, whatever the case.
    pub async fn customer_by_name(&self, name: &str) -> Result<Option<Customer>, StoreError> {
        let row: Option<CustomerColumns> = on_reader!(self, |pool| sqlx::query_as(BY_NAME)
            .bind(folded(name))
            .fetch_optional(pool)
            .await)?;
        row.map(CustomerColumns::read).transpose()
    }

    /// Every customer, by name.
    pub async fn customers(&self) -> Result<Vec<Customer>, StoreError> {
        let found: Vec<CustomerColumns> =
            on_reader!(self, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
        found.into_iter().map(CustomerColumns::read).collect()
    }

    /// The customer `id` with its plan, accounts and usage.
    pub async fn customer_row(&self, id: CustomerId) -> Result<Option<CustomerRow>, StoreError> {
        let row: Option<ListedColumns> = on_reader!(self, |pool| sqlx::query_as(ONE)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(ListedColumns::read).transpose()
    }

    /// One page of the customers that match.
    pub async fn customer_page(
        &self,
        query: &CustomerQuery,
    ) -> Result<Page<CustomerRow>, StoreError> {
        let text = containing(&folded(&query.text));
        let status = query.status.map(CustomerStatus::as_str);
        let plan = text_of(query.plan_id);
        let found: Vec<ListedColumns> = on_reader!(self, |pool| sqlx::query_as(page_sql(
            query.sort,
            query.direction
        ))
        .bind(&text)
        .bind(status)
        .bind(&plan)
        .bind(rows(query.window.limit))
        .bind(rows(query.window.offset))
        .fetch_all(pool)
        .await)?;
        let total: i64 = on_reader!(self, |pool| sqlx::query_scalar(COUNT)
            .bind(&text)
            .bind(status)
            .bind(&plan)
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
}

impl Tx {
    /// Adds a customer.
    ///
    /// # Errors
    ///
    /// `Conflict::CustomerName` and `Conflict::CustomerSlug` if they are taken, `Conflict::Missing`
    /// without its plan.
    pub async fn insert_customer(&mut self, customer: &Customer) -> Result<(), StoreError> {
        let id = customer.id.to_string();
        let row = RowName {
            table: "customer",
            id: &id,
        };
        let bytes = row.bigint_own("pool_bytes_limit", customer.pool_bytes)?;
        let files = row.bigint_own("pool_files_limit", customer.pool_files)?;
        let accounts = row.bigint_own("max_accounts_limit", customer.max_accounts)?;
        execute!(
            self,
            INSERT,
            &id,
            &customer.name,
            folded(&customer.name),
            &customer.slug,
            &customer.contact_email,
            customer.plan_id.to_string(),
            customer.status.as_str(),
            bytes.0,
            bytes.1,
            files.0,
            files.1,
            accounts.0,
            accounts.1,
            &customer.notes,
            customer.created_at.as_millis(),
            customer.updated_at.as_millis(),
            customer.version
        )?;
        self.save_pool_traffic(&row, customer.traffic).await
    }

    /// Saves what an administrator edits (not slug and status) and raises the version.
    /// `customer.version` is the one that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else saved first; conflicts as when adding.
    pub async fn save_customer(
        &mut self,
        customer: &Customer,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        let id = customer.id.to_string();
        let row = RowName {
            table: "customer",
            id: &id,
        };
        let bytes = row.bigint_own("pool_bytes_limit", customer.pool_bytes)?;
        let files = row.bigint_own("pool_files_limit", customer.pool_files)?;
        let accounts = row.bigint_own("max_accounts_limit", customer.max_accounts)?;
        let version = on_tx!(self, |connection| sqlx::query_scalar(SAVE)
            .bind(&id)
            .bind(customer.version)
            .bind(&customer.name)
            .bind(folded(&customer.name))
            .bind(&customer.contact_email)
            .bind(customer.plan_id.to_string())
            .bind(bytes.0)
            .bind(bytes.1)
            .bind(files.0)
            .bind(files.1)
            .bind(accounts.0)
            .bind(accounts.1)
            .bind(&customer.notes)
            .bind(at.as_millis())
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)?;
        self.save_pool_traffic(&row, customer.traffic).await?;
        Ok(version)
    }

    /// Suspends or resumes a customer whatever its version; `false` if there is no such customer.
    pub async fn set_customer_status(
        &mut self,
        id: CustomerId,
        status: CustomerStatus,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let affected = execute!(
            self,
            SET_STATUS,
            id.to_string(),
            status.as_str(),
            at.as_millis()
        )?;
        Ok(affected > 0)
    }

    /// Removes a customer; `false` if there is no such customer.
    ///
    /// # Errors
    ///
    /// `Conflict::InUse` while it has accounts.
    pub async fn delete_customer(&mut self, id: CustomerId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string()).map_err(StoreError::of_delete)?;
        Ok(affected > 0)
    }
}
