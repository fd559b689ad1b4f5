//! Names that may not be given to files and folders.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Patterns of names, such as `*.php` or `.ht*`: `*` is any number of characters, `?` is one, and
/// `[…]` is one of these; capitals and small letters are the same. Cloning is cheap.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamePatterns(Option<Arc<[String]>>);

/// Why a text is no list of patterns. The messages are shown beside the field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NamePatternsError {
    /// Holds what no name can hold.
    #[error(
        "Line {line}: “{typed}” is no pattern for a name. Write it like *.php, without folders"
    )]
    NoName {
        /// The line, from 1.
        line: usize,
        /// What was typed.
        typed: String,
    },
    /// Longer than [`NamePatterns::LENGTH_LIMIT`].
    #[error(
        "Line {line}: a pattern can have {} characters at most",
        NamePatterns::LENGTH_LIMIT
    )]
    TooLong {
        /// The line, from 1.
        line: usize,
    },
    /// More than [`NamePatterns::LIMIT`].
    #[error("Line {line}: there are more than {} patterns", NamePatterns::LIMIT)]
    TooMany {
        /// The line of the first one too many, from 1.
        line: usize,
    },
}

impl NamePatterns {
    /// Patterns in one list at most; every new name is compared with all of them.
    pub const LIMIT: usize = 64;
    /// Characters of one pattern at most.
    pub const LENGTH_LIMIT: usize = 100;

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// One after the other, in small letters.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|patterns| patterns.iter())
            .map(String::as_str)
    }

    /// All in one line, with spaces between them.
    pub fn line(&self) -> String {
        self.iter().collect::<Vec<_>>().join(" ")
    }
}

impl FromStr for NamePatterns {
    type Err = NamePatternsError;

    /// Reads patterns, one per line or with spaces between them. One that is there already is left
    /// out.
    fn from_str(text: &str) -> Result<Self, NamePatternsError> {
        let mut patterns: Vec<String> = Vec::new();
        for (line, typed) in (1..).zip(text.lines()) {
            for typed in typed.split_whitespace() {
                let pattern = read(line, typed)?;
                if patterns.contains(&pattern) {
                    continue;
                }
                if patterns.len() == Self::LIMIT {
                    return Err(NamePatternsError::TooMany { line });
                }
                patterns.push(pattern);
            }
        }
        Ok(Self((!patterns.is_empty()).then(|| patterns.into())))
    }
}

impl fmt::Display for NamePatterns {
    /// One per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(pattern)?;
        }
        Ok(())
    }
}

fn read(line: usize, typed: &str) -> Result<String, NamePatternsError> {
    if typed.chars().count() > NamePatterns::LENGTH_LIMIT {
        return Err(NamePatternsError::TooLong { line });
    }
    if typed.contains('/') || typed.chars().any(char::is_control) {
        return Err(NamePatternsError::NoName {
            line,
            typed: typed.chars().filter(|c| !c.is_control()).collect(),
        });
    }
    Ok(typed.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_folded_and_kept_once() {
        let patterns: NamePatterns = " *.PHP .ht*\n*.php".parse().unwrap();

        assert_eq!(patterns.iter().collect::<Vec<_>>(), ["*.php", ".ht*"]);
        assert_eq!(patterns.to_string().parse(), Ok(patterns.clone()));
        assert_eq!(patterns.line(), "*.php .ht*");
        assert!("\n ".parse::<NamePatterns>().unwrap().is_empty());
    }

    #[test]
    fn an_error_names_its_line() {
        let long = format!("*.php\n{}", "x".repeat(101));

        assert_eq!(
            "*.php\n/etc/*"
                .parse::<NamePatterns>()
                .unwrap_err()
                .to_string(),
            "Line 2: “/etc/*” is no pattern for a name. Write it like *.php, without folders"
        );
        assert_eq!(
            long.parse::<NamePatterns>(),
            Err(NamePatternsError::TooLong { line: 2 })
        );
    }

    #[test]
    fn a_list_has_an_end() {
        let line = |n: usize| format!("*.{n}");
        let lines = |count: usize| (0..count).map(line).collect::<Vec<_>>().join("\n");

        assert!(lines(NamePatterns::LIMIT).parse::<NamePatterns>().is_ok());
        assert_eq!(
            lines(NamePatterns::LIMIT + 1).parse::<NamePatterns>(),
            Err(NamePatternsError::TooMany { line: 65 })
        );
    }
}
