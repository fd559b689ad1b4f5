//! What a file may hold.

/// Bytes of a file at most.
pub const LARGEST_BYTES: usize = 32 * 1_048_576;
/// Accounts of a file at most.
pub const MOST_ROWS: usize = 50_000;
