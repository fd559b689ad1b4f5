//! Folders and the rules for them, as they stand in one cell.

use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};

use crate::model::{PathRule, PathRules, Permissions, VirtualPath};

/// In place of permissions: the folder does not exist for the account.
const HIDDEN: &str = "hidden";
/// In place of rules: there are none.
const NONE: &str = "none";

/// `/folder=permissions;/other=hidden`.
pub(super) fn rules_text(rules: &PathRules) -> String {
    if rules.is_empty() {
        return NONE.to_owned();
    }
    let words = |rule: &PathRule| {
        let folder = escaped(&rule.folder);
        if rule.hidden {
            format!("{folder}={HIDDEN}")
        } else {
            format!("{folder}={}", rule.permissions)
        }
    };
    rules.iter().map(words).collect::<Vec<_>>().join(";")
}

/// Reads what [`rules_text`] writes.
///
/// # Errors
///
/// Why it cannot be read.
pub(super) fn rules(text: &str) -> Result<PathRules, String> {
    if text == NONE {
        return Ok(PathRules::default());
    }
    let listed: Result<Vec<_>, _> = text.split(';').map(rule).collect();
    PathRules::new(listed?).map_err(|error| error.to_string())
}

fn rule(text: &str) -> Result<PathRule, String> {
    let not_a_rule = "not /folder=permissions";
    let (folder, words) = text.rsplit_once('=').ok_or(not_a_rule)?;
    let folder = unescaped(folder.trim()).ok_or(not_a_rule)?;
    let folder = VirtualPath::root().resolve(&folder);
    let hidden = words.trim() == HIDDEN;
    let permissions = if hidden {
        Permissions::NONE
    } else {
        let read = words.trim().parse::<Permissions>();
        read.map_err(|error| error.to_string())?
    };
    Ok(PathRule {
        folder: folder.map_err(|error| error.to_string())?,
        permissions,
        hidden,
    })
}

/// The folder with `%25` for a per cent sign, `%3B` for a semicolon, and with the bytes of a blank at
/// its end, which would be taken away, written in the same way.
pub(super) fn escaped(folder: &VirtualPath) -> String {
    let whole = folder.as_str();
    let kept = whole.trim_end();
    let mut text = kept.replace('%', "%25").replace(';', "%3B");
    for byte in whole.bytes().skip(kept.len()) {
        text.push('%');
        text.push_str(&HEXUPPER.encode(&[byte]));
    }
    text
}

/// The text with the byte for each `%` and two digits; a `%` without them stands for itself. `None` if
/// that is not UTF-8.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let digits = after.split_at_checked(2).filter(|_| *first == b'%');
        let meant = digits.and_then(|(digits, after)| {
            let byte = *HEXLOWER_PERMISSIVE.decode(digits).ok()?.first()?;
            Some((byte, after))
        });
        match meant {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_rules_come_back_as_they_were() {
        let rule = |folder: &str, permissions: &str| PathRule {
            folder: VirtualPath::root().resolve(folder).unwrap(),
            permissions: permissions.parse().unwrap(),
            hidden: permissions == "none",
        };
        let before = PathRules::new(vec![
            rule("/a=b;c", "read-only"),
            rule("/50%3B%25", "list,upload"),
            rule("/blank at its end \u{a0}", "full"),
            rule("/secret", "none"),
        ])
        .unwrap();

        assert_eq!(rules(&rules_text(&before)), Ok(before));
    }

    #[test]
    fn what_a_person_writes_is_read() {
        for (text, folder) in [
            ("/50%=full", "/50%"),
            (" /a%2fb = read-only ", "/a/b"),
            ("in=none", "/in"),
        ] {
            let rules = rules(text).unwrap();
            let rule = rules.iter().next().unwrap();
            assert_eq!(rule.folder.as_str(), folder, "{text}");
        }
        for (text, told) in [
            ("/a", "not /folder=permissions"),
            ("/a=full;", "not /folder=permissions"),
            ("/%ff=full", "not /folder=permissions"),
            ("/a%0a=full", "illegal character in path"),
            ("/a=full;/A=none", "There is a rule for /a already"),
            ("/=hidden", "The home folder itself cannot be hidden"),
        ] {
            assert_eq!(rules(text), Err(told.to_owned()), "{text}");
        }
    }
}
