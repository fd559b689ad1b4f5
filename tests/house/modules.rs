//! Which file uses which: modules from file paths, imports and inline paths from tokens, re-exports
//! followed to the file that declares the name.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use super::tokens::{Kind, Token, after_closing, tokens, without_tests};

/// A path as written, made absolute: `["model", "account", "Account"]` for `crate::model::…`.
type ModulePath = Vec<String>;

/// One file of `src`, as far as its imports go.
#[derive(Debug)]
pub(super) struct Module {
    /// The file.
    pub file: String,
    /// Tokens without comments and without what exists in tests only.
    pub tokens: Vec<Token>,
    /// Lines that exist in tests only, first and last.
    pub test_lines: Vec<(usize, usize)>,
    /// What the file uses of ours: absolute path and line. Re-exports are not uses.
    pub uses: Vec<(ModulePath, usize)>,
    path: ModulePath,
    reexports: Vec<(String, ModulePath, usize)>,
    declared: BTreeSet<String>,
}

impl Module {
    /// The room: the first part of the module's path; `main` and `lib` for the two roots.
    pub(super) fn room(&self) -> &str {
        room_of(&self.file)
    }
}

/// The room that `file` (under `src/`) stands in.
pub(super) fn room_of(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Every file of `src` that is not for tests only.
#[derive(Debug)]
pub(super) struct Modules(BTreeMap<ModulePath, Module>);

impl Modules {
    /// Reads the imports of all files under `src`.
    pub(super) fn of(files: &Files) -> Self {
        let mut modules = BTreeMap::new();
        let mut test_only = Vec::new();
        for (file, text) in files.under("src/", ".rs") {
            let path = module_path(file);
            let all = tokens(text);
            let (kept, test_lines) = without_tests(&all);
            for name in declared_modules(&all).difference(&declared_modules(&kept)) {
                let name = name.strip_prefix("mod ").unwrap_or(name);
                test_only.push(joined(&path, [name.to_owned()]));
            }
            let mut module = Module {
                file: file.to_owned(),
                declared: declared(&kept),
                tokens: kept,
                test_lines,
                uses: Vec::new(),
                path: path.clone(),
                reexports: Vec::new(),
            };
            module.read_paths();
            modules.insert(path, module);
        }
        modules.retain(|path, _| !test_only.iter().any(|parent| path.starts_with(parent)));
        Self(modules)
    }

    /// Every module, sorted by path.
    pub(super) fn all(&self) -> impl Iterator<Item = &Module> {
        self.0.values()
    }

    /// Everything that `module` uses or re-exports: the line, the room as written, and the room that
    /// declares it if a re-export led elsewhere.
    pub(super) fn rooms_used<'a>(
        &'a self,
        module: &'a Module,
    ) -> impl Iterator<Item = (usize, String)> {
        let reexports = module.reexports.iter().map(|(_, path, line)| (path, line));
        let uses = module.uses.iter().map(|(path, line)| (path, line));
        uses.chain(reexports).flat_map(|(path, line)| {
            let declaring = self
                .file_declaring(path, 0)
                .map(|file| room_of(&file).to_owned());
            [path.first().cloned(), declaring]
                .into_iter()
                .flatten()
                .map(|room| (*line, room))
        })
    }

    /// The arrows from file to file, self-references left out.
    pub(super) fn arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for module in self.all() {
            let targets = arrows.entry(module.file.clone()).or_default();
            for (path, _) in &module.uses {
                targets.extend(self.file_declaring(path, 0));
            }
            targets.remove(&module.file);
        }
        arrows
    }

    /// The file that declares the thing at `path`, through re-exports.
    fn file_declaring(&self, path: &[String], hops: usize) -> Option<String> {
        const HOPS_MAX: usize = 8;
        let mut module = self.0.get(&ModulePath::new())?;
        let mut at = 0;
        while let Some(deeper) = self.0.get(path.get(..=at)?) {
            (module, at) = (deeper, at + 1);
            if at == path.len() {
                return Some(module.file.clone());
            }
        }
        let (name, rest) = path.get(at..)?.split_first()?;
        if hops < HOPS_MAX && !module.declared.contains(name) {
            let found = module
                .reexports
                .iter()
                .find(|(exported, ..)| exported == name);
            if let Some((_, target, _)) = found {
                return self.file_declaring(&joined(target, rest.iter().cloned()), hops + 1);
            }
            for (_, target, _) in module
                .reexports
                .iter()
                .filter(|(exported, ..)| exported == "*")
            {
                let through = joined(target, path.get(at..)?.iter().cloned());
                if self
                    .0
                    .get(target)
                    .is_some_and(|module| module.declared.contains(name))
                {
                    return self.file_declaring(&through, hops + 1);
                }
            }
        }
        Some(module.file.clone())
    }
}

impl Module {
    fn read_paths(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        let mut bound = BTreeMap::new();
        let mut inline = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let previous = at.checked_sub(1).and_then(|before| tokens.get(before));
            let begins = previous.is_none_or(|before| !before.is("::"));
            if token.is("use") && tokens.get(at + 1).is_some_and(|next| !next.is("<")) {
                let public = is_public(&tokens, at);
                at = self.read_use(&tokens, at + 1, public, &mut bound);
            } else if token.kind == Kind::Word && begins && next_is_path(&tokens, at) {
                let visibility = previous.is_some_and(|before| before.is("in"));
                let (path, after) = written_path(&tokens, at);
                if !(visibility && token.is("crate")) {
                    inline.push((path, token.line));
                }
                at = after;
            } else {
                at += 1;
            }
        }
        for (written, line) in inline {
            let ours = self.absolute(&written).or_else(|| {
                let (first, rest) = written.split_first()?;
                let start: &ModulePath = bound.get(first)?;
                Some(joined(start, rest.iter().cloned()))
            });
            let child = || {
                let first = written.first()?;
                let named = self.declared.contains(&format!("mod {first}"));
                named.then(|| joined(&self.path, written.iter().cloned()))
            };
            self.uses
                .extend(ours.or_else(child).map(|path| (path, line)));
        }
        self.tokens = tokens;
    }

    /// Reads one `use …;` and says where it ends.
    fn read_use(
        &mut self,
        tokens: &[Token],
        start: usize,
        public: bool,
        bound: &mut BTreeMap<String, ModulePath>,
    ) -> usize {
        let mut leaves = Vec::new();
        let end = use_tree(tokens, start, &[], &mut leaves);
        let line = tokens.get(start).map_or(0, |token| token.line);
        for (written, name) in leaves {
            let local = || {
                let first = written.first()?;
                let named = self.declared.contains(&format!("mod {first}"));
                named.then(|| joined(&self.path, written.iter().cloned()))
            };
            let Some(path) = self.absolute(&written).or_else(local) else {
                continue;
            };
            if public {
                self.reexports.push((name, path, line));
            } else {
                bound.insert(name, path.clone());
                self.uses.push((path, line));
            }
        }
        end
    }

    /// `crate::…`, `self::…`, `super::…` and, in `main.rs`, `quaymaster::…` as a path from the root.
    fn absolute(&self, written: &[String]) -> Option<ModulePath> {
        let (first, mut rest) = written.split_first()?;
        let mut start = match first.as_str() {
            "crate" => Vec::new(),
            "quaymaster" if self.file == "src/main.rs" => Vec::new(),
            "self" => self.path.clone(),
            "super" => parent(&self.path),
            _ => return None,
        };
        while let Some((next, deeper)) = rest.split_first() {
            if next != "super" {
                break;
            }
            (start, rest) = (parent(&start), deeper);
        }
        Some(joined(&start, rest.iter().cloned()))
    }
}

fn module_path(file: &str) -> ModulePath {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    if inside == "lib" {
        return Vec::new();
    }
    if inside == "main" {
        return vec!["(main)".to_owned()];
    }
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    inside.split('/').map(str::to_owned).collect()
}

fn joined(start: &[String], rest: impl IntoIterator<Item = String>) -> ModulePath {
    start.iter().cloned().chain(rest).collect()
}

fn parent(path: &[String]) -> ModulePath {
    path.split_last()
        .map(|(_, before)| before.to_vec())
        .unwrap_or_default()
}

/// Names of items declared anywhere in the file; modules as `mod name`.
fn declared(tokens: &[Token]) -> BTreeSet<String> {
    const WORDS: [&str; 8] = [
        "fn", "struct", "enum", "trait", "type", "const", "static", "union",
    ];
    let mut names = declared_modules(tokens);
    for pair in tokens.windows(2) {
        let [keyword, name] = pair else { continue };
        if name.kind == Kind::Word && WORDS.iter().any(|word| keyword.is(word)) {
            names.insert(name.text.clone());
        }
    }
    for triple in tokens.windows(3) {
        let [word, mark, name] = triple else { continue };
        if word.is("macro_rules") && mark.is("!") {
            names.insert(name.text.clone());
        }
    }
    names
}

fn declared_modules(tokens: &[Token]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for triple in tokens.windows(3) {
        let [keyword, name, end] = triple else {
            continue;
        };
        if keyword.is("mod") && name.kind == Kind::Word && end.is(";") {
            names.insert(format!("mod {}", name.text));
        }
    }
    names
}

/// Whether the `use` at `at` follows `pub` or `pub(…)`.
fn is_public(tokens: &[Token], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    if before(1).is_some_and(|token| token.is("pub")) {
        return true;
    }
    let open = (2..8).find(|back| before(*back).is_some_and(|token| token.is("(")));
    before(1).is_some_and(|token| token.is(")"))
        && open.is_some_and(|back| before(back + 1).is_some_and(|token| token.is("pub")))
}

fn next_is_path(tokens: &[Token], at: usize) -> bool {
    let word = tokens
        .get(at + 2)
        .is_some_and(|token| token.kind == Kind::Word);
    word && tokens.get(at + 1).is_some_and(|token| token.is("::"))
}

/// The path that begins at `at`, and the position after it.
fn written_path(tokens: &[Token], at: usize) -> (Vec<String>, usize) {
    let mut path: Vec<String> = tokens
        .get(at)
        .map(|token| token.text.clone())
        .into_iter()
        .collect();
    let mut at = at;
    while next_is_path(tokens, at) {
        at += 2;
        path.extend(tokens.get(at).map(|token| token.text.clone()));
    }
    (path, at + 1)
}

/// Reads a use tree; `leaves` receives each path with the name it binds (`*` for a glob).
fn use_tree(
    tokens: &[Token],
    start: usize,
    prefix: &[String],
    leaves: &mut Vec<(Vec<String>, String)>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut at = start;
    loop {
        let Some(token) = tokens.get(at) else {
            return at;
        };
        if token.is("{") {
            let end = after_closing(tokens, at);
            at += 1;
            while at < end - 1 {
                at = use_tree(tokens, at, &path, leaves).max(at + 1);
            }
            return end_of_leaf(tokens, end);
        }
        if token.is("*") {
            leaves.push((path, "*".to_owned()));
            return end_of_leaf(tokens, at + 1);
        }
        if token.kind == Kind::Word && token.text != "as" {
            path.push(token.text.clone());
            at += 1;
        } else if token.is("::") {
            at += 1;
        } else {
            break;
        }
        if tokens.get(at).is_some_and(|token| token.is("as")) {
            let alias = tokens
                .get(at + 1)
                .map(|token| token.text.clone())
                .unwrap_or_default();
            leaves.push((path, alias));
            return end_of_leaf(tokens, at + 2);
        }
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    let name = path.last().cloned().unwrap_or_default();
    if path.len() > prefix.len() || !prefix.is_empty() {
        leaves.push((path, name));
    }
    end_of_leaf(tokens, at)
}

/// Steps over the `,` or `;` that ends a leaf.
fn end_of_leaf(tokens: &[Token], at: usize) -> usize {
    let ends = tokens
        .get(at)
        .is_some_and(|token| token.is(",") || token.is(";"));
    if ends { at + 1 } else { at }
}
