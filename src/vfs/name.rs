//! Names of single components: the reserved ones, the ones of staged uploads, and the ones that
//! `STOU` may choose.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use data_encoding::BASE32_NOPAD;

use crate::model::VirtualPath;

use super::error::StorageError;

/// Names that begin so are staged uploads: never listed, never counted, never addressed by clients.
pub const STAGED_PREFIX: &str = ".fx~";

/// Whether `name` belongs to a staged upload.
pub(super) fn is_staged(name: &[u8]) -> bool {
    name.starts_with(STAGED_PREFIX.as_bytes())
}

/// A name for a staged upload: the prefix and 80 random bits in base 32.
///
/// The bits come from the process's own generator: nothing is decided by them, and a test has
/// nothing to foresee.
pub(super) fn staged() -> String {
    let token = BASE32_NOPAD.encode(&rand::random::<[u8; 10]>());
    format!("{STAGED_PREFIX}{}", token.to_ascii_lowercase())
}

/// Refuses to see what no client may see.
pub(super) fn visible(path: &VirtualPath) -> Result<(), StorageError> {
    if names_staged(path) {
        return Err(StorageError::NotFound);
    }
    Ok(())
}

/// Refuses to create what no client may create.
pub(super) fn creatable(path: &VirtualPath) -> Result<(), StorageError> {
    if names_staged(path) {
        return Err(StorageError::NameNotAllowed);
    }
    Ok(())
}

/// The `attempt`-th name for a file that shall be unique: `hint`, `hint.1`, … or a random one when
/// there is no usable hint or too many like it.
pub(super) fn unique(hint: Option<&str>, attempt: u32) -> String {
    match hint.and_then(usable) {
        Some(hint) if attempt == 0 => hint.to_owned(),
        Some(hint) if attempt < NUMBERED_NAMES => format!("{hint}.{attempt}"),
        _ => {
            let token = BASE32_NOPAD.encode(&rand::random::<[u8; 8]>());
            let token: String = token.chars().take(12).collect();
            format!("ftp-{}", token.to_ascii_lowercase())
        }
    }
}

/// The last component of `hint`, if a file may be called so and a number still fits behind it.
fn usable(hint: &str) -> Option<&str> {
    let name = hint.rsplit('/').next().unwrap_or(hint);
    let fits = name.len() <= VirtualPath::COMPONENT_LIMIT_BYTES - NUMBER_BYTES;
    let plain = !matches!(name, "" | "." | "..") && !name.bytes().any(|byte| byte < 0x20);
    (fits && plain && !is_staged(name.as_bytes())).then_some(name)
}

fn names_staged(path: &VirtualPath) -> bool {
    path.components().any(|name| is_staged(name.as_bytes()))
}

/// Whether `name` is one plain component of the host: not empty, no slash, not `.` or `..`.
pub(super) fn is_plain(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/') && !bytes.contains(&0)
}

/// From this attempt on, `STOU` takes random names instead of numbered ones.
const NUMBERED_NAMES: u32 = 100;
/// Room kept for `.99` behind a hint, in bytes.
const NUMBER_BYTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_name_has_the_prefix_and_sixteen_letters() {
        let name = staged();

        assert!(is_staged(name.as_bytes()));
        assert_eq!(name.len(), STAGED_PREFIX.len() + 16);
        assert_ne!(name, staged());
    }

    #[test]
    fn a_hint_is_taken_numbered_and_then_given_up() {
        assert_eq!(unique(Some("a.txt"), 0), "a.txt");
        assert_eq!(unique(Some("dir/a.txt"), 7), "a.txt.7");
        assert!(unique(Some("a.txt"), 100).starts_with("ftp-"));
        assert_eq!(unique(None, 0).len(), 16);
    }

    #[test]
    fn a_hint_that_cannot_be_a_name_is_not_taken() {
        for hint in ["", ".", "..", "/", ".fx~x", "a\u{7}", &"x".repeat(254)] {
            assert!(unique(Some(hint), 0).starts_with("ftp-"), "{hint:?}");
        }
    }

    #[test]
    fn a_reserved_name_anywhere_in_a_path_is_refused() {
        let path = VirtualPath::root().resolve("/d/.fx~a/b").unwrap();

        assert!(matches!(visible(&path), Err(StorageError::NotFound)));
        assert!(matches!(
            creatable(&path),
            Err(StorageError::NameNotAllowed)
        ));
    }
}
