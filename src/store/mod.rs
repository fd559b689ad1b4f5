//! The database: the only room that holds SQL. SQLite and PostgreSQL run the same text (columns are
//! `TEXT`, `BIGINT` and `BOOLEAN`, see `migrations/`); reads live on [`Db`], writes only on [`Tx`],
//! not found is `None`.

mod account_imports;
mod account_lists;
mod account_row;
mod account_rules;
mod accounts;
mod address;
mod admins;
mod audit;
mod customers;
mod db;
mod deleted_accounts;
mod error;
mod facts;
mod import_files;
mod jobs;
mod journal;
mod journal_codes;
mod journal_move;
mod journal_question;
mod journal_retention;
mod journal_row;
mod journal_search;
mod journal_statements;
mod path_range;
mod path_rules;
mod plans;
mod prepare;
mod row;
mod settings;
mod statements;
mod traffic;
mod traffic_limits;
mod trash;
mod url;
mod usage;
mod volumes;
mod web_sessions;

pub use db::{Db, Tx};
pub use error::{Conflict, StoreError};
pub use settings::StoredSettings;
pub use traffic::TrafficChange;
pub use url::{DatabaseUrl, DatabaseUrlError, Engine};
pub use usage::UsageChange;
