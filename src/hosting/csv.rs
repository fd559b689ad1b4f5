//! Tables as text (RFC 4180), safe to open in a spreadsheet and the same when they come back.

/// What a file begins with, so that a spreadsheet reads it as UTF-8.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// A quotation mark is missing or misplaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: a quotation mark is missing or misplaced")]
pub(super) struct QuoteError {
    /// Where the cell begins, from 1.
    pub(super) line: u64,
}

/// Characters with which a formula begins.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Adds a row with CRLF at its end.
pub fn write_row<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_cell(text, cell);
    }
    text.push_str("\r\n");
}

fn write_cell(text: &mut String, cell: &str) {
    // A spreadsheet runs a cell that begins like a formula; the apostrophe stops it. One that begins
    // with apostrophes before that gets another one, so that exactly one is taken away again.
    let is_formula = looks_like_formula(cell);
    if !is_formula && !cell.contains([',', '"', '\r', '\n']) {
        text.push_str(cell);
        return;
    }
    text.push('"');
    if is_formula {
        text.push('\'');
    }
    text.push_str(&cell.replace('"', "\"\""));
    text.push('"');
}

fn looks_like_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

/// A row and the line, from 1, on which it begins.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// Reads rows one after the other; empty lines are none.
pub(super) struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    line: u64,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Self {
            rest: text.chars().peekable(),
            line: 1,
        }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`QuoteError`].
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, QuoteError> {
        while self.rest.peek().is_some() {
            let line = self.line;
            let mut cells = Vec::new();
            let mut is_last = false;
            while !is_last {
                let (cell, last) = self.cell()?;
                cells.push(unguarded(cell));
                is_last = last;
            }
            if cells.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some(Row { line, cells }));
            }
        }
        Ok(None)
    }

    /// A cell, and whether it is the last one of its row.
    fn cell(&mut self) -> Result<(String, bool), QuoteError> {
        let line = self.line;
        let mut cell = String::new();
        if self.rest.next_if_eq(&'"').is_none() {
            let is_last = self.plain(&mut cell);
            let is_clean = !cell.contains('"');
            return is_clean
                .then_some((cell, is_last))
                .ok_or(QuoteError { line });
        }
        loop {
            match self.rest.next() {
                Some('"') if self.rest.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(c) => {
                    self.line += u64::from(c == '\n');
                    cell.push(c);
                }
                None => return Err(QuoteError { line }),
            }
        }
        let mut behind = String::new();
        let is_last = self.plain(&mut behind);
        behind
            .is_empty()
            .then_some((cell, is_last))
            .ok_or(QuoteError { line })
    }

    /// Reads up to a comma or the end of the line; whether it was the end.
    fn plain(&mut self, cell: &mut String) -> bool {
        loop {
            match self.rest.next() {
                Some(',') => return false,
                Some('\n') => {
                    self.line += 1;
                    return true;
                }
                Some('\r') if self.rest.peek() == Some(&'\n') => {}
                Some(c) => cell.push(c),
                None => return true,
            }
        }
    }
}

/// The cell without the apostrophe that was put before a formula.
fn unguarded(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest.to_owned(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(u64, Vec<String>)>, QuoteError> {
        let mut reader = Reader::new(text);
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            rows.push((row.line, row.cells));
        }
        Ok(rows)
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn rows_know_the_line_on_which_they_begin() {
        let rows = read("\u{feff}a,b\r\n\r\n\"1\n2\",x\n,\n3,\"\"").unwrap();

        let told = [
            row(1, &["a", "b"]),
            row(3, &["1\n2", "x"]),
            row(6, &["3", ""]),
        ];
        assert_eq!(rows, told);
    }

    #[test]
    fn a_missing_or_misplaced_quotation_mark_is_told_with_its_line() {
        for (text, line) in [
            ("a\n\"b", 2),
            ("a\nb\"c", 2),
            ("\"a\" b,c", 1),
            ("\"a\"\"", 1),
            ("\"\nx\ny,z\n", 1),
        ] {
            assert_eq!(read(text), Err(QuoteError { line }), "{text:?}");
        }
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_defused() {
        let mut text = String::new();

        write_row(&mut text, ["=1+1", "'=2", "a,\"b\"", "'quoted'"]);

        assert_eq!(text, "\"'=1+1\",\"''=2\",\"a,\"\"b\"\"\",'quoted'\r\n");
    }

    proptest::proptest! {
        #[test]
        fn every_row_comes_back_as_it_was(
            rows in proptest::collection::vec(
                proptest::collection::vec("([=+@,;\"'\t\r\n-]|\\PC){0,8}", 1..5), 0..5),
        ) {
            let mut text = String::new();
            for cells in &rows {
                write_row(&mut text, cells.iter().map(String::as_str));
            }

            let read: Vec<_> = read(&text).unwrap().into_iter().map(|(_, cells)| cells).collect();

            let mut rows = rows;
            // A row without a single character is an empty line.
            rows.retain(|cells| cells.iter().any(|cell| !cell.is_empty()));
            proptest::prop_assert_eq!(read, rows);
        }

        #[test]
        fn whatever_it_is_it_is_read_without_a_panic(text in "([\",\r\n'=]|\\PC){0,60}") {
            let _rows = read(&text);
        }
    }
}
