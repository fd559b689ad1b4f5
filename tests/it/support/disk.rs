//! What stands on the disk, seen by walking over it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use quaymaster::model::{Usage, VolumeMark};
use quaymaster::vfs::STAGED_PREFIX;

/// What the files in `folder` and below amount to; staged uploads left out.
pub(crate) fn used(folder: &Path) -> Usage {
    let files = files(folder);
    // What vanishes during the walk does not stand there.
    let sizes: Vec<u64> = files
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|file| file.len())
        .collect();
    Usage {
        bytes: sizes.iter().sum(),
        files: sizes.len() as u64,
    }
}

/// Staged uploads in `folder` and below.
pub(crate) fn staged(folder: &Path) -> Vec<PathBuf> {
    let mut files = walk(folder);
    files.retain(|path| is_staged(path));
    files
}

/// Files in `folder` and below; staged uploads and the marks of volumes left out.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = walk(folder);
    files.retain(|path| !is_staged(path) && name(path) != VolumeMark::FILE);
    files
}

/// What is in a folder; nothing if there is none.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// The last component of a path.
pub(crate) fn name(path: &Path) -> String {
    let name = path.file_name().map(OsStr::to_string_lossy);
    name.unwrap_or_default().into_owned()
}

/// Everything but folders in `folder` and below.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Whether it is an upload under way.
pub(crate) fn is_staged(path: &Path) -> bool {
    name(path).starts_with(STAGED_PREFIX)
}
