//! Both databases: a test that is written once runs on each.

use quaymaster::store::{DatabaseUrl, Db, Engine};
use tempfile::TempDir;

use super::postgres;

/// A database of a test's own, empty.
pub(crate) struct TestDatabase {
    url: DatabaseUrl,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// Makes one.
    pub(crate) async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                Self {
                    url: DatabaseUrl::sqlite(&folder.path().join("quaymaster.db")),
                    _folder: Some(folder),
                }
            }
            Engine::Postgres => Self {
                url: postgres::fresh_database().await.parse().unwrap(),
                _folder: None,
            },
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Opens it, with all tables.
    pub(crate) async fn open(&self) -> Db {
        Db::open(&self.url).await.unwrap()
    }
}

/// Makes two tests of one body: `name::sqlite` and `name::postgres`. The body gets an empty
/// database and may await.
macro_rules! on_both_engines {
    ($name:ident, |$db:ident| $body:expr) => {
        async fn $name($db: quaymaster::store::Db) {
            $body
        }

        mod $name {
            use quaymaster::store::Engine;

            use crate::support::engines::TestDatabase;

            #[tokio::test]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                run(Engine::Postgres).await;
            }

            async fn run(engine: Engine) {
                let database = TestDatabase::new(engine).await;
                let db = database.open().await;
                super::$name(db.clone()).await;
                db.close().await;
            }
        }
    };
}

pub(crate) use on_both_engines;
