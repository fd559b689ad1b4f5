//! The building law.
