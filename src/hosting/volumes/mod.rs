//! Where homes live: volumes, each a folder of the host and perhaps a disk of its own. One whose disk is
//! missing is no reason for the others to stop, and is never taken for an empty one.

mod changes;
mod condition;
mod details;
mod error;
mod homes;
mod place;
mod service;
mod shelf;
mod watch;

pub use condition::Condition;
pub use details::{DataFolders, NewVolume, VolumeReport, VolumeSettings};
pub use error::{OpenVolumesError, RootError, VolumeError};
pub use service::Volumes;
pub use watch::Sighting;
