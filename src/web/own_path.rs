//! Where an answer may lead: to pages of ours only.

use axum::http::Uri;

/// `next` if it is a path of the administration; anything else leads to the dashboard.
pub(crate) fn own_path(next: &str) -> &str {
    // `//host` and `/\host` would leave the server.
    let is_own = next.starts_with("/admin") && !next.contains(['\\', '\r', '\n']);
    if is_own { next } else { "/admin" }
}

/// The same address without the slashes at its end; `None` if it has none or would leave the server.
pub(crate) fn without_slash(address: &Uri) -> Option<String> {
    let (path, query) = (address.path(), address.query());
    let shorter = path.trim_end_matches('/');
    let leaves = path.starts_with("//") || path.contains('\\');
    if shorter.len() == path.len() || shorter.is_empty() || leaves {
        return None;
    }
    Some(query.map_or_else(|| shorter.to_owned(), |query| format!("{shorter}?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_gone_on_to() {
        assert_eq!(own_path("/admin/live?q=a"), "/admin/live?q=a");
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/setup",
        ] {
            assert_eq!(own_path(foreign), "/admin", "{foreign}");
        }
    }

    #[test]
    fn only_a_slash_at_the_end_is_dropped() {
        for (address, shorter) in [
            ("/admin/", Some("/admin")),
            ("/admin/live//?q=a/", Some("/admin/live?q=a/")),
            ("/admin", None),
            ("/", None),
            ("//", None),
            ("//evil.example/", None),
        ] {
            let found = without_slash(&address.parse().unwrap());

            assert_eq!(found.as_deref(), shorter, "{address}");
        }
    }
}
