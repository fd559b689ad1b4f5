//! File systems over folders; where nothing can be mounted, what needs them is not tested.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};

/// Something mounted over a folder; dropping it unmounts.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// A file system in memory. `None`, and a word about it, where nothing can be mounted.
    pub(crate) fn over(folder: &Path, options: Option<&CStr>) -> Option<Self> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        Self::told(
            folder,
            mount("quaymaster-test", folder, "tmpfs", flags, options),
        )
    }

    /// Another folder, perhaps of the same file system.
    pub(crate) fn bound(folder: &Path, source: &Path) -> Option<Self> {
        Self::told(folder, mount_bind(source, folder))
    }

    fn told(folder: &Path, mounted: rustix::io::Result<()>) -> Option<Self> {
        match mounted {
            Ok(()) => Some(Self(folder.to_owned())),
            Err(error) => {
                println!("not tested, because nothing can be mounted here: {error}");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _gone = unmount(&self.0, UnmountFlags::DETACH);
    }
}
