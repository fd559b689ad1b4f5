//! Files with one account on a line and colons between its fields.

use super::bounds::MOST_ROWS;
use super::error::FileError;
use super::record::{Place, Record, RowRefusal, Wanted};

/// Most bytes of a line.
const LONGEST_LINE: usize = 8_192;

/// A record for each line that is neither empty nor a comment.
///
/// # Errors
///
/// [`FileError::TooMany`].
pub(super) fn records(
    text: &str,
    account: impl Fn(&str) -> Result<Wanted, RowRefusal>,
) -> Result<Vec<Record>, FileError> {
    let mut records = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if records.len() >= MOST_ROWS {
            return Err(FileError::TooMany);
        }
        let name = line.split(':').next().unwrap_or_default();
        let wanted = if line.len() > LONGEST_LINE {
            Err(RowRefusal::new("line", "longer than 8192 bytes"))
        } else {
            account(line)
        };
        records.push(Record::new(Place::Line(number), name, wanted));
    }
    Ok(records)
}
