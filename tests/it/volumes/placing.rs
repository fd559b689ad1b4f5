//! Which files lie on which volume, as long as all of them are there.

use quaymaster::model::{JobState, VolumeMark};

use super::{TwoVolumes, home_in, log_in, log_in_again, names_in};
use crate::support::process::Installation;

#[tokio::test]
async fn files_of_an_account_lie_on_its_volume() {
    let mut two = TwoVolumes::new().await;
    let ftp = two.place.start().await;

    for name in ["alice", "bob"] {
        let mut client = log_in(ftp, name).await;
        let stored = client.upload("STOR f", name.as_bytes()).await;
        assert_eq!(stored.code, 226, "{stored:?}");
        client.expect("RNFR f", 350).await;
        client.expect("RNTO g", 250).await;
        assert_eq!(client.download("RETR g").await, name.as_bytes());
    }

    let of_alice = two.place.home("alice").join("g");
    assert_eq!(std::fs::read(of_alice).unwrap(), b"alice");
    assert_eq!(std::fs::read(two.home().join("g")).unwrap(), b"bob");
    assert_eq!(two.place.disk().files, 1);
    let listed = two.place.run(&["volume", "list"]).await;
    let second = listed.lines().find(|line| line.starts_with("Second"));
    let second: Vec<&str> = second.expect("a line").split_whitespace().collect();
    assert_eq!(second[1..3], ["ready", "1"], "{listed}");
    let checked = two.place.try_run(&["doctor"]).await;
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(told.contains("(volume Second)"), "{told}");
    two.place.stop().await;
}

#[tokio::test]
async fn a_volume_that_is_added_to_a_running_server_takes_new_accounts() {
    let disks = tempfile::tempdir().unwrap();
    let root = disks.path().join("deep/second");
    let mut place = Installation::new(6);
    place.account("alice", &[]).await;
    place.set(&[("tls_policy", "optional")]).await;
    let ftp = place.start().await;

    let typed = root.display().to_string();
    let added = place
        .run(&["volume", "add", "Second", &typed, "--default"])
        .await;
    assert!(added.contains("New accounts go there."));
    place.account("carol", &[]).await;
    let mut carol = log_in_again(ftp, "carol").await;
    assert_eq!(carol.upload("STOR f", b"carol").await.code, 226);
    let closed = ["volume", "edit", "Second", "--new-accounts", "no"];
    let refused = place.try_run(&closed).await;
    place.run(&["volume", "edit", "Files", "--default"]).await;
    place.run(&closed).await;
    let create = ["account", "create", "dan", "--customer", "Harbour"];
    let full = [&create[..], &["--volume", "second"]].concat();
    let full = place.try_run(&full).await;

    let stored = std::fs::read(home_in(&root, "carol").join("f")).unwrap();
    assert_eq!(stored, b"carol");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        told.contains("make another one the default first"),
        "{told}"
    );
    let told = String::from_utf8_lossy(&full.stderr);
    assert!(told.contains("Second takes no new accounts"), "{told}");
    assert_eq!(carol.upload("STOR g", b"carol").await.code, 226);
    place.stop().await;
}

#[tokio::test]
async fn what_a_deleted_account_leaves_stays_on_its_volume_until_it_is_purged() {
    let mut two = TwoVolumes::new().await;
    let ftp = two.place.start().await;
    let mut bob = log_in(ftp, "bob").await;
    assert_eq!(bob.upload("STOR f", b"12345").await.code, 226);
    drop(bob);
    let remove = ["volume", "remove", "second"];
    let used = two.place.try_run(&remove).await;

    two.place.run(&["account", "delete", "bob", "--yes"]).await;
    eventually_over(&two.place).await;
    let trash = two.root().join(".trash");
    let folders: Vec<_> = crate::support::disk::entries(&trash);
    assert_eq!(std::fs::read(folders[0].join("f")).unwrap(), b"12345");
    let trashed = two.place.try_run(&remove).await;

    // Its time is over.
    let db = two.place.open_database().await;
    let entry = db.trash(None, 9).await.unwrap().remove(0);
    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_trash(entry.account_id).await.unwrap());
    tx.commit().await.unwrap();
    db.close().await;
    let removed = two.place.run(&remove).await;

    for (refused, why) in [
        (
            used,
            "1 accounts and the files of 0 deleted ones are on the volume",
        ),
        (
            trashed,
            "0 accounts and the files of 1 deleted ones are on the volume",
        ),
    ] {
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && told.contains(why), "{told}");
    }
    assert!(removed.contains("stays"), "{removed}");
    assert!(!two.root().join(VolumeMark::FILE).exists());
    assert!(names_in(&two.root()).contains(&".trash".to_owned()));
    two.place.stop().await;
}

/// Waits until no job is left.
async fn eventually_over(place: &Installation) {
    let db = place.open_database().await;
    for _ in 0..300 {
        let mut left = db.oldest_jobs(JobState::Queued, 9).await.unwrap();
        left.extend(db.oldest_jobs(JobState::Running, 9).await.unwrap());
        if left.is_empty() {
            db.close().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("jobs that take more than half a minute");
}

#[tokio::test]
async fn a_folder_that_cannot_hold_a_volume_is_refused_with_a_sentence() {
    let two = TwoVolumes::new().await;
    let inside = two.root().join("inside").display().to_string();
    let second = two.root().display().to_string();

    for (root, why) in [
        ("disks/third", "Folder must be an absolute path"),
        ("/etc", "/etc belongs to the system"),
        (&inside, "This folder lies in that of Second"),
        (&second, "Second has this folder already"),
    ] {
        let refused = two.place.try_run(&["volume", "add", "Third", root]).await;
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && told.contains(why), "{told}");
    }
    let third = two.disks.path().join("third").display().to_string();
    let add = ["volume", "add", " SECOND", &third];
    let told = two.place.try_run(&add).await.stderr;
    assert!(String::from_utf8_lossy(&told).contains("is taken"));
    assert!(!two.disks.path().join("third").exists());
    let first = two.place.try_run(&["volume", "remove", "files"]).await;
    let told = String::from_utf8_lossy(&first.stderr);
    assert!(told.contains("belongs to the data directory"), "{told}");
}
