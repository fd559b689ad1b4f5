//! The data directory: where all homes are.

use std::path::Path;

use super::entry::Space;
use super::error::StorageError;
use super::local::{HomeOptions, LocalHome};

/// The directory that holds all homes. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Volume {}

impl Volume {
    /// Opens the directory `path` of the host. Blocking: for the start of the server.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let _ = path;
        todo!()
    }

    /// Opens the home at `relative` (`customer/account`), creating what is missing of it. Call it once
    /// per account and share what it returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::IllegalName`] if `relative` is not a plain relative path.
    pub async fn home(
        &self,
        relative: &str,
        options: HomeOptions,
    ) -> Result<LocalHome, StorageError> {
        let _ = (relative, options);
        todo!()
    }

    /// Room on the file system.
    pub async fn space(&self) -> Result<Space, StorageError> {
        todo!()
    }

    /// Removes the home at `relative` with everything in it; none there is no error.
    pub async fn remove_tree(&self, relative: &str) -> Result<(), StorageError> {
        let _ = relative;
        todo!()
    }

    /// Writes and removes a small file: does the volume work?
    pub async fn probe(&self) -> Result<(), StorageError> {
        todo!()
    }
}
