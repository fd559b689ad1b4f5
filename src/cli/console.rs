//! Standard input, output and error of the command line.

use std::io::{BufRead, Write};

use anyhow::{Context, bail};

use crate::hosting::passwords::Passwords;
use crate::model::Secret;

/// Longest password line that is read.
const LINE_LIMIT_BYTES: u64 = 4_096;

/// Prints a line. A reader that went away is no error.
pub(super) fn say(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a line to standard error.
pub(super) fn complain(line: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "{line}");
}

/// The password from the first line of standard input, or a generated one; whether it was generated.
pub(super) fn password(from_stdin: bool) -> anyhow::Result<(Secret, bool)> {
    if !from_stdin {
        return Ok((Passwords::generate(), true));
    }
    let mut line = String::new();
    let mut input = std::io::Read::take(std::io::stdin().lock(), LINE_LIMIT_BYTES);
    input
        .read_line(&mut line)
        .context("the password could not be read from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input holds no password; write it on the first line");
    }
    Ok((Secret::new(password.to_owned()), false))
}
