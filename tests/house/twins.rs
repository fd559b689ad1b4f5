//! Page and template are twins: `src/web/admin/accounts/edit.rs` renders
//! `templates/admin/accounts/edit.html`, and nothing else renders it.

use std::collections::BTreeSet;

use super::files::Files;
use super::tokens::{Kind, tokens};

/// Files among the pages that render nothing of their own, and why.
pub(super) const WITHOUT_TEMPLATE: &[(&str, &str)] = &[];

/// Pages without their template and templates without their page.
pub(super) fn separated(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for (page, text) in files.under("src/web/", ".rs") {
        let paths = template_paths(text);
        let twin = twin_of(page);
        for path in &paths {
            if !files.has(&format!("templates/{path}")) {
                findings.push(format!(
                    "{page} names templates/{path}, which does not exist"
                ));
            }
            if twin.as_ref().is_some_and(|twin| path != twin) && !is_shared(path) {
                findings.push(format!(
                    "{page} renders templates/{path}, another page's template"
                ));
            }
        }
        if let Some(twin) = twin
            && !paths.contains(&twin)
            && !WITHOUT_TEMPLATE.iter().any(|(file, _)| *file == page)
        {
            findings.push(format!(
                "{page}: a page renders its twin templates/{twin}; write it"
            ));
        }
        named.extend(paths);
    }
    for (template, _) in files.under("templates/", "") {
        let path = template.strip_prefix("templates/").unwrap_or(template);
        if !is_shared(path) && !named.contains(path) {
            findings.push(format!(
                "{template}: no page renders it; delete it or write its page"
            ));
        }
    }
    findings
}

/// The template that a page must render; `None` for files that are not pages.
fn twin_of(page: &str) -> Option<String> {
    let inside = page.strip_prefix("src/web/")?.strip_suffix(".rs")?;
    let is_page = inside.starts_with("admin/") && !inside.ends_with("/mod");
    is_page.then(|| format!("{inside}.html"))
}

/// Frames, macros and fragments that several pages use.
fn is_shared(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("macros/") || name.starts_with('_') || name.starts_with("base")
}

/// The texts of `#[template(path = "…")]`.
fn template_paths(text: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut inside = false;
    for window in tokens(text).windows(3) {
        let [first, second, third] = window else {
            continue;
        };
        inside |= first.is("[") && second.is("template") && third.is("(");
        if inside && first.is("path") && second.is("=") && third.kind == Kind::Text {
            paths.insert(third.text.clone());
        }
        inside &= !first.is("]");
    }
    paths
}
