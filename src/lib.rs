//! Quaymaster: managed FTP hosting in one binary.
//!
//! The rooms stand on floors; a room imports only floors below its own. `docs/ARCHITECTURE.md` has
//! the drawing, `tests/house.rs` keeps it true.

// floor 0: words of the trade, time, logs
pub mod clock;
pub mod model;
pub mod telemetry;
// floor 1: grammar, files, sockets, news, database
pub mod events;
pub mod net;
pub mod proto;
pub mod store;
pub mod vfs;
// floor 2: what may be configured, and what is in force
pub mod settings;
// floor 3: the rules of the service
pub mod hosting;
// floor 4: the hall, every service once
pub mod app;
// floor 5: the doors
pub mod api;
pub mod ftp;
pub mod jobs;
pub mod web;
// floor 6 and 7: starts and stops the doors; what an operator types
pub mod cli;
pub mod server;
