//! A volume whose disk is missing: its accounts wait, everybody else goes on, and nothing is made
//! where the disk should be.

use quaymaster::model::{Usage, VolumeMark};
use quaymaster::store::Engine;

use super::{REFUSED, TwoVolumes, assert_refused, home_in, log_in, log_in_again, names_in};
use crate::support::engines::TestDatabase;
use crate::support::process::{Installation, booked};

/// What the database says that bob stores.
async fn recorded(two: &TwoVolumes) -> (Usage, bool) {
    let db = two.place.open_database().await;
    let bob = db.account_by_username(&"bob".parse().unwrap()).await;
    let bob = bob.unwrap().expect("bob");
    let usage = db.usage(bob.id).await.unwrap().expect("figures");
    db.close().await;
    usage
}

async fn waits_and_is_counted_when_it_is_back(place: Installation) {
    let mut two = TwoVolumes::of(place, &[]).await;
    let ftp = two.place.start().await;
    let mut bob = log_in(ftp, "bob").await;
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);
    // The figures are written, and bob still counts as somebody who writes.
    while recorded(&two).await != (Usage { bytes: 5, files: 1 }, true) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    two.place.kill();
    std::fs::write(two.home().join("late"), b"678").unwrap();
    two.unmount();

    let ftp = two.place.start().await;
    let mut alice = log_in(ftp, "alice").await;
    assert_eq!(alice.upload("STOR f", b"alice").await.code, 226);
    assert_refused(ftp, "bob").await;
    let listed = two.place.run(&["volume", "list"]).await;
    assert!(listed.contains("unmarked"), "{listed}");
    two.place.try_run(&["quota", "reconcile", "bob"]).await;
    assert_refused(ftp, "bob").await;
    assert_eq!(std::fs::read_dir(two.root()).unwrap().count(), 0);
    let kept = recorded(&two).await;

    two.mount();
    let mut bob = log_in_again(ftp, "bob").await;

    assert_eq!(kept, (Usage { bytes: 5, files: 1 }, true));
    assert_eq!(booked(&mut bob).await, Usage { bytes: 8, files: 2 });
    assert_eq!(bob.download("RETR f").await, b"12345");
    assert_eq!(bob.upload("STOR g", b"90").await.code, 226);
    assert_eq!(alice.upload("STOR g", b"alice").await.code, 226);
    two.place.stop().await;
    assert_eq!(
        recorded(&two).await,
        (
            Usage {
                bytes: 10,
                files: 3
            },
            false
        )
    );
}

#[tokio::test]
async fn an_account_of_a_missing_volume_waits_and_is_counted_when_it_is_back() {
    waits_and_is_counted_when_it_is_back(Installation::new(6)).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let place = Installation::new(6).with_database(database.url().clone());
    waits_and_is_counted_when_it_is_back(place).await;
}

#[tokio::test]
async fn a_volume_that_goes_away_ends_the_sessions_of_its_accounts_only() {
    let mut two = TwoVolumes::new().await;
    let ftp = two.place.start().await;
    let (mut alice, mut bob) = (log_in(ftp, "alice").await, log_in(ftp, "bob").await);
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);

    two.unmount();
    let farewell = bob.reply().await;
    bob.expect_end().await;

    assert_eq!((farewell.code, farewell.text()), (421, REFUSED));
    assert_refused(ftp, "bob").await;
    assert_eq!(alice.upload("STOR f", b"alice").await.code, 226);
    assert_eq!(names_in(&two.root()), [] as [String; 0]);
    two.mount();
    let mut bob = log_in_again(ftp, "bob").await;
    assert_eq!(bob.download("RETR f").await, b"12345");
    assert_eq!(booked(&mut bob).await, Usage { bytes: 5, files: 1 });
    two.place.stop().await;
}

#[tokio::test]
async fn a_folder_of_another_volume_is_not_used() {
    let mut two = TwoVolumes::new().await;
    two.unmount();
    let mark = two.root().join(VolumeMark::FILE);
    let other = std::fs::read_to_string(two.aside().join(VolumeMark::FILE)).unwrap();
    let other = other.replace("mark ", "mark x");
    std::fs::write(&mark, &other).unwrap();

    let ftp = two.place.start().await;

    assert_refused(ftp, "bob").await;
    let adopted = ["volume", "adopt", "Second", "--yes"];
    assert!(!two.place.try_run(&adopted).await.status.success());
    let checked = two.place.try_run(&["doctor"]).await;
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(
        !checked.status.success() && told.contains("another volume"),
        "{told}"
    );
    assert_eq!(names_in(&two.root()), [] as [String; 0]);
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), other);
    two.place.stop().await;
}

#[tokio::test]
async fn a_folder_whose_mark_was_lost_is_used_again_when_somebody_says_so() {
    let mut two = TwoVolumes::new().await;
    std::fs::remove_file(two.root().join(VolumeMark::FILE)).unwrap();
    let ftp = two.place.start().await;
    assert_refused(ftp, "bob").await;

    let asked = two.place.try_run(&["volume", "adopt", "Second"]).await;
    let told = String::from_utf8_lossy(&asked.stderr);
    assert!(!asked.status.success() && told.contains("--yes"), "{told}");
    assert_refused(ftp, "bob").await;
    two.place.run(&["volume", "adopt", "Second", "--yes"]).await;

    let mut bob = log_in_again(ftp, "bob").await;
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);
    two.place.stop().await;
}

#[tokio::test]
async fn a_volume_that_was_moved_is_found_where_somebody_says_that_it_is() {
    let mut two = TwoVolumes::new().await;
    let ftp = two.place.start().await;
    let mut bob = log_in(ftp, "bob").await;
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);
    drop(bob);
    let elsewhere = two.disks.path().join("elsewhere");
    std::fs::rename(two.root(), &elsewhere).unwrap();
    let root = elsewhere.display().to_string();
    let wrong = two.disks.path().display().to_string();

    let edit = ["volume", "edit", "Second", "--root", &wrong];
    let told = two.place.try_run(&edit).await.stderr;
    let edit = ["volume", "edit", "Second", "--root", &root];
    two.place.run(&edit).await;

    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("is missing or another one"), "{told}");
    let mut bob = log_in_again(ftp, "bob").await;
    assert_eq!(bob.download("RETR f").await, b"12345");
    assert!(home_in(&elsewhere, "bob").exists());
    two.place.stop().await;
}

/// The first volume too: where the data directory has come without its files, nobody finds an empty
/// home.
#[tokio::test]
async fn the_folder_of_the_data_directory_is_not_made_again_either() {
    let mut two = TwoVolumes::new().await;
    let files = two.place.home("alice");
    let files = files.ancestors().nth(2).expect("a folder").to_owned();
    let aside = files.with_file_name("aside");
    std::fs::rename(&files, &aside).unwrap();

    let ftp = two.place.start().await;

    assert_refused(ftp, "alice").await;
    let mut bob = log_in(ftp, "bob").await;
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);
    assert!(!files.exists());
    std::fs::rename(&aside, &files).unwrap();
    let mut alice = log_in_again(ftp, "alice").await;
    assert_eq!(alice.upload("STOR f", b"12345").await.code, 226);
    two.place.stop().await;
}
