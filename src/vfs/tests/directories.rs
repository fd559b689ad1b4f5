//! Directories, removals, renames, times and modes.

use super::*;
use crate::clock::Timestamp;

#[tokio::test]
async fn a_directory_is_created_once_and_beneath_an_existing_one() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");

    home.create_dir(&at("d")).await.unwrap();

    assert_eq!(premises.mode("d"), 0o755);
    for taken in ["d", "f", "/"] {
        let refused = home.create_dir(&at(taken)).await;
        assert!(matches!(refused, Err(StorageError::Exists)), "{taken}");
    }
    let missing = home.create_dir(&at("a/b")).await;
    assert!(matches!(missing, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn only_directories_can_be_entered() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");
    premises.make_dir("d");
    premises.link("d", "l");

    for path in ["/", "d", "l"] {
        home.enter(&at(path)).await.unwrap();
    }
    let file = home.enter(&at("f")).await;
    assert!(matches!(file, Err(StorageError::NotDirectory)));
    let missing = home.enter(&at("no")).await;
    assert!(matches!(missing, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn an_empty_directory_is_removed_and_a_full_one_is_not() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/b");
    premises.write("f", b"");

    let full = home.remove_dir(&at("d")).await;
    assert!(matches!(full, Err(StorageError::NotEmpty)));
    let root = home.remove_dir(&at("/")).await;
    assert!(matches!(root, Err(StorageError::Root)));
    let file = home.remove_dir(&at("f")).await;
    assert!(matches!(file, Err(StorageError::NotDirectory)));
    home.remove_dir(&at("d/b")).await.unwrap();
    home.remove_dir(&at("d")).await.unwrap();
    assert_eq!(premises.names("."), ["f"]);
}

#[tokio::test]
async fn leftovers_go_with_their_directory_but_a_live_upload_holds_it() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d");
    premises.write("d/.fx~leftover", b"x");
    let upload = begin(&home, "d/f", UploadMode::Replace, b"x")
        .await
        .unwrap();

    let busy = home.remove_dir(&at("d")).await;
    assert!(matches!(busy, Err(StorageError::Busy)));
    drop(upload);
    premises.write("d/.fx~leftover", b"x");
    home.remove_dir(&at("d")).await.unwrap();

    assert!(!premises.exists("d"));
}

#[tokio::test]
async fn leftovers_stay_in_a_directory_that_holds_something() {
    let premises = Premises::new().await;
    premises.make_dir("d");
    premises.write("d/.fx~leftover", b"x");
    premises.write("d/f", b"x");

    let full = premises.home().remove_dir(&at("d")).await;

    assert!(matches!(full, Err(StorageError::NotEmpty)));
    assert_eq!(premises.names("d").len(), 2);
}

#[tokio::test]
async fn removing_a_file_tells_what_was_freed() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    premises.make_dir("d");
    let key = home.stat(&at("f")).await.unwrap().key;

    let removed = home.remove_file(&at("f")).await.unwrap();

    assert_eq!(removed, Removed { key, bytes: 5 });
    let again = home.remove_file(&at("f")).await;
    assert!(matches!(again, Err(StorageError::NotFound)));
    for dir in ["d", "/"] {
        let refused = home.remove_file(&at(dir)).await;
        assert!(matches!(refused, Err(StorageError::IsDirectory)), "{dir}");
    }
}

#[tokio::test]
async fn a_rename_moves_and_tells_what_it_replaced() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    premises.write("g", b"old");
    premises.make_dir("d");

    let moved = home.rename(&at("f"), &at("d/f")).await.unwrap();
    let replaced = home.rename(&at("d/f"), &at("g")).await.unwrap();

    assert_eq!(moved.replaced, None);
    assert_eq!(replaced.replaced.map(|removed| removed.bytes), Some(3));
    assert_eq!(premises.read("g"), b"hello");
}

#[tokio::test]
async fn a_rename_never_replaces_a_directory_nor_moves_into_itself() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/b");
    premises.make_dir("empty");
    premises.write("f", b"x");
    premises.link("d", "l");

    for (from, to) in [("f", "empty"), ("d", "empty"), ("f", "d")] {
        let refused = home.rename(&at(from), &at(to)).await;
        let is_refused = matches!(refused, Err(StorageError::IsDirectory));
        assert!(is_refused, "{from} {to}");
    }
    let onto_file = home.rename(&at("d"), &at("f")).await;
    assert!(matches!(onto_file, Err(StorageError::Exists)));
    for to in ["d/b/c", "d/c", "l/c"] {
        let refused = home.rename(&at("d"), &at(to)).await;
        assert!(matches!(refused, Err(StorageError::IntoItself)), "{to}");
    }
    let missing = home.rename(&at("f"), &at("no/f")).await;
    assert!(matches!(missing, Err(StorageError::NotFound)));
    let root = home.rename(&at("/"), &at("x")).await;
    assert!(matches!(root, Err(StorageError::Root)));
}

#[tokio::test]
async fn renaming_a_name_to_itself_or_to_its_hard_link_changes_nothing() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    fs::hard_link(premises.host("f"), premises.host("g")).unwrap();

    for to in ["f", "g"] {
        let renamed = home.rename(&at("f"), &at(to)).await.unwrap();
        assert_eq!(renamed.replaced, None);
    }

    assert_eq!(home.local().count().await.unwrap().files, 2);
}

#[tokio::test]
async fn only_what_exists_can_be_renamed() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");
    premises.link("nowhere", "l");

    home.rename_source(&at("f")).await.unwrap();
    home.rename_source(&at("l")).await.unwrap();
    let missing = home.rename_source(&at("no")).await;
    assert!(matches!(missing, Err(StorageError::NotFound)));
    let root = home.rename_source(&at("/")).await;
    assert!(matches!(root, Err(StorageError::Root)));
}

#[tokio::test]
async fn a_time_that_was_set_is_told_again() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");
    premises.make_dir("d");

    for path in ["f", "d"] {
        for millis in [1_234_567_890_123, -1_500] {
            let at_that_time = Timestamp::from_millis(millis);
            home.set_modified(&at(path), at_that_time).await.unwrap();
            let entry = home.stat(&at(path)).await.unwrap();
            assert_eq!(entry.modified, at_that_time);
        }
    }
}

#[tokio::test]
async fn a_mode_is_only_read_write_and_execute_and_never_locks_the_service_out() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");
    premises.make_dir("d");

    for (path, asked, given) in [
        ("f", 0o6777, 0o755),
        ("f", 0o444, 0o444),
        ("f", 0o000, 0o400),
        ("d", 0o1050, 0o750),
    ] {
        home.set_mode(&at(path), asked).await.unwrap();
        assert_eq!(premises.mode(path), given, "{path} {asked:o}");
    }
}

#[tokio::test]
async fn a_umask_takes_bits_from_whatever_a_session_makes() {
    let premises = Premises::new().await;
    let home = premises.home().with_umask("077".parse().unwrap());
    let target = home.target(&at("f"), UploadMode::Replace).await.unwrap();
    let upload = home.begin_upload(target).await.unwrap();
    upload.writer().append(b"abc").unwrap();

    upload.commit(Durability::Received).await.unwrap();
    home.create_dir(&at("d")).await.unwrap();

    assert_eq!((premises.mode("f"), premises.mode("d")), (0o600, 0o700));
    home.set_mode(&at("f"), 0o777).await.unwrap();
    assert_eq!(premises.mode("f"), 0o700);
}

#[tokio::test]
async fn the_space_of_the_disk_is_told_in_bytes() {
    let premises = Premises::new().await;

    let space = premises.home().space().await.unwrap();

    assert!(space.total_bytes > 1 << 20);
    assert!(space.available_bytes <= space.total_bytes);
    assert_eq!(
        premises.volume.space().unwrap().total_bytes,
        space.total_bytes
    );
}
