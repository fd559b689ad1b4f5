//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::model::Secret;

/// The address of a database: `sqlite:path` or `postgres://user:password@host/name`. Its text forms
/// never show the password.
#[derive(Clone, Eq, PartialEq)]
pub enum DatabaseUrl {
    /// A PostgreSQL server; the whole address counts as secret.
    Postgres(Secret),
    /// A file.
    Sqlite(PathBuf),
}

/// Which database speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// The name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// The text is no address of a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Begins with something else.
    #[error("the database URL must begin with sqlite: or postgres://")]
    Scheme,
    /// No file is named.
    #[error("the database URL names no file; write sqlite:path/to/quaymaster.db")]
    NoFile,
    /// Kept in memory, where it would vanish with the process.
    #[error("a database in memory would be lost with the process; name a file")]
    InMemory,
}

impl DatabaseUrl {
    /// The SQLite file `path`.
    pub fn sqlite(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Postgres(_) => Engine::Postgres,
            Self::Sqlite(_) => Engine::Sqlite,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Secret::new(text.to_owned())));
        }
        let rest = text
            .strip_prefix("sqlite:")
            .ok_or(DatabaseUrlError::Scheme)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() {
            return Err(DatabaseUrlError::NoFile);
        }
        if path.contains(":memory:") {
            return Err(DatabaseUrlError::InMemory);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let place = url
                    .expose()
                    .split_once("://")
                    .map_or("", |(_, rest)| rest)
                    .split('?')
                    .next()
                    .unwrap_or("");
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://quay:s3cr@t@db.example:5432/quay?password=x"
            .parse()
            .unwrap();

        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://db.example:5432/quay DatabaseUrl(postgres://db.example:5432/quay)"
        );
        assert_eq!(url.engine(), Engine::Postgres);
    }

    #[test]
    fn a_file_is_named_with_or_without_slashes() {
        for text in ["sqlite:data/q.db", "sqlite://data/q.db"] {
            assert_eq!(
                text.parse(),
                Ok(DatabaseUrl::Sqlite(PathBuf::from("data/q.db")))
            );
        }
        assert_eq!(
            "sqlite:///var/q.db".parse(),
            Ok(DatabaseUrl::sqlite(Path::new("/var/q.db")))
        );
    }

    #[test]
    fn other_addresses_are_refused() {
        for (text, error) in [
            ("mysql://x", DatabaseUrlError::Scheme),
            ("quay.db", DatabaseUrlError::Scheme),
            ("sqlite:", DatabaseUrlError::NoFile),
            ("sqlite::memory:", DatabaseUrlError::InMemory),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(error), "{text}");
        }
    }
}
