//! The list of every statement, so that a test and `doctor` can have each engine prepare them all.

/// Names the statements of a file and lists them.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*

        /// Every statement of this file, by name.
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) use queries;

/// Every statement of the room, by name.
pub(super) fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    [super::accounts::STATEMENTS].into_iter().flatten().copied()
}
