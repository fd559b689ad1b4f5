//! Names that belong to one room, names that no file may have, and words that may not be written.

use std::collections::BTreeSet;

use super::files::Files;
use super::modules::Modules;
use super::tokens::Kind;

/// A sequence of words and marks that only some rooms may write.
struct Reserved {
    words: &'static [&'static str],
    rooms: &'static [&'static str],
    instead: &'static str,
}

const RESERVED: &[Reserved] = &[
    reserved(&["sqlx"], &["store"], "SQL lives in `store`"),
    reserved(
        &[".", "db"],
        &["store", "settings", "hosting", "app", "cli"],
        "ask a service in `hosting`",
    ),
    reserved(&["askama"], &["web"], "pages live in `web`"),
    reserved(&["askama_web"], &["web"], "pages live in `web`"),
    reserved(&["axum"], HTTP, "HTTP lives in `web`, `api` and `server`"),
    reserved(
        &["axum_extra"],
        HTTP,
        "HTTP lives in `web`, `api` and `server`",
    ),
    reserved(
        &["axum_server"],
        HTTP,
        "HTTP lives in `web`, `api` and `server`",
    ),
    reserved(
        &["env", "::"],
        &["settings", "cli"],
        "the environment is read by `settings` and `cli`",
    ),
    reserved(&["SystemTime", "::", "now"], &["clock"], "take a `Clock`"),
    reserved(&["Timestamp", "::", "now"], &["clock"], "take a `Clock`"),
    reserved(&["Zoned", "::", "now"], &["clock"], "take a `Clock`"),
];

/// Rooms without a runtime, and what would bring one in.
const PURE: [&str; 3] = ["model", "proto", "clock"];
const RUNTIME: [&str; 6] = ["tokio", "async", "await", "tracing", "rand", "fs"];

const HTTP: &[&str] = &["web", "api", "server"];

/// Files named after no subject.
const NAMELESS: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "manager", "misc", "info",
];

/// Written in two parts, so that this file does not contain them.
const UNWANTED: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "fix it, or open an issue"),
    (concat!("XX", "X "), "say it in a sentence"),
    (concat!("Slip", "way"), "the product is called Quaymaster"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("#[al", "low("), "use #[expect(…, reason = \"…\")]"),
    (concat!("#![al", "low("), "use #[expect(…, reason = \"…\")]"),
    (concat!("#[igno", "re"), "assert what happens today instead"),
];

/// Statements that would be SQL outside `store`.
const SQL: [&str; 4] = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE "];

const fn reserved(
    words: &'static [&'static str],
    rooms: &'static [&'static str],
    instead: &'static str,
) -> Reserved {
    Reserved {
        words,
        rooms,
        instead,
    }
}

/// Words in rooms that may not use them.
pub(super) fn names_out_of_their_room(modules: &Modules) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for module in modules.all() {
        let (file, room) = (&module.file, module.room());
        for law in RESERVED.iter().filter(|law| !law.rooms.contains(&room)) {
            for window in module.tokens.windows(law.words.len()) {
                if window
                    .iter()
                    .zip(law.words)
                    .all(|(token, word)| token.is(word))
                {
                    let line = window.first().map_or(0, |token| token.line);
                    let name = law.words.concat();
                    findings.insert(format!("{file}:{line} names `{name}`: {}", law.instead));
                }
            }
        }
        for token in &module.tokens {
            let line = token.line;
            if PURE.contains(&room) && RUNTIME.iter().any(|word| token.is(word)) {
                let name = &token.text;
                findings.insert(format!("{file}:{line} names `{name}`: `{room}` is pure"));
            }
            let statement = SQL
                .iter()
                .any(|start| token.text.trim_start().starts_with(start));
            if token.kind == Kind::Text && statement && room != "store" {
                findings.insert(format!("{file}:{line} holds SQL: move it to `store`"));
            }
        }
    }
    findings.into_iter().collect()
}

/// Files without a subject in their name, or without a first line that says what they are.
pub(super) fn files_without_a_subject(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in files.all() {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        if path.starts_with("src/") && NAMELESS.contains(&stem) {
            findings.push(format!("{path}: name the file after its subject"));
        }
        let is_rust = files.under(path, ".rs").next().is_some();
        if is_rust && !text.starts_with("//! ") {
            findings.push(format!(
                "{path}: begin with `//!` and say what this file is for"
            ));
        }
    }
    findings
}

/// Words that may stand nowhere.
pub(super) fn unwanted_words(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in files.all() {
        for (number, line) in text.lines().enumerate() {
            for (word, instead) in UNWANTED {
                if line.contains(word) {
                    findings.push(format!("{path}:{} says `{word}`: {instead}", number + 1));
                }
            }
        }
    }
    findings
}
