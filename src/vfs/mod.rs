//! Files, seen from an account.
//!
//! A [`Volume`] is a folder that holds homes; a [`LocalHome`] is one account's directory in it, shared by
//! all sessions of that account; a [`Home`] is what one session may do there. Every operation starts
//! at a directory handle and cannot leave the home, whatever a path or a symbolic link says. Uploads
//! are staged beside their target and renamed when complete; whatever makes bytes or files appear or
//! vanish returns exactly what did, learned under the home's one lock.

mod beneath;
mod digest;
mod disk;
mod entry;
mod error;
mod guard;
mod home;
mod inplace;
mod listing;
mod local;
mod mark;
mod name;
mod outcome;
mod recount;
mod removal;
mod room;
mod ruling;
mod sink;
mod staged;
mod tally;
mod target;
mod upload;
mod volume;
mod walk;

pub use disk::{BLOCKING_THREADS, runtime_threads};
pub use entry::{Download, Entry, Kind, Removed, Renamed};
pub use error::StorageError;
pub use home::Home;
pub use listing::Listing;
pub use local::{HomeOptions, LocalHome};
pub use name::STAGED_PREFIX;
pub use outcome::{Abandoned, Committed, OnAbort};
pub use recount::{Recount, RecountStep};
pub use removal::{Cut, Left, Removal, Stay};
pub use room::Space;
pub use ruling::Judgement;
pub use target::{Target, UploadMode};
pub use upload::{Upload, UploadWriter};
pub use volume::Volume;

#[cfg(test)]
mod tests;
