//! Accounts that come from elsewhere: files of other servers and our own are read, judged row by row, and
//! made in batches; and accounts that go out, into files that can come back.

mod access;
mod addresses;
mod background;
mod bounds;
mod columns;
mod error;
mod folders;
mod format;
#[cfg(test)]
mod generated;
mod judge;
mod kept;
mod lines;
mod making;
mod mod_sql;
mod order;
mod ours;
mod proftpd;
mod pure_ftpd;
mod record;
mod repeats;
mod report;
mod service;
mod sftpgo;
mod source;
mod sql;
mod sql_words;

pub use access::{AccessWishes, End};
pub use background::{Kept, Tally};
pub use bounds::{LARGEST_BYTES, MOST_ROWS};
pub use error::{FileError, ImportError};
pub use format::{ExportFormat, Hashes};
pub use order::{Existing, Mode, Order, Parts};
pub use record::{Place, Record, RowRefusal, Wanted};
pub use report::{Change, Counts, Outcome, Progress, Report, RowResult};
pub use service::Imports;
pub use source::Source;
