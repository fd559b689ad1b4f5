//! A folder of a home that is a file system of its own; where nothing can be mounted, this is not
//! tested.

use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::support::server::TestServer;

/// A file system in memory over a folder; dropping it unmounts.
struct Mounted(PathBuf);

impl Mounted {
    fn over(folder: &Path) -> rustix::io::Result<Self> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("quaymaster-test", folder, "tmpfs", flags, None)?;
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _gone = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// DIR-23: all of a home is one pool of quota, and what stands in for a second one is a second file
/// system. Nothing is copied behind a client's back.
#[tokio::test]
async fn a_rename_between_file_systems_leaves_both_sides_as_they_are() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "here/f", b"here");
    server.put(&alice, "there/.keep", b"");
    let folder = server.home(&alice).join("there");
    let _mounted = match Mounted::over(&folder) {
        Ok(mounted) => mounted,
        Err(error) => {
            println!("not tested, because nothing can be mounted here: {error}");
            return;
        }
    };
    server.put(&alice, "there/g", b"there");
    let before = server.disk(&alice);
    let mut ftp = server.login("alice").await;

    for (from, to) in [
        ("/here/f", "/there/f"),
        ("/here/f", "/there/g"),
        ("/there/g", "/here/g"),
        ("/here", "/there/here"),
    ] {
        ftp.expect(&format!("RNFR {from}"), 350).await;
        let refused = ftp.expect(&format!("RNTO {to}"), 550).await;
        assert_eq!(refused.text(), "Cannot move to another file system.");
    }

    assert_eq!(server.disk(&alice), before);
    assert_eq!(server.read(&alice, "here/f"), Some(b"here".to_vec()));
    assert_eq!(server.read(&alice, "there/g"), Some(b"there".to_vec()));
    ftp.expect("RNFR /there/g", 350).await;
    ftp.expect("RNTO /there/h", 250).await;
}
