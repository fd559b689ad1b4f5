//! Rows of CSV (RFC 4180), safe to open in a spreadsheet.

/// What a file begins with, so that a spreadsheet reads it as UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Adds a row to `out`: comma, CRLF.
pub fn row<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (index, text) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        cell(out, text);
    }
    out.push_str("\r\n");
}

fn cell(out: &mut String, text: &str) {
    // A spreadsheet runs a cell that begins like a formula; the apostrophe stops it.
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains([',', '"', '\r', '\n']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_looks_like_a_formula_is_defused() {
        let mut out = String::new();

        row(&mut out, ["=1+1", "a,\"b\"", "plain", "-2", "@x"]);

        assert_eq!(out, "\"'=1+1\",\"a,\"\"b\"\"\",plain,\"'-2\",\"'@x\"\r\n");
    }
}
