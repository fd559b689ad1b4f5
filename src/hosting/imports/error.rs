//! Why a file cannot be read, or an import not be done.

use crate::hosting::accounts::AccountError;
use crate::hosting::csv::QuoteError;
use crate::hosting::customers::CustomerError;
use crate::hosting::jobs::JobError;
use crate::hosting::plans::PlanError;
use crate::store::StoreError;

/// Why a file is no list of accounts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileError {
    /// The first line of a CSV does not say what the columns hold.
    #[error("the first line has no column `username`; it must name the columns")]
    NoColumns,
    /// A column of a CSV or a member of our JSON that nobody knows.
    #[error("{place} names `{name}`, which is not known")]
    UnknownColumn {
        /// Where.
        place: String,
        /// What is written there.
        name: String,
    },
    /// A column of a CSV stands there twice.
    #[error("the first line names `{0}` twice")]
    ColumnTwice(String),
    /// A quotation mark is missing.
    #[error("line {line}: a quotation mark is missing or misplaced")]
    Quote {
        /// Where the cell begins.
        line: u64,
    },
    /// It is no JSON, or not of the form that is expected.
    #[error("not the JSON that was expected: {0}")]
    Json(String),
    /// It holds no account.
    #[error("there is no account in it")]
    NoAccounts,
    /// It is not UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// The first such line.
        line: u64,
    },
    /// No table of an SQL dump has columns for user names and passwords.
    #[error("no table in it has columns for user names and passwords")]
    NoTable,
    /// More than one table of an SQL dump could be meant.
    #[error("more than one table could be meant: {0}; leave only one in the file")]
    ManyTables(String),
    /// An SQL statement that does not end, or is none.
    #[error("line {line}: the SQL statement cannot be read")]
    Sql {
        /// Where it was given up.
        line: u64,
    },
    /// Larger than [`super::bounds::LARGEST_BYTES`].
    #[error("larger than {} MiB", super::bounds::LARGEST_BYTES / 1_048_576)]
    TooLarge,
    /// More accounts than [`super::bounds::MOST_ROWS`].
    #[error("more than {} accounts; split the file", super::bounds::MOST_ROWS)]
    TooMany,
}

impl From<QuoteError> for FileError {
    fn from(error: QuoteError) -> Self {
        Self::Quote { line: error.line }
    }
}

/// Why an import was not done, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An account could not be made for a reason that holds for all of them.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A customer could not be made or read.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// A job could not be queued.
    #[error(transparent)]
    Job(#[from] JobError),
    /// There is no such file, or it is not kept any more.
    #[error("the file is not kept any more")]
    NotFound,
    /// A job has to do with the file already.
    #[error("a job works on the file already")]
    Active,
    /// There is no plan for a new customer.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The database failed.
    #[error("accounts are not available")]
    Store(#[from] StoreError),
}
