//! Accounts of a file as rows in the database, and back. Only what is to be taken over is kept, never
//! the file: what stands in it in the place of a hash may be a password.

use serde_json::{Map, Value};

use super::columns::{COLUMNS, column, said, take};
use super::record::{Record, RowRefusal, Wanted};
use super::report::{Outcome, RowResult};
use crate::model::{ImportResult, ImportRow};

/// The row of a record. One that was refused when it was read has come to its end.
pub(super) fn row(number: u64, record: &Record) -> ImportRow {
    let row = ImportRow {
        number,
        place: record.place.to_string(),
        username: record.name.clone(),
        ..ImportRow::default()
    };
    match &record.wanted {
        Ok(wanted) => ImportRow {
            wanted: text(wanted),
            old_home: wanted.old_home.clone(),
            told: wanted.told.clone(),
            ..row
        },
        Err(refusal) => ImportRow {
            is_done: true,
            result: result(&Outcome::Refused(refusal.clone())),
            ..row
        },
    }
}

/// What is written down about an outcome.
pub(super) fn result(outcome: &Outcome) -> ImportResult {
    let home = match outcome {
        Outcome::Created { home } => home.clone(),
        _ => String::new(),
    };
    ImportResult {
        outcome: outcome.as_str().to_owned(),
        detail: outcome.detail(),
        home,
    }
}

impl RowResult {
    /// The same as a row that has come to its end.
    pub fn row(&self, number: u64) -> ImportRow {
        ImportRow {
            number,
            place: self.place.to_string(),
            username: self.name.clone(),
            wanted: String::new(),
            old_home: self.old_home.clone(),
            told: self.told.clone(),
            is_done: true,
            result: result(&self.outcome),
        }
    }
}

/// What is wanted, column by column.
fn text(wanted: &Wanted) -> String {
    let mut members = Map::new();
    for (name, column) in COLUMNS {
        if let Some(text) = said(*column, wanted).filter(|text| !text.is_empty()) {
            members.insert((*name).to_owned(), Value::String(text));
        }
    }
    Value::Object(members).to_string()
}

/// Reads what [`row`] has written.
///
/// # Errors
///
/// If another version of the service has written it.
pub(super) fn wanted(text: &str) -> Result<Wanted, RowRefusal> {
    let foreign = || RowRefusal::new("line", "it was kept by another version; import it again");
    let members: Map<String, Value> = serde_json::from_str(text).map_err(|_| foreign())?;
    let cell = |name: &str| members.get(name).and_then(Value::as_str);
    if members.keys().any(|name| column(name).is_none()) {
        return Err(foreign());
    }
    let mut wanted = Wanted::named(cell("username").ok_or_else(foreign)?)?;
    for named in COLUMNS {
        if let Some(text) = cell(named.0) {
            take(&mut wanted, *named, text)?;
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::imports::Source;
    use crate::hosting::imports::generated::{account, taken_over};

    #[test]
    fn what_cannot_be_taken_over_is_kept_as_its_refusal_alone() {
        let file = "kestrel:harbour-lights:1:1::/srv/kestrel/./\n";
        let records = Source::PureFtpd.read(file.as_bytes()).unwrap();

        let row = row(1, &records[0]);

        assert!(row.is_done);
        assert_eq!(
            (row.place.as_str(), row.username.as_str()),
            ("line 1", "kestrel")
        );
        assert_eq!(row.result.outcome, "refused");
        assert!(!format!("{row:?}").contains("harbour-lights"), "{row:?}");
    }

    #[test]
    fn a_row_of_another_version_is_refused() {
        for text in ["", "[]", "{}", r#"{"username": "kestrel", "wings": "2"}"#] {
            let refused = wanted(text).unwrap_err();
            assert_eq!(refused.field, "line", "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_account_is_kept_as_it_is_wanted(account in account()) {
            let before = Wanted::of(&account, "Harbour");

            let after = wanted(&text(&before)).unwrap();

            proptest::prop_assert_eq!(after.customer.as_deref(), Some("Harbour"));
            proptest::prop_assert_eq!(taken_over(&after), account);
        }
    }
}
