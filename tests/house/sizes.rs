//! Sizes: a file is read in one go, a function fits on a screen.

use super::files::Files;
use super::modules::{Module, Modules};
use super::tokens::{Kind, after_closing};

/// Lines of a file, without what exists in tests only.
pub(super) const FILE_LINES_MAX: usize = 400;
/// Lines of a function, from `fn` to its closing brace.
pub(super) const FUNCTION_LINES_MAX: usize = 60;

/// Files that may be longer, and why.
pub(super) const LONGER_FILES: &[(&str, &str)] = &[];

/// Functions (`file::name`) that may be longer, and why.
pub(super) const LONGER_FUNCTIONS: &[(&str, &str)] = &[
    ("src/web/error.rs::refusal", "the table from error to page"),
    ("src/web/icon.rs::path", "the table of icons"),
];

/// Files and functions that are too long, and exceptions that are not needed.
pub(super) fn too_long(files: &Files, modules: &Modules) -> Vec<String> {
    let mut findings = Vec::new();
    let mut excused = Vec::new();
    for module in modules.all() {
        let text = files
            .under(&module.file, "")
            .next()
            .map_or("", |(_, text)| text);
        let lines = text.lines().count().saturating_sub(test_lines(module));
        if lines > FILE_LINES_MAX {
            if LONGER_FILES.iter().any(|(file, _)| *file == module.file) {
                excused.push(module.file.clone());
            } else {
                let file = &module.file;
                findings.push(format!("{file}: {lines} lines; split it by subject"));
            }
        }
        for (name, line, length) in functions(module) {
            let place = format!("{}::{name}", module.file);
            if length <= FUNCTION_LINES_MAX {
                continue;
            }
            if LONGER_FUNCTIONS
                .iter()
                .any(|(function, _)| *function == place)
            {
                excused.push(place);
            } else {
                let file = &module.file;
                findings.push(format!(
                    "{file}:{line} `{name}` has {length} lines; split it"
                ));
            }
        }
    }
    for (place, _) in LONGER_FILES.iter().chain(LONGER_FUNCTIONS) {
        if !excused.iter().any(|used| used == place) {
            findings.push(format!("{place} needs no exception; take it off the list"));
        }
    }
    findings
}

fn test_lines(module: &Module) -> usize {
    module
        .test_lines
        .iter()
        .map(|(first, last)| last - first + 1)
        .sum()
}

/// Name, first line and length of every function with a body.
fn functions(module: &Module) -> Vec<(String, usize, usize)> {
    let tokens = &module.tokens;
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        if !keyword.is("fn") || name.kind != Kind::Word {
            continue;
        }
        let mut body = at + 2;
        while let Some(token) = tokens.get(body) {
            if token.is("{") || token.is(";") {
                break;
            }
            let group = token.is("(") || token.is("[");
            body = if group {
                after_closing(tokens, body)
            } else {
                body + 1
            };
        }
        if tokens.get(body).is_some_and(|token| token.is("{")) {
            let end = after_closing(tokens, body) - 1;
            let last = tokens.get(end).map_or(keyword.line, |token| token.line);
            found.push((name.text.clone(), keyword.line, last - keyword.line + 1));
        }
    }
    found
}
