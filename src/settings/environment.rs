//! The environment: names that nobody reads are refused, because a misspelt variable that is
//! silently ignored costs an evening; secrets may stand in files.

use std::path::Path;

use crate::model::Secret;

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "QUAYMASTER_";
/// Variables that only the tests read.
const TEST_PREFIX: &str = "QUAYMASTER_TEST_";
/// Most bytes that a file with a secret may have.
const SECRET_LIMIT_BYTES: u64 = 65_536;

/// Why the start-up facts cannot be used: one sentence for the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BootError(pub String);

/// The names of all variables that are set.
pub(super) fn names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Refuses variables that begin like ours but are none that `Args` reads.
pub(super) fn refuse_unknown<Args: clap::Args>(
    names: impl Iterator<Item = String>,
) -> Result<(), BootError> {
    let known = known::<Args>();
    for name in names {
        let ours = name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX);
        if ours && !known.contains(&name) {
            let nearest = known
                .iter()
                .min_by_key(|candidate| distance(&name, candidate))
                .map_or("", String::as_str);
            return Err(BootError(format!(
                "There is no variable {name}. Did you mean {nearest}?"
            )));
        }
    }
    Ok(())
}

/// The variables that `Args` reads.
fn known<Args: clap::Args>() -> Vec<String> {
    Args::augment_args(clap::Command::new("quaymaster"))
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .collect()
}

/// How many letters must be added, removed or replaced to get from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, from) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (to, above) in b.chars().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(from != to);
            left = replaced.min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Reads a secret that is given as text or as the name of a file, but not both.
///
/// # Errors
///
/// A sentence that names the variable and never the secret.
pub(super) fn secret(
    fact: &str,
    text: Option<Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, BootError> {
    let text = text.filter(|text| !text.expose().trim().is_empty());
    let file = file.filter(|file| !file.as_os_str().is_empty());
    match (text, file) {
        (Some(_), Some(_)) => Err(BootError(format!(
            "Both {PREFIX}{fact} and {PREFIX}{fact}_FILE are given. Keep one of them"
        ))),
        (None, Some(file)) => read_file(file)
            .map(Some)
            .map_err(|problem| BootError(format!("{PREFIX}{fact}_FILE: {problem}"))),
        (text, None) => Ok(text),
    }
}

fn read_file(file: &Path) -> Result<Secret, String> {
    use std::io::Read;

    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    let mut text = String::new();
    std::fs::File::open(file)
        .map_err(unreadable)?
        .take(SECRET_LIMIT_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let text = Secret::new(text);
    let line = text.expose().trim();
    if line.is_empty() {
        return Err(format!("{} is empty", file.display()));
    }
    Ok(Secret::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::arguments::BootArgs;
    use super::*;

    fn check(name: &str) -> Result<(), BootError> {
        refuse_unknown::<BootArgs>([name.to_owned()].into_iter())
    }

    #[test]
    fn a_misspelt_variable_is_told_the_nearest_name() {
        assert_eq!(
            check("QUAYMASTER_PASIVE_PORT"),
            Err(BootError(
                "There is no variable QUAYMASTER_PASIVE_PORT. Did you mean \
                 QUAYMASTER_PASSIVE_PORTS?"
                    .to_owned()
            ))
        );
    }

    #[test]
    fn known_foreign_and_test_variables_pass() {
        for name in [
            "QUAYMASTER_DATA_DIR",
            "QUAYMASTER_SETUP_CODE_FILE",
            "QUAYMASTER_TEST_POSTGRES_URL",
            "PATH",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_secret_stands_in_a_variable_or_in_a_file_but_not_in_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        std::fs::write(&file, "s3cret\n").unwrap();
        let text = Secret::new("other".to_owned());

        let from_file = secret("SETUP_CODE", None, Some(&file)).unwrap().unwrap();
        assert_eq!(from_file.expose(), "s3cret");
        assert_eq!(
            secret("SETUP_CODE", Some(text.clone()), Some(&file)),
            Err(BootError(
                "Both QUAYMASTER_SETUP_CODE and QUAYMASTER_SETUP_CODE_FILE are given. Keep one of \
                 them"
                    .to_owned()
            ))
        );
        assert_eq!(
            secret("SETUP_CODE", Some(text.clone()), None),
            Ok(Some(text))
        );
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");

        let missing = secret("SETUP_CODE", None, Some(&file)).unwrap_err();
        std::fs::write(&file, "\n").unwrap();
        let empty = secret("SETUP_CODE", None, Some(&file)).unwrap_err();

        assert!(
            missing.0.starts_with("QUAYMASTER_SETUP_CODE_FILE: /"),
            "{missing}"
        );
        assert!(empty.0.ends_with("code is empty"), "{empty}");
    }
}
