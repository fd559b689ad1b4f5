//! Where a form may lead back to: to pages of ours only.

/// `next` if it is a path of the administration; anything else leads to the dashboard.
pub(crate) fn own_path(next: &str) -> &str {
    // `//host` and `/\host` would leave the server.
    let is_own = next.starts_with("/admin") && !next.contains(['\\', '\r', '\n']);
    if is_own { next } else { "/admin" }
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
}
