//! What may be configured, and what is in force.
