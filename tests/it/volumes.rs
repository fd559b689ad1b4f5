//! Homes on several volumes, by the built binary: which files lie where, and what becomes of accounts
//! whose disk is missing, another one, full or silent.

mod missing;
mod placing;
mod troubled;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quaymaster::model::VolumeMark;
use tempfile::TempDir;

use crate::support::disk::{entries, name};
use crate::support::ftp_client::{FtpClient, Reply};
use crate::support::process::Installation;
use crate::support::server::PASSWORD;

/// An installation with `alice` on the first volume and `bob` on a second one.
struct TwoVolumes {
    place: Installation,
    disks: TempDir,
}

impl TwoVolumes {
    async fn new() -> Self {
        Self::of(Installation::new(6), &[]).await
    }

    /// The same with further options of `volume add`.
    async fn of(place: Installation, options: &[&str]) -> Self {
        let two = Self {
            place,
            disks: TempDir::new().expect("a folder"),
        };
        let root = two.root().display().to_string();
        let add = ["volume", "add", "Second", &root];
        two.place.run(&[&add[..], options].concat()).await;
        two.place.account("alice", &[]).await;
        two.place.account("bob", &["--volume", "second"]).await;
        two.place.set(&[("tls_policy", "optional")]).await;
        two
    }

    /// The folder of the second volume.
    fn root(&self) -> PathBuf {
        self.disks.path().join("second")
    }

    /// The home of bob.
    fn home(&self) -> PathBuf {
        home_in(&self.root(), "bob")
    }

    /// Puts an empty folder where the second volume was, as a disk leaves behind that is not mounted.
    fn unmount(&self) {
        std::fs::rename(self.root(), self.aside()).expect("a folder");
        std::fs::create_dir(self.root()).expect("a folder");
    }

    /// Puts the second volume where it was.
    fn mount(&self) {
        std::fs::remove_dir(self.root()).expect("an empty folder");
        std::fs::rename(self.aside(), self.root()).expect("a folder");
    }

    fn aside(&self) -> PathBuf {
        self.disks.path().join("aside")
    }
}

/// The home of an account on the volume `root`.
fn home_in(root: &Path, account: &str) -> PathBuf {
    let prefix = format!("{account}-");
    let customers = entries(root);
    let folders = customers.iter().filter(|path| path.is_dir());
    let mut homes = folders.flat_map(|folder| entries(folder));
    homes
        .find(|path| name(path).starts_with(&prefix))
        .unwrap_or_else(|| panic!("{account} has no home in {}", root.display()))
}

/// What is in the folder of a volume besides its mark.
fn names_in(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = entries(root).iter().map(|path| name(path)).collect();
    names.retain(|name| name != VolumeMark::FILE);
    names.sort();
    names
}

async fn log_in(ftp: SocketAddr, account: &str) -> FtpClient {
    let mut client = FtpClient::connect(ftp).await;
    client.log_in(account, PASSWORD).await;
    client
}

/// What the account hears when it logs in.
async fn answer(ftp: SocketAddr, account: &str) -> Reply {
    let mut client = FtpClient::connect(ftp).await;
    client.expect(&format!("USER {account}"), 331).await;
    client.say(&format!("PASS {PASSWORD}")).await
}

/// Logs in as soon as that is possible.
async fn log_in_again(ftp: SocketAddr, account: &str) -> FtpClient {
    for _ in 0..300 {
        if answer(ftp, account).await.code == 230 {
            return log_in(ftp, account).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{account} is still locked out after half a minute");
}

const REFUSED: &str = "The storage of this account is not available, try again later.";

async fn assert_refused(ftp: SocketAddr, account: &str) {
    let refused = answer(ftp, account).await;
    assert_eq!((refused.code, refused.text()), (421, REFUSED));
}
