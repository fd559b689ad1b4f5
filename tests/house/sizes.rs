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
pub(super) const LONGER_FUNCTIONS: &[(&str, &str)] =
    &[("src/ftp/commands/mod.rs::run", "one arm per verb")];

/// Something with a length: where it is, what to call it in a message, how long it is, and how long
/// it may be.
struct Measure {
    place: String,
    name: String,
    lines: usize,
    max: usize,
}

/// Files and functions that are too long.
pub(super) fn too_long(files: &Files, modules: &Modules) -> Vec<String> {
    let exceptions: Vec<_> = LONGER_FILES.iter().chain(LONGER_FUNCTIONS).collect();
    longer(files, modules)
        .iter()
        .filter(|measure| !exceptions.iter().any(|(place, _)| *place == measure.place))
        .map(|measure| {
            let Measure {
                name, lines, max, ..
            } = measure;
            format!("{name}: {lines} lines, {max} at most; split it by subject")
        })
        .collect()
}

/// Exceptions for what is short enough, or gone.
pub(super) fn needless_exceptions(files: &Files, modules: &Modules) -> Vec<String> {
    let longer = longer(files, modules);
    LONGER_FILES
        .iter()
        .chain(LONGER_FUNCTIONS)
        .filter(|(place, _)| !longer.iter().any(|measure| measure.place == *place))
        .map(|(place, _)| format!("{place} needs no exception; take it off the list"))
        .collect()
}

fn longer(files: &Files, modules: &Modules) -> Vec<Measure> {
    let mut measures = Vec::new();
    for module in modules.all() {
        let file = &module.file;
        let text = files.under(file, "").next().map_or("", |(_, text)| text);
        measures.push(Measure {
            place: file.clone(),
            name: file.clone(),
            lines: text.lines().count().saturating_sub(test_lines(module)),
            max: FILE_LINES_MAX,
        });
        for (name, line, lines) in functions(module) {
            measures.push(Measure {
                place: format!("{file}::{name}"),
                name: format!("{file}:{line} `{name}`"),
                lines,
                max: FUNCTION_LINES_MAX,
            });
        }
    }
    measures.retain(|measure| measure.lines > measure.max);
    measures
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
