//! The two engines behind one type. A statement is written once and compiled for both; `on_reader!`
//! and `on_tx!` write the two arms.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use super::error::StoreError;
use super::url::{DatabaseUrl, Engine};
use crate::model::Secret;

/// A handle on the database, for reading; cheap to clone. Writing goes through [`Db::begin`].
#[derive(Clone, Debug)]
pub enum Db {
    /// One SQLite file.
    Sqlite {
        /// The only connection that may write.
        write: SqlitePool,
        /// Connections that see the last committed state and cannot write.
        read: SqlitePool,
    },
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// A set of changes that happens as a whole or, if it is dropped, not at all.
#[derive(Debug)]
pub struct Tx(pub(super) TxEngine);

/// The transaction of one engine.
#[derive(Debug)]
pub(super) enum TxEngine {
    /// Has been begun as the only writer.
    Sqlite(Transaction<'static, Sqlite>),
    /// Read committed.
    Postgres(Transaction<'static, Postgres>),
}

/// Evaluates the expression with a pool to read from, once per engine.
macro_rules! on_reader {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite {
                read: $connection, ..
            } => $body,
            $crate::store::Db::Postgres($connection) => $body,
        }
    };
}

/// Evaluates the expression with the connection of a transaction, once per engine.
macro_rules! on_tx {
    ($tx:expr, |$connection:ident| $body:expr) => {
        match &mut $tx.0 {
            $crate::store::db::TxEngine::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::store::db::TxEngine::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

/// Runs a statement with its values in a transaction; how many rows it added, changed or removed.
macro_rules! execute {
    ($tx:expr, $statement:ident $(, $value:expr)* $(,)?) => {
        $crate::store::db::on_tx!($tx, |connection| sqlx::query($statement)
            $(.bind($value))*
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))
    };
}

pub(super) use {execute, on_reader, on_tx};

/// Connections that read a SQLite file at once.
const SQLITE_READERS: u32 = 4;
/// Connections to a PostgreSQL server.
const POSTGRES_CONNECTIONS: u32 = 10;
/// Makes the collation that SQLite has under this name, byte by byte, in one transaction; the lock is
/// for processes that do it at the same time.
const BINARY_COLLATION: &str = "
    SELECT pg_advisory_xact_lock(7236431);
    CREATE COLLATION IF NOT EXISTS \"binary\" FROM \"C\"";
/// How long a statement waits for its turn before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

impl Db {
    /// Opens the database, makes it if it is a file that does not exist, and applies the migrations.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if it cannot be reached, [`StoreError::Migration`] if its schema
    /// is not ours.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let mut migrator = sqlx::migrate!();
        // An older program runs on a newer schema, because migrations only add.
        migrator.set_ignore_missing(true);
        let db = match url {
            DatabaseUrl::Sqlite(path) => {
                let (base, write) = open_sqlite(path).await?;
                migrator.run(&write).await?;
                let read = SqlitePoolOptions::new()
                    .max_connections(SQLITE_READERS)
                    .acquire_timeout(PATIENCE)
                    .connect_with(base.read_only(true))
                    .await?;
                Self::Sqlite { write, read }
            }
            DatabaseUrl::Postgres(url) => {
                let pool = open_postgres(url).await?;
                pool.execute(BINARY_COLLATION).await?;
                migrator.run(&pool).await?;
                Self::Postgres(pool)
            }
        };
        match db.move_journal().await {
            // The rest of the journal is no reason to serve nobody.
            Err(error) if error.is_refusal() => {
                tracing::error!(%error, "rows of an earlier journal stay in the table `transfer`");
            }
            moved => moved?,
        }
        Ok(db)
    }

    /// Begins a set of changes. On SQLite it is the only one until it ends, so never ask for a
    /// second one while holding the first.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future changes nothing.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx(match self {
            // A reader that becomes a writer halfway fails as "busy"; asking to write at once waits.
            Self::Sqlite { write, .. } => {
                TxEngine::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
            Self::Postgres(pool) => TxEngine::Postgres(pool.begin().await?),
        }))
    }

    /// Which engine answers.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Asks whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_reader!(self, |pool| pool
            .acquire()
            .await?
            .execute("SELECT 1")
            .await
            .map(drop))?;
        Ok(())
    }

    /// Closes all connections; SQLite folds its journal into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes the changes lasting and visible.
    ///
    /// # Cancel safety
    ///
    /// If this future is dropped, the changes may or may not have been made.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            TxEngine::Sqlite(transaction) => transaction.commit().await?,
            TxEngine::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

async fn open_sqlite(path: &Path) -> Result<(SqliteConnectOptions, SqlitePool), StoreError> {
    create_private(path).map_err(|error| StoreError::Unavailable(sqlx::Error::Io(error)))?;
    let base = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        .connect_with(base.clone().optimize_on_close(true, None))
        .await?;
    Ok((base, write))
}

/// Makes an empty file that only its owner can read, since it will hold password hashes; SQLite
/// gives its companions (`-wal`, `-shm`) the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

async fn open_postgres(url: &Secret) -> Result<PgPool, StoreError> {
    let options = url
        .expose()
        .parse::<PgConnectOptions>()?
        .application_name("quaymaster")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await?;
    Ok(pool)
}
