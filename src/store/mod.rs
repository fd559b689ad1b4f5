//! The database: the only room that holds SQL.
