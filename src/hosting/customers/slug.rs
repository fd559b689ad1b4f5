//! The short form of a name for folder names.

/// The name as part of a folder name: `a–z 0–9 -`, at most 32 characters.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 32 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "customer".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_name_keeps_what_is_safe_of_a_name() {
        for (name, folder) in [
            ("Kestrel Print", "kestrel-print"),
            ("  Müller & Söhne  ", "m-ller-s-hne"),
            ("../../etc", "etc"),
            ("日本", "customer"),
        ] {
            assert_eq!(slug(name), folder, "{name}");
        }
    }
}
