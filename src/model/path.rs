//! Paths as a client sees them: absolute inside the account's home, normalised, never on the host.

use std::fmt;

/// An absolute path inside a home: `/` or `/a/b`, without empty components, `.` or `..`.
///
/// Built only by [`VirtualPath::resolve`], so a value of this type cannot leave the home lexically.
/// Symbolic links are the storage's business.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct VirtualPath(String);

/// Why a text cannot be a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathError {
    /// Holds NUL, a control character or DEL.
    #[error("illegal character in path")]
    IllegalCharacter,
    /// A component has more than 255 bytes, or the whole more than 4096.
    #[error("path too long")]
    TooLong,
}

impl VirtualPath {
    /// Longest component, in bytes.
    pub const COMPONENT_LIMIT_BYTES: usize = 255;
    /// Longest path, in bytes.
    pub const LIMIT_BYTES: usize = 4_096;

    /// The home itself.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Resolves `typed` against this directory. Empty components and `.` are dropped; `..` goes up
    /// and stops at `/` (RFC 959 has no notion of "outside").
    ///
    /// # Errors
    ///
    /// [`PathError::IllegalCharacter`] and [`PathError::TooLong`]; the peer hears 501.
    pub fn resolve(&self, typed: &str) -> Result<Self, PathError> {
        if typed.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Err(PathError::IllegalCharacter);
        }
        let mut components: Vec<&str> = if typed.starts_with('/') {
            Vec::new()
        } else {
            self.components().collect()
        };
        for component in typed.split('/') {
            match component {
                "" | "." => {}
                ".." => {
                    components.pop();
                }
                name if name.len() > Self::COMPONENT_LIMIT_BYTES => return Err(PathError::TooLong),
                name => components.push(name),
            }
        }
        let path = format!("/{}", components.join("/"));
        if path.len() > Self::LIMIT_BYTES {
            return Err(PathError::TooLong);
        }
        Ok(Self(path))
    }

    /// The components from the home down; none for `/`.
    pub fn components(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split('/').filter(|component| !component.is_empty())
    }

    /// The last component; `None` for `/`.
    pub fn name(&self) -> Option<&str> {
        self.components().last()
    }

    /// The directory that holds this path; `/` for `/`.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some(("", _)) | None => Self::root(),
            Some((parent, _)) => Self(parent.to_owned()),
        }
    }

    /// Whether this is the home itself.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Whether `self` is `ancestor` or lies beneath it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        ancestor.is_root()
            || self.0 == ancestor.0
            || self
                .0
                .strip_prefix(&ancestor.0)
                .is_some_and(|rest| rest.starts_with('/'))
    }

    /// The path as text, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(from: &str, typed: &str) -> String {
        VirtualPath::root()
            .resolve(from)
            .unwrap()
            .resolve(typed)
            .unwrap()
            .to_string()
    }

    #[test]
    fn dots_and_double_slashes_are_folded() {
        assert_eq!(resolve("/", "//d//./b/.."), "/d");
        assert_eq!(resolve("/a", "b/./c"), "/a/b/c");
        assert_eq!(resolve("/a", "/b"), "/b");
        assert_eq!(resolve("/a", ""), "/a");
    }

    #[test]
    fn going_up_stops_at_the_home() {
        assert_eq!(resolve("/a", "../../.."), "/");
        assert_eq!(resolve("/", "../../etc/passwd"), "/etc/passwd");
    }

    #[test]
    fn spaces_and_unicode_are_kept_as_sent() {
        assert_eq!(resolve("/", " lead/trail /ünï"), "/ lead/trail /ünï");
    }

    #[test]
    fn control_characters_and_long_names_are_refused() {
        let root = VirtualPath::root();
        assert_eq!(root.resolve("a\u{7f}"), Err(PathError::IllegalCharacter));
        assert_eq!(root.resolve("a\0b"), Err(PathError::IllegalCharacter));
        assert!(root.resolve(&"x".repeat(255)).is_ok());
        assert_eq!(root.resolve(&"x".repeat(256)), Err(PathError::TooLong));
        assert_eq!(root.resolve(&"x/".repeat(3_000)), Err(PathError::TooLong));
    }

    #[test]
    fn a_sibling_with_the_same_beginning_is_not_within() {
        let ab = VirtualPath::root().resolve("/ab").unwrap();
        let a = VirtualPath::root().resolve("/a").unwrap();

        assert!(!ab.is_within(&a));
        assert!(ab.is_within(&VirtualPath::root()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_leaves_the_home(from in ".{0,40}", typed in ".{0,80}") {
            if let Ok(base) = VirtualPath::root().resolve(&from) && let Ok(path) = base.resolve(&typed) {
                proptest::prop_assert!(path.as_str().starts_with('/'));
                proptest::prop_assert!(path.components().all(|c| !matches!(c, "" | "." | "..")));
            }
        }
    }
}
