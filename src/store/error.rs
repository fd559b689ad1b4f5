//! What can go wrong with the database.

use sqlx::error::{DatabaseError, ErrorKind};

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else saved the record first, or it is gone.
    #[error("somebody else saved this record first")]
    Stale,
    /// The change would break a rule that the database keeps.
    #[error("{0}")]
    Conflict(Conflict),
    /// A stored value cannot be read, or a value is too large to be stored.
    #[error("bad value in {table}.{column} of `{id}`")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The key of the row.
        id: String,
    },
    /// The migrations cannot be applied.
    #[error("the database schema cannot be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database does not answer or refuses to work.
    #[error("database unavailable")]
    Unavailable(#[source] sqlx::Error),
}

/// The rule that a change would break.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Conflict {
    /// Another administrator signs in with this address.
    #[error("another administrator has this address")]
    AdminEmail,
    /// Another customer has this name.
    #[error("another customer has this name")]
    CustomerName,
    /// Another customer has this short name.
    #[error("another customer has this short name")]
    CustomerSlug,
    /// Exactly one plan is the default; this change would leave none.
    #[error("exactly one plan must be the default")]
    DefaultPlan,
    /// Exactly one volume takes new accounts by default; this change would leave none.
    #[error("exactly one open volume must be the default")]
    DefaultVolume,
    /// The record exists already.
    #[error("the record exists already")]
    Duplicate,
    /// Other records still refer to this one.
    #[error("other records still refer to this one")]
    InUse,
    /// The record refers to one that does not exist.
    #[error("the record refers to one that does not exist")]
    Missing,
    /// Another plan has this name.
    #[error("another plan has this name")]
    PlanName,
    /// Another account has this user name.
    #[error("another account has this user name")]
    Username,
    /// Another volume has this name.
    #[error("another volume has this name")]
    VolumeName,
    /// Another volume has this folder.
    #[error("another volume has this folder")]
    VolumeRoot,
}

/// Which rule stands behind a unique constraint: its name, which PostgreSQL reports, and its
/// column, which is all that SQLite reports.
const UNIQUE: &[(&str, &str, Conflict)] = &[
    (
        "account_username_unique",
        "account.username",
        Conflict::Username,
    ),
    (
        "admin_email_unique",
        "admin.email_key",
        Conflict::AdminEmail,
    ),
    (
        "customer_name_unique",
        "customer.name_key",
        Conflict::CustomerName,
    ),
    (
        "customer_slug_unique",
        "customer.slug",
        Conflict::CustomerSlug,
    ),
    (
        "plan_default_unique",
        "plan.is_default",
        Conflict::DefaultPlan,
    ),
    ("plan_name_unique", "plan.name_key", Conflict::PlanName),
    (
        "volume_default_unique",
        "volume.is_default",
        Conflict::DefaultVolume,
    ),
    (
        "volume_name_unique",
        "volume.name_key",
        Conflict::VolumeName,
    ),
    ("volume_root_unique", "volume.root", Conflict::VolumeRoot),
];

impl StoreError {
    /// The broken rule, if it was one.
    pub fn conflict(&self) -> Option<Conflict> {
        match self {
            Self::Conflict(conflict) => Some(*conflict),
            _ => None,
        }
    }

    /// Whether the database cannot store what it was given, however often it is tried.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Stale | Self::Conflict(_) | Self::BadRow { .. } => true,
            Self::Unavailable(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| is_about_data(&code))
            }
            Self::Unavailable(_) | Self::Migration(_) => false,
        }
    }

    /// Reads an error of a `DELETE`, where a foreign key means that the record is still in use.
    pub(super) fn of_delete(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Conflict(Conflict::Missing) => Self::Conflict(Conflict::InUse),
            other => other,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let conflict = error.as_database_error().and_then(broken_rule);
        conflict.map_or(Self::Unavailable(error), Self::Conflict)
    }
}

/// Whether a code of an engine blames the data: of PostgreSQL the classes data exception, integrity
/// constraint violation and program limit exceeded; of SQLite too big, constraint, mismatch and range.
fn is_about_data(code: &str) -> bool {
    if code.len() == 5 {
        return ["22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class));
    }
    let primary = code.parse::<u32>().map(|extended| extended & 0xff);
    matches!(primary, Ok(18 | 19 | 20 | 25))
}

fn broken_rule(error: &dyn DatabaseError) -> Option<Conflict> {
    match error.kind() {
        ErrorKind::UniqueViolation => Some(unique_rule(error)),
        ErrorKind::ForeignKeyViolation => Some(Conflict::Missing),
        _ => None,
    }
}

fn unique_rule(error: &dyn DatabaseError) -> Conflict {
    // SQLite has no field for the constraint: its message ends with the column, in our own words.
    UNIQUE
        .iter()
        .find(|(name, column, _)| match error.constraint() {
            Some(constraint) => constraint == *name,
            None => error.message().ends_with(column),
        })
        .map_or(Conflict::Duplicate, |(_, _, rule)| *rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_about_the_data_are_refusals() {
        for (code, is_refusal) in [
            ("22021", true),
            ("54000", true),
            ("53100", false),
            ("57P01", false),
            ("18", true),
            ("2067", true),
            ("5", false),
            ("13", false),
        ] {
            assert_eq!(is_about_data(code), is_refusal, "{code}");
        }
    }
}
