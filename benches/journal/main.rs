//! A journal of a million rows: what a row costs to write, and how long each search takes, on SQLite and
//! on PostgreSQL. `docs/PERFORMANCE.md` says how to run and read it.

mod filling;
mod searches;

use std::io::Write;
use std::time::Instant;

use anyhow::Context;
use filling::Shape;
use quaymaster::store::{DatabaseUrl, Db};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// Rows, unless the command line says how many. It may also name an empty database of PostgreSQL.
const ROWS: u64 = 1_000_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows = arguments.iter().find_map(|argument| argument.parse().ok());
    let rows = rows.unwrap_or(ROWS);
    let is_postgres = |argument: &&String| argument.starts_with("postgres");
    let postgres = arguments.iter().find(is_postgres);
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = TempDir::new()?;
        let sqlite = DatabaseUrl::sqlite(&folder.path().join("quaymaster.db"));
        let other = DatabaseUrl::sqlite(&folder.path().join("small.db"));
        let db = Db::open(&other).await?;
        filling::fill(&db, "SQLite", rows / 5, Shape::SmallFiles).await?;
        db.close().await;
        measure("SQLite", &sqlite, rows).await?;
        match postgres {
            Some(url) => measure("PostgreSQL", &url.parse()?, rows).await,
            None => say("PostgreSQL: not measured; name an empty database, postgres://…"),
        }
    })
}

/// Fills an empty database and searches it.
async fn measure(engine: &str, url: &DatabaseUrl, rows: u64) -> anyhow::Result<()> {
    let db = Db::open(url).await?;
    filling::fill(&db, engine, rows, Shape::Mixed).await?;
    // SQLite looks at its tables when it closes them; PostgreSQL does it by itself, later.
    db.close().await;
    if let DatabaseUrl::Postgres(url) = url {
        let pool = sqlx::PgPool::connect(url.expose()).await?;
        sqlx::query("VACUUM ANALYZE journal").execute(&pool).await?;
        pool.close().await;
    }
    let db = Db::open(url).await?;
    searches::run(&db, engine, rows).await?;
    retain(&db, engine, rows).await?;
    db.close().await;
    Ok(())
}

/// How long one step of removing old rows holds the database.
async fn retain(db: &Db, engine: &str, rows: u64) -> anyhow::Result<()> {
    let end = filling::moment(rows / 100, rows);
    let mut slowest = 0;
    let mut customer = None;
    while let Some((next, _)) = db.next_in_journal(customer).await? {
        let begun = Instant::now();
        let mut tx = db.begin().await?;
        tx.delete_transfers(next, end, 500).await?;
        tx.commit().await?;
        slowest = begun.elapsed().as_micros().max(slowest);
        customer = Some(next);
    }
    say(&format!(
        "{engine}: a step of removing old rows, slowest: {}.{:03} ms",
        slowest / 1_000,
        slowest % 1_000
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("somebody reads this")
}
