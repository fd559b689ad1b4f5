//! The machines' door: liveness, readiness and metrics, on a listener of its own that belongs on a
//! private address.

mod health;

pub use health::router;
