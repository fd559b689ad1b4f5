//! Lists as CSV, safe to open in a spreadsheet.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;

/// A table that is sent as a file: UTF-8 with BOM, comma, CRLF, a header row.
#[derive(Debug)]
pub(crate) struct Csv {
    name: String,
    text: String,
}

impl Csv {
    /// A file `name.csv` with one row of headings.
    pub(crate) fn new(name: impl Into<String>, heads: &[&str]) -> Self {
        let mut csv = Self {
            name: name.into(),
            text: "\u{feff}".to_owned(),
        };
        csv.row(heads.iter().copied());
        csv
    }

    /// Adds a row.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.cell(cell);
        }
        self.text.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        // A spreadsheet runs a cell that begins like a formula; the apostrophe stops it.
        let formula = cell.starts_with(['=', '+', '-', '@', '\t']);
        if !formula && !cell.contains([',', '"', '\r', '\n']) {
            self.text.push_str(cell);
            return;
        }
        self.text.push('"');
        if formula {
            self.text.push('\'');
        }
        self.text.push_str(&cell.replace('"', "\"\""));
        self.text.push('"');
    }
}

impl IntoResponse for Csv {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(self.text).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        );
        let disposition = format!("attachment; filename=\"{}.csv\"", self.name);
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_looks_like_a_formula_is_defused() {
        let mut csv = Csv::new("x", &["name", "path"]);

        csv.row(["=1+1", "a,\"b\""]);

        assert_eq!(
            csv.text,
            "\u{feff}name,path\r\n\"'=1+1\",\"a,\"\"b\"\"\"\r\n"
        );
    }
}
