//! What the tests stand on.

pub(crate) mod engines;
pub(crate) mod postgres;
pub(crate) mod samples;
