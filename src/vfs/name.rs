//! Names of single components: the reserved ones, and the ones that an upload may take.

/// Names that begin so are staged uploads: never listed, never counted, never addressed by clients.
pub const STAGED_PREFIX: &str = ".fx~";
