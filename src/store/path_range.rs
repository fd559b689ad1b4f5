//! Paths that begin alike, as a range of texts that are compared byte by byte; and what of a path an
//! index can hold.

/// Characters of a path that its index holds.
const INDEXED_CHARACTERS: usize = 600;

/// Where paths begin to match and where they no longer do.
pub(super) struct PathRange {
    pub(super) first: String,
    pub(super) end: String,
}

/// The part of a path that its index holds, and the rest of a longer one.
pub(super) fn split(path: &str) -> (&str, Option<&str>) {
    if path.len() <= INDEXED_CHARACTERS {
        return (path, None);
    }
    let end = path.char_indices().nth(INDEXED_CHARACTERS);
    let parts = end.and_then(|(end, _)| path.split_at_checked(end));
    parts.map_or((path, None), |(first, rest)| (first, Some(rest)))
}

impl PathRange {
    /// `None` if every path matches.
    pub(super) fn of(prefix: &str) -> Option<Self> {
        let first: String = prefix.chars().take(INDEXED_CHARACTERS).collect();
        if first.is_empty() || first == "/" {
            return None;
        }
        let end = after(&first)?;
        Some(Self { first, end })
    }
}

/// The first text, byte by byte, after all that begin with `prefix`; `None` if there is none.
fn after(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // The range of characters knows about the gap that is no character.
        if let Some(next) = (last..=char::MAX).nth(1) {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_split_between_two_characters() {
        let (short, long) = ("ä".repeat(600), "ä".repeat(601));

        assert_eq!(split(&short), (short.as_str(), None));
        assert_eq!(split(&long), (short.as_str(), Some("ä")));
        assert_eq!(split("/a"), ("/a", None));
    }

    #[test]
    fn a_range_ends_before_the_first_path_that_does_not_begin_so() {
        for (prefix, end) in [
            ("/in/", Some("/in0")),
            ("/a", Some("/b")),
            ("/a\u{d7ff}", Some("/a\u{e000}")),
            ("/a\u{10ffff}", Some("/b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(after(prefix).as_deref(), end, "{prefix:?}");
        }
        assert!(PathRange::of("").is_none() && PathRange::of("/").is_none());
        let long = PathRange::of(&"ä".repeat(700)).unwrap();
        assert_eq!(long.first.chars().count(), 600);
    }
}
