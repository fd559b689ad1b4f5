//! Lists as CSV, safe to open in a spreadsheet.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use futures_util::stream;

use crate::hosting::csv;
use crate::hosting::journal_export::JournalExport;

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
            text: csv::BYTE_ORDER_MARK.into(),
        };
        csv.row(heads.iter().copied());
        csv
    }

    /// Adds a row.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        csv::write_row(&mut self.text, cells);
    }
}

impl IntoResponse for Csv {
    fn into_response(self) -> axum::response::Response {
        file(&self.name, Body::from(self.text))
    }
}

/// Sends an export of the journal as the file `name.csv`, piece by piece as the browser takes it. If the
/// database fails on the way, the connection breaks off, so that nobody takes a part for the whole.
pub(crate) fn streamed(name: &str, export: JournalExport) -> axum::response::Response {
    let pieces = stream::try_unfold(export, |mut export| async {
        match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => {
                tracing::error!(%error, "an export of the journal broke off");
                Err(error)
            }
        }
    });
    file(name, Body::from_stream(pieces))
}

fn file(name: &str, body: Body) -> axum::response::Response {
    let mut response = Response::new(body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_the_mark_of_its_encoding_and_the_headings() {
        let mut csv = Csv::new("x", &["name", "path"]);

        csv.row(["=1+1", "a"]);

        assert_eq!(csv.text, "\u{feff}name,path\r\n\"'=1+1\",a\r\n");
    }
}
