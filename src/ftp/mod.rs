//! The FTP door.
//!
//! The life of a session: [`listener`](serve) accepts a connection, gives it a place among the
//! sessions and a task. `control` owns it from the greeting to the end: it cuts bytes into lines,
//! asks the rules of the protocol whether a command is admitted, lets `commands` obey it and says
//! what came of it. A command that moves bytes hands back a transfer; `transferring` carries it out
//! beside the control connection and goes on listening. Everything that was taken on the way (a
//! port, a place, room for bytes, a staged file) is a guard that undoes itself.

mod buffers;
mod commands;
mod context;
mod control;
mod data;
mod download;
mod errand;
mod error;
mod hashing;
mod haul;
mod intake;
mod job;
mod link;
mod listener;
mod outcome;
mod pour;
mod pump;
mod queue;
mod record;
mod refusals;
mod sheet;
mod standing;
mod stop;
mod transferring;
mod tree;
mod upload;
mod wire;

pub use listener::{Listeners, serve};
