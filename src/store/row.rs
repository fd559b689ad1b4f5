//! From columns to values and back. A column that does not hold what it should is reported with its
//! place, never repaired.

use std::fmt;
use std::str::FromStr;

use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{Limit, Override};

/// The row that is being read or written, for error messages.
pub(super) struct RowName<'a> {
    /// The table.
    pub(super) table: &'static str,
    /// The key, as text.
    pub(super) id: &'a str,
}

impl RowName<'_> {
    /// The error that blames `column`.
    pub(super) fn bad(&self, column: &'static str) -> StoreError {
        StoreError::BadRow {
            table: self.table,
            column,
            id: self.id.to_owned(),
        }
    }

    /// Reads a value that has a text form.
    pub(super) fn parse<T: FromStr>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse().map_err(|_| self.bad(column))
    }

    /// Reads one of a list of names.
    pub(super) fn named<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.bad(column))
    }

    /// Reads an amount, which is never negative.
    pub(super) fn amount(&self, column: &'static str, stored: i64) -> Result<u64, StoreError> {
        u64::try_from(stored).map_err(|_| self.bad(column))
    }

    /// Reads a limit; `NULL` is no limit.
    pub(super) fn limit(
        &self,
        column: &'static str,
        stored: Option<i64>,
    ) -> Result<Limit, StoreError> {
        stored.map(|stored| self.amount(column, stored)).transpose()
    }

    /// Reads the two columns of an override.
    pub(super) fn own(
        &self,
        column: &'static str,
        own: bool,
        stored: Option<i64>,
    ) -> Result<Override, StoreError> {
        if own {
            self.limit(column, stored).map(Override::Own)
        } else {
            Ok(Override::Inherit)
        }
    }

    /// Writes an amount; no engine holds more than 2⁶³ − 1.
    pub(super) fn bigint(&self, column: &'static str, amount: u64) -> Result<i64, StoreError> {
        i64::try_from(amount).map_err(|_| self.bad(column))
    }

    /// Writes a limit.
    pub(super) fn bigint_limit(
        &self,
        column: &'static str,
        limit: Limit,
    ) -> Result<Option<i64>, StoreError> {
        limit.map(|limit| self.bigint(column, limit)).transpose()
    }

    /// Writes the two columns of an override.
    pub(super) fn bigint_own(
        &self,
        column: &'static str,
        own: Override,
    ) -> Result<(bool, Option<i64>), StoreError> {
        match own {
            Override::Inherit => Ok((false, None)),
            Override::Own(limit) => Ok((true, self.bigint_limit(column, limit)?)),
        }
    }
}

/// Reads an optional moment.
pub(super) fn moment(stored: Option<i64>) -> Option<Timestamp> {
    stored.map(Timestamp::from_millis)
}

/// Writes an optional moment.
pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

/// Writes an optional value that has a text form.
pub(super) fn text_of<T: fmt::Display>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// The form in which names are compared, so that both engines agree what is equal.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The pattern that finds `text` anywhere, taken literally; `None` for an empty text, which finds
/// everything.
pub(super) fn containing(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Some(pattern)
}

/// Writes a number of rows to skip or to return.
pub(super) fn rows(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes changed fields as JSON: a list of name, value before, value after.
pub(super) fn changes_text(changes: &[(String, String, String)]) -> String {
    serde_json::json!(changes).to_string()
}

impl RowName<'_> {
    /// Reads changed fields.
    pub(super) fn changes(&self, text: &str) -> Result<Vec<(String, String, String)>, StoreError> {
        serde_json::from_str(text).map_err(|_| self.bad("changes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_typed_text_literally() {
        assert_eq!(containing(" 50%_Off! "), Some("%50!%!_Off!!%".to_owned()));
        assert_eq!(containing("  "), None);
    }

    #[test]
    fn an_amount_that_no_engine_can_hold_is_refused_with_its_place() {
        let row = RowName {
            table: "plan",
            id: "x",
        };

        let refused = row.bigint("pool_bytes", u64::MAX).unwrap_err();

        assert_eq!(refused.to_string(), "bad value in plan.pool_bytes of `x`");
        assert!(matches!(
            row.amount("pool_bytes", -1),
            Err(StoreError::BadRow { .. })
        ));
    }
}
