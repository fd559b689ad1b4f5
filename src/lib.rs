//! Quaymaster: managed FTP hosting in one binary.
//!
//! The rooms stand on floors; a room imports only floors below its own. `docs/ARCHITECTURE.md` has
//! the drawing, `tests/house.rs` keeps it true.

// floor 0: words of the trade, time
pub mod clock;
pub mod model;
// floor 1: news
pub mod events;
