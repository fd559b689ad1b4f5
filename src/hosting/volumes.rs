//! Where homes live.
