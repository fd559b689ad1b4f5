//! A volume whose disk is full, taken away or silent. The disks are file systems of the tests' own;
//! where nobody may mount one, this is not tested.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::{TwoVolumes, assert_refused, log_in, log_in_again};
use crate::support::fuse::HangingDisk;
use crate::support::process::Installation;

const MIB: usize = 1 << 20;

/// A file system in memory over a folder; dropping it unmounts.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, and a word about it, where nothing can be mounted.
    fn over(folder: &Path, options: &CStr) -> Option<Self> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        match mount("quaymaster-test", folder, "tmpfs", flags, Some(options)) {
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

/// Its own reserve of 2 MiB is more than a twentieth of the disk, and holds all the same.
#[tokio::test]
async fn a_full_volume_refuses_its_own_accounts_only_and_a_disk_that_is_taken_away_is_missed() {
    let disks = tempfile::tempdir().unwrap();
    let root = disks.path().join("second");
    std::fs::create_dir(&root).unwrap();
    let Some(mounted) = Mounted::over(&root, c"size=8m") else {
        return;
    };
    let mut place = Installation::new(6);
    let typed = root.display().to_string();
    let add = ["volume", "add", "Second", &typed, "--reserve", "2MiB"];
    place.run(&add).await;
    place.account("alice", &[]).await;
    place.account("bob", &["--volume", "second"]).await;
    place.set(&[("tls_policy", "optional")]).await;
    let ftp = place.start().await;
    let (mut alice, mut bob) = (log_in(ftp, "alice").await, log_in(ftp, "bob").await);

    let fits = bob.upload("STOR fits", &vec![7; 5 * MIB]).await;
    let full = bob.upload("STOR full", &vec![7; 2 * MIB]).await;
    let elsewhere = alice.upload("STOR full", &vec![7; 2 * MIB]).await;
    place
        .run(&["volume", "edit", "second", "--reserve", "0"])
        .await;
    let mut freed = bob.upload("STOR full", &vec![7; 2 * MIB]).await;
    for _ in 0..100 {
        if freed.code == 226 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        freed = bob.upload("STOR full", &vec![7; 2 * MIB]).await;
    }

    assert_eq!((fits.code, full.code), (226, 452));
    assert_eq!((elsewhere.code, freed.code), (226, 226));
    drop(mounted);
    assert_eq!(bob.reply().await.code, 421);
    assert_refused(ftp, "bob").await;
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    // Another disk in its place is not its disk.
    let Some(_other) = Mounted::over(&root, c"size=8m") else {
        return;
    };
    assert_refused(ftp, "bob").await;
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    assert_eq!(alice.upload("STOR more", b"more").await.code, 226);
    place.stop().await;
}

#[tokio::test]
async fn a_silent_volume_keeps_the_server_from_nothing() {
    let mut two = TwoVolumes::new().await;
    let disk = match HangingDisk::over(&two.root()) {
        Ok(disk) => disk,
        Err(error) => {
            println!("not tested, because nothing can be mounted here: {error}");
            return;
        }
    };
    disk.hang();

    let begun = Instant::now();
    let ftp = two.place.start().await;
    let took = begun.elapsed();
    let mut alice = log_in(ftp, "alice").await;
    assert_refused(ftp, "bob").await;
    let stored = alice.upload("STOR f", b"alice").await;
    // The disk that was missing is there again.
    drop(disk);
    let mut bob = log_in_again(ftp, "bob").await;

    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(stored.code, 226);
    assert_eq!(bob.upload("STOR f", b"bob").await.code, 226);
    two.place.stop().await;
}
