//! Has an engine prepare every statement of the room, so that one which it does not understand is
//! found before it is needed.

use sqlx::{Executor, SqlSafeStr};

use super::db::Db;
use super::error::StoreError;

impl Db {
    /// Prepares every statement and returns how many there are.
    ///
    /// # Errors
    ///
    /// The name of the first statement that the engine refuses, and why.
    pub async fn prepare_all(&self) -> Result<usize, (&'static str, StoreError)> {
        let mut prepared = 0;
        for (name, sql) in statements() {
            self.prepare(sql).await.map_err(|error| (name, error))?;
            prepared += 1;
        }
        Ok(prepared)
    }

    async fn prepare(&self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { write, .. } => {
                let mut connection = write.acquire().await?;
                connection.prepare(sql.into_sql_str()).await?;
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                connection.prepare(sql.into_sql_str()).await?;
            }
        }
        Ok(())
    }
}

/// Every statement of the room, by name.
fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        super::account_imports::STATEMENTS,
        super::account_lists::STATEMENTS,
        super::accounts::STATEMENTS,
        super::admins::STATEMENTS,
        super::audit::STATEMENTS,
        super::customers::STATEMENTS,
        super::deleted_accounts::STATEMENTS,
        super::facts::STATEMENTS,
        super::import_files::STATEMENTS,
        super::jobs::STATEMENTS,
        super::journal::STATEMENTS,
        super::journal_move::STATEMENTS,
        super::journal_retention::STATEMENTS,
        super::journal_statements::STATEMENTS,
        super::plans::STATEMENTS,
        super::settings::STATEMENTS,
        super::traffic::STATEMENTS,
        super::traffic_limits::STATEMENTS,
        super::trash::STATEMENTS,
        super::usage::STATEMENTS,
        super::volumes::STATEMENTS,
        super::web_sessions::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
