//! The rules of file storage, checked on real directories.

mod accounting;
mod directories;
mod escapes;
mod listings;
mod permissions;
mod recount;
mod resuming;
mod rules;
mod trees;
mod uploads;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock, TestClock};
use crate::model::{
    Access, Durability, PathRule, PathRules, Permission, Permissions, Umask, VirtualPath,
};

use super::*;

/// A volume in a temporary directory with the home `c/alice`, and `outside` beside it.
struct Premises {
    dir: tempfile::TempDir,
    volume: Volume,
    local: LocalHome,
    clock: TestClock,
}

impl Premises {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("outside")).unwrap();
        fs::write(dir.path().join("outside/secret"), b"secret").unwrap();
        let clock = TestClock::at(SystemClock.now());
        let volume = Volume::open(dir.path()).unwrap();
        let options = HomeOptions {
            clock: Arc::new(clock.clone()),
        };
        let local = volume.home("c/alice", options).await.unwrap();
        Self {
            dir,
            volume,
            local,
            clock,
        }
    }

    /// The home with every permission.
    fn home(&self) -> Home {
        Home::new(self.local.clone(), Permissions::all())
    }

    fn home_with(&self, permissions: &[Permission]) -> Home {
        Home::new(self.local.clone(), Permissions::of(permissions))
    }

    /// The home with every permission but where a rule says otherwise.
    fn home_under(&self, rules: &[(&str, Rule)]) -> Home {
        let rule = |(folder, rule): &(&str, Rule)| PathRule {
            folder: at(folder),
            permissions: match rule {
                Rule::Only(permissions) => *permissions,
                Rule::Hidden => Permissions::all(),
            },
            hidden: matches!(rule, Rule::Hidden),
        };
        let rules = PathRules::new(rules.iter().map(rule).collect()).unwrap();
        Home::new(self.local.clone(), Access::new(Permissions::all(), rules))
    }

    /// Where `path` is on the host.
    fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join("c/alice").join(path)
    }

    fn write(&self, path: &str, content: &[u8]) {
        fs::write(self.host(path), content).unwrap();
    }

    fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.host(path)).unwrap()
    }

    fn make_dir(&self, path: &str) {
        fs::create_dir_all(self.host(path)).unwrap();
    }

    fn link(&self, target: &str, path: &str) {
        std::os::unix::fs::symlink(target, self.host(path)).unwrap();
    }

    fn exists(&self, path: &str) -> bool {
        self.host(path).symlink_metadata().is_ok()
    }

    /// Removes the whole tree at `relative`, in small steps.
    async fn remove_all(&self, relative: &str) -> Result<(), StorageError> {
        let mut removal = self.volume.removal(relative)?;
        loop {
            match removal.step(100).await?.left {
                Left::More => {}
                Left::Nothing => return Ok(()),
                left => panic!("{left:?}: {:?}", removal.stays()),
            }
        }
    }

    /// Names in a directory of the home, also the hidden ones, sorted.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.host(path)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    /// The mode bits of what stands at `path`.
    fn mode(&self, path: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(self.host(path)).unwrap().permissions().mode() & 0o7777
    }
}

/// What a rule says.
#[derive(Clone, Copy)]
enum Rule {
    Only(Permissions),
    Hidden,
}

fn at(path: &str) -> VirtualPath {
    VirtualPath::root().resolve(path).unwrap()
}

/// Begins an upload and writes `bytes`.
async fn begin(
    home: &Home,
    path: &str,
    mode: UploadMode,
    bytes: &[u8],
) -> Result<Upload, StorageError> {
    let target = home.target(&at(path), mode).await?;
    let upload = home.begin_upload(target).await?;
    if !bytes.is_empty() {
        upload.writer().append(bytes)?;
    }
    Ok(upload)
}

/// Uploads a whole file.
async fn store(home: &Home, path: &str, bytes: &[u8]) -> Result<Committed, StorageError> {
    let upload = begin(home, path, UploadMode::Replace, bytes).await?;
    upload.commit(Durability::Received).await
}

/// Begins to upload a whole file and breaks off.
async fn break_off(home: &Home, path: &str, bytes: &[u8], policy: OnAbort) -> Abandoned {
    let upload = begin(home, path, UploadMode::Replace, bytes).await.unwrap();
    upload.abandon(policy).await.unwrap()
}

/// Uploads `bytes` from `offset` on.
async fn resume(
    home: &Home,
    path: &str,
    offset: u64,
    bytes: &[u8],
) -> Result<Committed, StorageError> {
    let upload = begin(home, path, UploadMode::Resume { offset }, bytes).await?;
    upload.commit(Durability::Received).await
}

async fn append(home: &Home, path: &str, bytes: &[u8]) -> Result<Committed, StorageError> {
    let upload = begin(home, path, UploadMode::Append, bytes).await?;
    upload.commit(Durability::Received).await
}
