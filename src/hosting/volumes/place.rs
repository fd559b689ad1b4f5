//! Which folders of the host can hold a volume. Everything here blocks.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::error::RootError;
use crate::model::VolumeMark;
use crate::vfs::{StorageError, Volume};

/// What stands where a folder is looked for.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The data directory.
    pub(super) data: PathBuf,
    /// The other volumes: names and folders.
    pub(super) neighbours: Vec<(String, PathBuf)>,
}

/// A folder that was made ready for a volume, and bears its mark.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The folder, without symbolic links.
    pub(super) root: PathBuf,
    volume: Volume,
    was_made: bool,
}

/// Folders that are the system's own with everything in them.
const SYSTEM: [&str; 12] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys",
    "/usr",
];
/// Folders that are the system's own; what is in them need not be, and a disk may be mounted there.
const SHARED: [&str; 11] = [
    "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/log",
    "/var/tmp",
];
const PATH_LIMIT_BYTES: usize = 1_000;

impl Ground {
    /// Makes the folder `typed` ready for a new volume: makes it if it is missing, writes to it, and
    /// marks it.
    ///
    /// # Errors
    ///
    /// [`RootError`]; nothing is left behind.
    pub(super) fn prepare(&self, typed: &str, mark: &VolumeMark) -> Result<Prepared, RootError> {
        let path = self.judged(typed)?;
        let was_made = !path.exists();
        if was_made {
            make(&path).map_err(RootError::Unusable)?;
        }
        let prepared = self.mark(&path, mark, was_made);
        if prepared.is_err() && was_made {
            // Nobody else has put anything there.
            let _kept = std::fs::remove_dir(&path);
        }
        prepared
    }

    /// The folder `typed`, to which the volume with `mark` was moved, without symbolic links.
    ///
    /// # Errors
    ///
    /// [`RootError::NotMoved`] if it does not bear the mark.
    pub(super) fn find_moved(&self, typed: &str, mark: &VolumeMark) -> Result<PathBuf, RootError> {
        let path = self.judged(typed)?;
        let path = path.canonicalize().map_err(unusable)?;
        let volume = Volume::open(&path).map_err(RootError::Unwritable)?;
        let standing = volume.mark().map_err(RootError::Unwritable)?;
        let is_its = standing.and_then(|text| text.parse().ok()).as_ref() == Some(mark);
        if !is_its {
            return Err(RootError::NotMoved);
        }
        volume.probe().map_err(RootError::Unwritable)?;
        Ok(path)
    }

    fn mark(&self, path: &Path, mark: &VolumeMark, was_made: bool) -> Result<Prepared, RootError> {
        let root = path.canonicalize().map_err(unusable)?;
        // It may have become something else since it was judged.
        self.stands_apart(&root)?;
        let volume = Volume::open(&root).map_err(RootError::Unwritable)?;
        volume.probe().map_err(RootError::Unwritable)?;
        match volume.set_mark(mark) {
            Ok(()) => {}
            Err(StorageError::Exists) => return Err(RootError::Marked),
            Err(error) => return Err(RootError::Unwritable(error)),
        }
        Ok(Prepared {
            root,
            volume,
            was_made,
        })
    }

    /// The path, without symbolic links, if it may hold a volume and nothing stands in the way.
    fn judged(&self, typed: &str) -> Result<PathBuf, RootError> {
        let path = real(&plain(typed)?).map_err(unusable)?;
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_dir() => return Err(RootError::NotDirectory),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(error)),
        }
        self.stands_apart(&path)?;
        Ok(path)
    }

    fn stands_apart(&self, path: &Path) -> Result<(), RootError> {
        let is_system = SYSTEM.iter().any(|folder| path.starts_with(folder));
        let is_shared = SHARED.iter().any(|folder| path == Path::new(folder));
        if path == Path::new("/") || is_system || (is_shared && !is_mount_point(path)) {
            return Err(RootError::System(path.display().to_string()));
        }
        for (name, root) in &self.neighbours {
            let root = real(root).unwrap_or_else(|_| root.clone());
            if path == root || is_same_folder(path, &root) {
                return Err(RootError::Same(name.clone()));
            }
            if path.starts_with(&root) {
                return Err(RootError::Inside(name.clone()));
            }
        }
        let data = real(&self.data).map_err(unusable)?;
        if data.starts_with(path) || is_same_folder(path, &data) {
            return Err(RootError::DataDirectory);
        }
        let is_around =
            |(_, root): &&(String, PathBuf)| real(root).is_ok_and(|root| root.starts_with(path));
        if let Some((name, _)) = self.neighbours.iter().find(is_around) {
            return Err(RootError::Holds(name.clone()));
        }
        // A disk that is mounted in the data directory is as good as one elsewhere.
        if path.starts_with(&data) && device_of(path) == device_of(&data) {
            return Err(RootError::InDataDirectory);
        }
        Ok(())
    }
}

impl Prepared {
    /// Takes everything back.
    pub(super) fn undo(self) {
        if let Err(error) = self.volume.clear_mark() {
            let root = self.root.display();
            tracing::warn!(volume.root = %root, %error, "the mark of a volume could not be removed");
        }
        if self.was_made {
            // Whoever has put something there meanwhile keeps it.
            let _kept = std::fs::remove_dir(&self.root);
        }
    }
}

/// The path that was typed, without what does not matter in it.
fn plain(typed: &str) -> Result<PathBuf, RootError> {
    let typed = typed.trim();
    if !typed.starts_with('/') {
        return Err(RootError::Relative);
    }
    let path = Path::new(typed);
    let climbs = path
        .components()
        .any(|component| component == Component::ParentDir);
    if typed.len() > PATH_LIMIT_BYTES || typed.chars().any(char::is_control) || climbs {
        return Err(RootError::Unusual);
    }
    Ok(path.components().collect())
}

/// The path without symbolic links; what does not exist of it stays as it is.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        known => return known,
    }
    // A link that leads nowhere is not followed by making a folder behind it.
    if path.symlink_metadata().is_ok() {
        return Err(ErrorKind::NotFound.into());
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(real(parent)?.join(name)),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

/// Makes the folder and what is missing above it, for nobody else to read.
fn make(path: &Path) -> std::io::Result<()> {
    let mut maker = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(maker.recursive(true), 0o700);
    maker.create(path)
}

fn unusable(error: std::io::Error) -> RootError {
    match error.kind() {
        ErrorKind::NotADirectory => RootError::NotDirectory,
        _ => RootError::Unusable(error),
    }
}

/// Whether both are one folder under two names, for example one that is mounted twice.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let key = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    key(one).is_some_and(|one| key(other) == Some(one))
}

/// Whether a disk is mounted right there.
fn is_mount_point(path: &Path) -> bool {
    let parent = path.parent().and_then(device_of);
    let own = std::fs::metadata(path).ok().map(|found| found.dev());
    own.is_some() && own != parent
}

/// The disk that the folder is on, or will be.
fn device_of(path: &Path) -> Option<u64> {
    let found = path
        .ancestors()
        .find_map(|path| std::fs::metadata(path).ok());
    found.as_ref().map(Metadata::dev)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::model::VolumeId;

    /// A data directory `data` with a volume `data/files`, and a volume `two` beside it.
    struct Host(TempDir);

    impl Host {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("data/files")).unwrap();
            fs::create_dir(dir.path().join("two")).unwrap();
            Self(dir)
        }

        fn path(&self, name: &str) -> String {
            self.0.path().join(name).display().to_string()
        }

        fn ground(&self) -> Ground {
            let neighbour = |name: &str, path| (name.to_owned(), PathBuf::from(self.path(path)));
            Ground {
                data: self.path("data").into(),
                neighbours: vec![neighbour("Files", "data/files"), neighbour("Two", "two")],
            }
        }

        fn refusal(&self, typed: &str) -> RootError {
            self.ground().prepare(typed, &mark()).unwrap_err()
        }
    }

    fn mark() -> VolumeMark {
        VolumeMark {
            volume_id: VolumeId::from_parts(7, [7; 10]),
            token: "token".to_owned(),
        }
    }

    #[test]
    fn a_missing_folder_is_made_marked_and_taken_back() {
        let host = Host::new();
        let typed = host.path("disks/three/");

        let prepared = host.ground().prepare(&typed, &mark()).unwrap();

        let file = prepared.root.join(VolumeMark::FILE);
        assert_eq!(fs::read_to_string(&file).unwrap(), mark().to_string());
        assert_eq!(fs::read_dir(&prepared.root).unwrap().count(), 1);
        prepared.undo();
        assert!(!Path::new(&typed).exists());
    }

    #[test]
    fn a_folder_that_was_there_stays_with_what_is_in_it() {
        let host = Host::new();
        fs::create_dir(host.path("three")).unwrap();
        fs::write(host.path("three/kept"), b"kept").unwrap();

        let prepared = host.ground().prepare(&host.path("three"), &mark());

        prepared.unwrap().undo();
        assert_eq!(fs::read_dir(host.path("three")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_plain_absolute_path_is_refused() {
        let host = Host::new();
        for typed in ["", " ", "disks/two", "./two", "~/two"] {
            let refusal = host.refusal(typed);
            assert!(matches!(refusal, RootError::Relative), "{typed}");
        }
        for typed in ["/disks/../etc", "/a\nb", &format!("/{}", "a".repeat(1_000))] {
            let refusal = host.refusal(typed);
            assert!(matches!(refusal, RootError::Unusual), "{typed}");
        }
    }

    #[test]
    fn what_belongs_to_the_system_is_refused() {
        let host = Host::new();
        for typed in [
            "/",
            "/etc",
            "/etc/quaymaster",
            "//usr//share/",
            "/proc/self",
            "/var/lib",
        ] {
            let refusal = host.refusal(typed);
            assert!(
                matches!(refusal, RootError::System(_)),
                "{typed}: {refusal}"
            );
        }
    }

    #[test]
    fn a_folder_in_or_around_another_volume_is_refused() {
        let host = Host::new();
        let refusal = |name| host.refusal(&host.path(name)).to_string();

        assert_eq!(refusal("two"), "Two has this folder already");
        assert_eq!(refusal("two/three"), "This folder lies in that of Two");
        assert_eq!(refusal("data/files/x"), "This folder lies in that of Files");
        for name in ["data", "."] {
            let error = host.refusal(&host.path(name));
            assert!(matches!(error, RootError::DataDirectory), "{name}");
        }
        let error = host.refusal(&host.path("data/three"));
        assert!(matches!(error, RootError::InDataDirectory));
        assert!(!Path::new(&host.path("two/three")).exists());
        assert!(!Path::new(&host.path("data/three")).exists());
    }

    #[test]
    fn a_folder_around_another_volume_only_is_refused() {
        let host = Host::new();
        let mut ground = host.ground();
        let deep = host.path("outer/inner");
        fs::create_dir_all(&deep).unwrap();
        ground.neighbours.push(("Deep".to_owned(), deep.into()));

        let refusal = ground.prepare(&host.path("outer"), &mark()).unwrap_err();

        assert_eq!(refusal.to_string(), "This folder holds that of Deep");
    }

    #[test]
    fn a_symbolic_link_leads_to_the_same_refusals() {
        let host = Host::new();
        for (link, to) in [
            ("to-two", host.path("two")),
            ("to-data", host.path("data")),
            ("to-etc", "/etc".to_owned()),
            ("to-nothing", host.path("nothing")),
        ] {
            std::os::unix::fs::symlink(to, host.path(link)).unwrap();
        }

        assert!(matches!(
            host.refusal(&host.path("to-two")),
            RootError::Same(_)
        ));
        assert!(matches!(
            host.refusal(&host.path("to-two/x")),
            RootError::Inside(_)
        ));
        assert!(matches!(
            host.refusal(&host.path("to-data")),
            RootError::DataDirectory
        ));
        assert!(matches!(
            host.refusal(&host.path("to-etc")),
            RootError::System(_)
        ));
        assert!(matches!(
            host.refusal(&host.path("to-nothing")),
            RootError::Unusable(_)
        ));
        assert!(!Path::new(&host.path("nothing")).exists());
    }

    #[test]
    fn a_file_and_what_would_be_in_one_are_refused() {
        let host = Host::new();
        fs::write(host.path("file"), b"").unwrap();

        for name in ["file", "file/three"] {
            let refusal = host.refusal(&host.path(name));
            assert!(matches!(refusal, RootError::NotDirectory), "{refusal}");
        }
    }

    #[test]
    fn a_folder_that_bears_a_mark_is_not_taken() {
        let host = Host::new();
        fs::create_dir(host.path("three")).unwrap();
        let file = Path::new(&host.path("three")).join(VolumeMark::FILE);
        fs::write(&file, b"another").unwrap();

        let refusal = host.refusal(&host.path("three"));

        assert!(matches!(refusal, RootError::Marked));
        assert_eq!(fs::read(&file).unwrap(), b"another");
    }

    #[test]
    fn a_volume_is_found_where_it_was_moved_to() {
        let host = Host::new();
        let ground = host.ground();
        let typed = host.path("three");
        fs::create_dir(&typed).unwrap();

        let unmarked = ground.find_moved(&typed, &mark()).unwrap_err();
        let other = VolumeMark {
            token: "other".to_owned(),
            ..mark()
        };
        ground.prepare(&typed, &other).unwrap();
        let foreign = ground.find_moved(&typed, &mark()).unwrap_err();
        let missing = ground.find_moved(&host.path("four"), &mark()).unwrap_err();

        assert!(matches!(unmarked, RootError::NotMoved));
        assert!(matches!(foreign, RootError::NotMoved));
        assert!(matches!(missing, RootError::Unusable(_)));
        let found = ground.find_moved(&typed, &other).unwrap();
        assert_eq!(found, Path::new(&typed).canonicalize().unwrap());
    }
}
