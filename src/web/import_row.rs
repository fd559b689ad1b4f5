//! One account of a file in words, for every page that shows what became of some.

use crate::model::ImportRow;

/// An account of a file as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct ImportLine {
    /// Where it stands: `Line 3`.
    pub(crate) place: String,
    /// Its name.
    pub(crate) name: String,
    /// Class of the mark: `ok`, `warn`, `bad` or `off`.
    pub(crate) class: &'static str,
    /// What became of it, in a word.
    pub(crate) word: String,
    /// Why, or which fields.
    pub(crate) detail: String,
    /// What is not taken over.
    pub(crate) told: Vec<String>,
    /// Its folder on the other server.
    pub(crate) old_home: String,
    /// Its home here, if it was made.
    pub(crate) home: String,
}

impl ImportLine {
    /// The row on a page.
    pub(crate) fn of(row: &ImportRow) -> Self {
        let outcome = row.result.outcome.as_str();
        Self {
            place: sentence(&row.place),
            name: row.username.clone(),
            class: match outcome {
                "created" | "changed" => "ok",
                "differs" => "warn",
                "refused" => "bad",
                _ => "off",
            },
            word: if outcome.is_empty() {
                "waiting".to_owned()
            } else {
                outcome.to_owned()
            },
            detail: row.result.detail.clone(),
            told: row.told.clone(),
            old_home: row.old_home.clone(),
            home: row.result.home.clone(),
        }
    }
}

/// The text with a capital in front.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// One row with each outcome, the last one with a name that is none of ours.
#[cfg(test)]
pub(crate) fn sample_rows() -> Vec<ImportRow> {
    use super::sample_records::HOSTILE;
    use crate::model::ImportResult;

    let row = |number: u64, name: &str, outcome: &str, detail: &str| ImportRow {
        number,
        place: format!("line {number}"),
        username: name.to_owned(),
        old_home: format!("/srv/ftp/{name}"),
        told: vec!["Its hours are not taken over; it may log in at any time.".to_owned()],
        result: ImportResult {
            outcome: outcome.to_owned(),
            detail: detail.to_owned(),
            home: if outcome == "created" {
                "kestrel-print/camera-2-0a1b2c".to_owned()
            } else {
                String::new()
            },
        },
        ..ImportRow::default()
    };
    let hash = "password: not a password hash of a known kind";
    vec![
        row(1, "camera-2", "created", ""),
        row(2, "scanner", "differs", "notes: nothing → Moved"),
        row(3, "kestrel-print", "unchanged", ""),
        row(4, "heron", "changed", "sessions: no limit → 3"),
        row(5, "swan", "", ""),
        row(6, HOSTILE, "refused", hash),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_nobody_has_looked_at_waits() {
        let lines: Vec<_> = sample_rows().iter().map(ImportLine::of).collect();

        let marks: Vec<_> = lines
            .iter()
            .map(|line| (line.class, line.word.as_str()))
            .collect();
        assert_eq!(marks[4], ("off", "waiting"));
        assert_eq!(marks[5], ("bad", "refused"));
        assert_eq!(lines[0].place, "Line 1");
    }
}
