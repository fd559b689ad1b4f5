//! Files, seen from an account.
