//! Our own files: CSV and JSON, written and read.

use serde_json::{Map, Value, json};

use super::bounds::MOST_ROWS;
use super::columns::{COLUMNS, Column, column, said, take};
use super::error::FileError;
use super::format::Hashes;
use super::record::{Place, Record, RowRefusal, Wanted};
use crate::hosting::csv::{BYTE_ORDER_MARK, Reader, Row, write_row};
use crate::model::Account;

/// Most bytes of a cell: rules for as many folders as an account may have.
const LONGEST_CELL: usize = 1_048_576;

type Named = (&'static str, Column);

/// Accounts, with the names of their customers, as CSV.
pub(super) fn write_csv(accounts: &[(Account, String)], hashes: Hashes) -> String {
    let columns = written(hashes);
    let mut csv = String::from(BYTE_ORDER_MARK);
    write_row(&mut csv, columns.iter().map(|(name, _)| *name));
    for (account, customer) in accounts {
        let all = Wanted::of(account, customer);
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, column)| said(*column, &all).unwrap_or_default())
            .collect();
        write_row(&mut csv, cells.iter().map(String::as_str));
    }
    csv
}

/// The same as JSON.
pub(super) fn write_json(accounts: &[(Account, String)], hashes: Hashes) -> String {
    let columns = written(hashes);
    let object = |(account, customer): &(Account, String)| -> Value {
        let all = Wanted::of(account, customer);
        let members = columns.iter().map(|(name, column)| {
            let text = said(*column, &all).unwrap_or_default();
            ((*name).to_owned(), Value::String(text))
        });
        Value::Object(members.collect())
    };
    let list: Vec<Value> = accounts.iter().map(object).collect();
    format!("{:#}\n", json!({ "accounts": list }))
}

fn written(hashes: Hashes) -> Vec<Named> {
    let all = COLUMNS.iter().copied();
    all.filter(|(_, column)| hashes == Hashes::Included || *column != Column::PasswordHash)
        .collect()
}

/// Reads a CSV; its first row names the columns, in any order.
///
/// # Errors
///
/// [`FileError`] if the columns or the quotation marks are wrong.
pub(super) fn read_csv(file: &str) -> Result<Vec<Record>, FileError> {
    let mut reader = Reader::new(file);
    let Some(head) = reader.next_row()? else {
        return Err(FileError::NoAccounts);
    };
    let columns = columns(&head)?;
    let mut records = Vec::new();
    while let Some(row) = reader.next_row()? {
        if records.len() >= MOST_ROWS {
            return Err(FileError::TooMany);
        }
        records.push(csv_record(&columns, &row));
    }
    Ok(records)
}

fn columns(head: &Row) -> Result<Vec<Named>, FileError> {
    let mut columns: Vec<Named> = Vec::new();
    for cell in &head.cells {
        let name = cell.trim().to_lowercase();
        let known = column(&name).ok_or_else(|| FileError::UnknownColumn {
            place: "the first line".to_owned(),
            name: name.chars().take(40).collect(),
        })?;
        if columns.contains(&known) {
            return Err(FileError::ColumnTwice(name));
        }
        columns.push(known);
    }
    let has_names = columns
        .iter()
        .any(|(_, column)| *column == Column::Username);
    has_names.then_some(columns).ok_or(FileError::NoColumns)
}

fn csv_record(columns: &[Named], row: &Row) -> Record {
    let place = Place::Line(row.line);
    let cell = |wanted: Named| {
        let index = columns.iter().position(|column| *column == wanted)?;
        row.cells.get(index).map(String::as_str)
    };
    let name = column("username").and_then(cell).unwrap_or_default();
    let wanted = if row.cells.len() == columns.len() {
        account(name, cell)
    } else {
        let (cells, columns) = (row.cells.len(), columns.len());
        let reason = format!("{cells} cells, and there are {columns} columns");
        Err(RowRefusal::new("line", reason))
    };
    Record::new(place, name, wanted)
}

/// Reads the JSON that [`write_json`] writes. Values may be numbers too, and members may be missing.
///
/// # Errors
///
/// [`FileError::Json`], [`FileError::UnknownColumn`].
pub(super) fn read_json(file: &str) -> Result<Vec<Record>, FileError> {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let json: Value =
        serde_json::from_str(file).map_err(|error| FileError::Json(error.to_string()))?;
    let list = match json {
        Value::Object(mut members) => members.remove("accounts"),
        _ => None,
    };
    let Some(Value::Array(list)) = list else {
        return Err(FileError::Json("there is no list `accounts`".to_owned()));
    };
    if list.len() > MOST_ROWS {
        return Err(FileError::TooMany);
    }
    (1..)
        .zip(&list)
        .map(|(entry, value)| json_record(entry, value))
        .collect()
}

fn json_record(entry: u64, value: &Value) -> Result<Record, FileError> {
    let place = Place::Entry(entry);
    let Value::Object(members) = value else {
        let refusal = RowRefusal::new("entry", "not an object");
        return Ok(Record::new(place, "", Err(refusal)));
    };
    if let Some(unknown) = members.keys().find(|name| column(name).is_none()) {
        return Err(FileError::UnknownColumn {
            place: place.to_string(),
            name: unknown.chars().take(40).collect(),
        });
    }
    let texts = match texts(members) {
        Ok(texts) => texts,
        Err(refusal) => return Ok(Record::new(place, "", Err(refusal))),
    };
    let cell = |(name, _): Named| {
        let found = texts.iter().find(|(own, _)| *own == name)?;
        Some(found.1.as_str())
    };
    let name = column("username").and_then(cell).unwrap_or_default();
    let wanted = account(name, cell);
    Ok(Record::new(place, name, wanted))
}

fn texts(members: &Map<String, Value>) -> Result<Vec<(&'static str, String)>, RowRefusal> {
    let known = members
        .iter()
        .filter_map(|(name, value)| Some((column(name)?.0, value)));
    let text = |(name, value): (&'static str, &Value)| match value {
        Value::Null => Ok((name, String::new())),
        Value::String(text) => Ok((name, text.clone())),
        Value::Number(number) => Ok((name, number.to_string())),
        _ => Err(RowRefusal::new(name, "neither text nor a number")),
    };
    known.map(text).collect()
}

fn account<'t>(name: &str, cell: impl Fn(Named) -> Option<&'t str>) -> Result<Wanted, RowRefusal> {
    let mut wanted = Wanted::named(name)?;
    for column in COLUMNS {
        let Some(text) = cell(*column) else {
            continue;
        };
        if text.len() > LONGEST_CELL {
            let reason = format!("longer than {LONGEST_CELL} bytes");
            return Err(RowRefusal::new(column.0, reason));
        }
        take(&mut wanted, *column, text)?;
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::imports::Source;
    use crate::hosting::imports::generated::{account, newcomer, taken_over};

    /// What a file that was written of `accounts` makes of newcomers.
    fn again(source: Source, file: &str) -> Vec<Account> {
        let records = source.read(file.as_bytes()).unwrap();
        let wanted = records.iter().map(|record| record.wanted.as_ref().unwrap());
        wanted.map(taken_over).collect()
    }

    /// Two accounts of one name in a file are none of ours.
    fn unique(accounts: Vec<Account>) -> Vec<(Account, String)> {
        let mut unique: Vec<(Account, String)> = Vec::new();
        for account in accounts {
            let mut others = unique.iter();
            if others.all(|(other, _)| other.username != account.username) {
                unique.push((account, "Harbour, \"West\"".to_owned()));
            }
        }
        unique
    }

    #[test]
    fn a_file_without_access_rules_says_nothing_about_them() {
        let records = read_csv("username,expires,umask\nkestrel,,\n").unwrap();

        let wanted = records[0].wanted.as_ref().unwrap();

        assert_eq!(taken_over(wanted), newcomer("kestrel"));
    }

    #[test]
    fn a_wrong_cell_is_told_with_its_column() {
        let file = "username,expires,umask,forbidden_names,permissions\n\
                    aa,2030-02-30 12:00,,,\nbb,,78,,\ncc,,,a/b,\ndd,,,,fly\n";

        let fields: Vec<_> = read_csv(file)
            .unwrap()
            .iter()
            .map(|record| record.wanted.as_ref().unwrap_err().field)
            .collect();

        assert_eq!(
            fields,
            ["expires", "umask", "forbidden_names", "permissions"]
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_exported_comes_back_as_it_was(
            accounts in proptest::collection::vec(account(), 1..4),
        ) {
            let accounts = unique(accounts);
            let before: Vec<_> = accounts.iter().map(|(account, _)| account.clone()).collect();

            let csv = write_csv(&accounts, Hashes::Included);
            proptest::prop_assert_eq!(&again(Source::Csv, &csv), &before);
            let json = write_json(&accounts, Hashes::Included);
            proptest::prop_assert_eq!(&again(Source::Json, &json), &before);
        }
    }
}
