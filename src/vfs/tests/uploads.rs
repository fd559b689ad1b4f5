//! Whole files: staged, committed, broken off.

use super::*;

#[tokio::test]
async fn a_file_stands_under_its_name_only_when_it_is_complete() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let upload = begin(&home, "f", UploadMode::Replace, b"new")
        .await
        .unwrap();

    assert_eq!(premises.read("f"), b"hello");
    assert_eq!(premises.names(".").len(), 2);
    upload.commit(Durability::OnDisk).await.unwrap();
    assert_eq!(premises.read("f"), b"new");
    assert_eq!(premises.names("."), ["f"]);
}

#[tokio::test]
async fn a_commit_tells_what_it_replaced() {
    let premises = Premises::new().await;
    let home = premises.home();

    let first = store(&home, "f", b"12345").await.unwrap();
    let second = store(&home, "f", b"123").await.unwrap();

    assert_eq!(first.replaced, None);
    assert_eq!(first.size, 5);
    let replaced = Removed {
        key: first.key,
        bytes: 5,
    };
    assert_eq!(second.replaced, Some(replaced));
    assert_eq!(home.stat(&at("f")).await.unwrap().key, second.key);
}

/// STO-34.
#[tokio::test]
async fn a_commit_reaches_the_durability_that_was_asked_for() {
    let premises = Premises::new().await;
    let home = premises.home();

    for durability in [Durability::OnDisk, Durability::Received] {
        let upload = begin(&home, "f", UploadMode::Replace, b"x").await.unwrap();
        let committed = upload.commit(durability).await.unwrap();
        assert_eq!(committed.durability, durability);
    }
}

#[tokio::test]
async fn an_empty_upload_makes_an_empty_file() {
    let premises = Premises::new().await;

    let committed = store(&premises.home(), "f", b"").await.unwrap();

    assert_eq!(committed.size, 0);
    assert_eq!(premises.read("f"), b"");
}

#[tokio::test]
async fn a_staged_file_is_private_and_a_stored_one_is_readable() {
    let premises = Premises::new().await;
    let home = premises.home();

    let upload = begin(&home, "f", UploadMode::Replace, b"x").await.unwrap();

    assert_eq!(premises.mode(&premises.names(".")[0]), 0o600);
    upload.commit(Durability::Received).await.unwrap();
    assert_eq!(premises.mode("f"), 0o644);
}

#[tokio::test]
async fn a_reader_keeps_the_version_it_opened() {
    use std::os::unix::fs::FileExt;
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let download = home.open_read(&at("f")).await.unwrap();
    store(&home, "f", b"other").await.unwrap();

    let mut content = [0; 5];
    download.file.read_exact_at(&mut content, 0).unwrap();
    assert_eq!((&content, download.size), (b"hello", 5));
}

#[tokio::test]
async fn a_new_file_that_broke_off_keeps_what_arrived() {
    let premises = Premises::new().await;

    let abandoned = break_off(&premises.home(), "new", b"abc", OnAbort::Auto).await;

    let Abandoned::Promoted(promoted) = &abandoned else {
        panic!("{abandoned:?}");
    };
    assert_eq!((promoted.size, promoted.replaced), (3, None));
    assert_eq!(premises.read("new"), b"abc");
    assert_eq!(premises.mode("new"), 0o644);
    assert_eq!(premises.names("."), ["new"]);
}

#[tokio::test]
async fn a_replacement_that_broke_off_leaves_the_old_file() {
    let premises = Premises::new().await;
    premises.write("f", b"hello");

    for policy in [OnAbort::Auto, OnAbort::Discard] {
        let abandoned = break_off(&premises.home(), "f", b"abc", policy).await;
        assert_eq!(abandoned, Abandoned::RolledBack);
        assert_eq!(premises.read("f"), b"hello");
        assert_eq!(premises.names("."), ["f"]);
    }
}

/// STO-08.
#[tokio::test]
async fn keep_lets_the_part_replace_the_old_file() {
    let premises = Premises::new().await;
    premises.write("f", b"hello");

    let abandoned = break_off(&premises.home(), "f", b"abc", OnAbort::Keep).await;

    let replaced = abandoned.change().unwrap().replaced;
    assert_eq!(replaced.map(|replaced| replaced.bytes), Some(5));
    assert_eq!(premises.read("f"), b"abc");
}

/// STO-09.
#[tokio::test]
async fn discard_leaves_nothing_of_a_new_file() {
    let premises = Premises::new().await;

    let abandoned = break_off(&premises.home(), "new", b"abc", OnAbort::Discard).await;

    assert_eq!(abandoned, Abandoned::Nothing);
    assert!(premises.names(".").is_empty());
}

#[tokio::test]
async fn without_a_byte_nothing_is_created_and_nothing_guarded() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    for policy in [OnAbort::Auto, OnAbort::Keep, OnAbort::Discard] {
        for path in ["f", "new"] {
            assert_eq!(
                break_off(&home, path, b"", policy).await,
                Abandoned::Nothing
            );
        }
    }

    assert_eq!(premises.names("."), ["f"]);
    append(&home, "f", b"!").await.unwrap();
}

#[tokio::test]
async fn a_part_is_overwritten_by_the_next_attempt_even_if_that_breaks_off() {
    let premises = Premises::new().await;
    let home = premises.home();
    break_off(&home, "new", b"abc", OnAbort::Auto).await;

    let abandoned = break_off(&home, "new", b"abcde", OnAbort::Auto).await;

    let change = abandoned.change().unwrap();
    assert_eq!(change.replaced.map(|replaced| replaced.bytes), Some(3));
    assert_eq!(premises.read("new"), b"abcde");
    assert!(append(&home, "new", b"f").await.is_ok());
}

#[tokio::test]
async fn a_completed_part_is_a_file_like_any_other() {
    let premises = Premises::new().await;
    let home = premises.home();
    break_off(&home, "new", b"abc", OnAbort::Auto).await;
    resume(&home, "new", 3, b"def").await.unwrap();

    let abandoned = break_off(&home, "new", b"x", OnAbort::Auto).await;

    assert_eq!(abandoned, Abandoned::RolledBack);
    assert_eq!(premises.read("new"), b"abcdef");
}

#[tokio::test]
async fn dropping_an_upload_removes_its_staged_file_at_once() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let upload = begin(&home, "f", UploadMode::Replace, b"new")
        .await
        .unwrap();
    drop(upload);

    assert_eq!(premises.names("."), ["f"]);
    assert_eq!(premises.read("f"), b"hello");
    let guarded = append(&home, "f", b"!").await;
    assert!(matches!(guarded, Err(StorageError::ResumeGuard)));
}

#[tokio::test]
async fn a_writer_that_outlives_its_upload_writes_no_more() {
    let premises = Premises::new().await;
    let home = premises.home();
    let upload = begin(&home, "f", UploadMode::Replace, b"new")
        .await
        .unwrap();
    let writer = upload.writer();

    upload.commit(Durability::Received).await.unwrap();

    let late = writer.append(b"late");
    assert!(matches!(late, Err(StorageError::UploadEnded)));
    assert_eq!(premises.read("f"), b"new");
}

#[tokio::test]
async fn a_cancelled_hop_may_finish_before_the_staged_file_goes() {
    let premises = Premises::new().await;
    let home = premises.home();
    let upload = begin(&home, "f", UploadMode::Replace, b"new")
        .await
        .unwrap();
    let writer = upload.writer();

    drop(upload);

    assert_eq!(premises.names(".").len(), 1);
    assert!(writer.append(b"late").is_err());
    drop(writer);
    assert!(premises.names(".").is_empty());
}

#[tokio::test]
async fn two_uploads_to_one_path_end_as_one_of_them_entirely() {
    let premises = Premises::new().await;
    let home = premises.home();

    let first = begin(&home, "f", UploadMode::Replace, b"first")
        .await
        .unwrap();
    let second = begin(&home, "f", UploadMode::Replace, b"2nd")
        .await
        .unwrap();
    let second = second.commit(Durability::Received).await.unwrap();
    let first = first.commit(Durability::Received).await.unwrap();

    assert_eq!(premises.read("f"), b"first");
    assert_eq!(second.replaced, None);
    assert_eq!(
        first.replaced.map(|replaced| replaced.key),
        Some(second.key)
    );
}

#[tokio::test]
async fn a_target_that_became_a_directory_is_not_replaced() {
    let premises = Premises::new().await;
    let home = premises.home();
    let upload = begin(&home, "f", UploadMode::Replace, b"x").await.unwrap();
    premises.make_dir("f");

    let refused = upload.commit(Durability::Received).await;

    assert!(matches!(refused, Err(StorageError::IsDirectory)));
    assert_eq!(premises.names("."), ["f"]);
}

#[tokio::test]
async fn a_directory_a_missing_parent_and_the_root_are_no_targets() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d");
    premises.write("f", b"");

    for mode in [UploadMode::Replace, UploadMode::Append] {
        let is_dir = store_error(&home, "d", &mode).await;
        assert!(matches!(is_dir, StorageError::IsDirectory));
        let is_dir = store_error(&home, "/", &mode).await;
        assert!(matches!(is_dir, StorageError::IsDirectory));
        let missing = store_error(&home, "no/x", &mode).await;
        assert!(matches!(missing, StorageError::NotFound));
        let no_dir = store_error(&home, "f/x", &mode).await;
        assert!(matches!(no_dir, StorageError::NotDirectory));
    }
}

async fn store_error(home: &Home, path: &str, mode: &UploadMode) -> StorageError {
    home.target(&at(path), mode.clone()).await.unwrap_err()
}

#[tokio::test]
async fn a_parent_that_was_removed_meanwhile_fails_the_commit() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d");
    let upload = begin(&home, "d/f", UploadMode::Replace, b"x")
        .await
        .unwrap();
    fs::remove_dir_all(premises.host("d")).unwrap();

    let refused = upload.commit(Durability::Received).await;

    assert!(matches!(refused, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn an_upload_follows_a_directory_that_is_renamed_meanwhile() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d");
    let upload = begin(&home, "d/f", UploadMode::Replace, b"x")
        .await
        .unwrap();

    home.rename(&at("d"), &at("e")).await.unwrap();
    upload.commit(Durability::Received).await.unwrap();

    assert_eq!(premises.names("e"), ["f"]);
}

#[tokio::test]
async fn reserved_names_can_be_neither_created_nor_seen() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write(".fx~left", b"x");
    premises.write("f", b"x");

    let stored = store(&home, ".fx~a", b"x").await;
    assert!(matches!(stored, Err(StorageError::NameNotAllowed)));
    let made = home.create_dir(&at(".fx~d")).await;
    assert!(matches!(made, Err(StorageError::NameNotAllowed)));
    let renamed = home.rename(&at("f"), &at(".fx~f")).await;
    assert!(matches!(renamed, Err(StorageError::NameNotAllowed)));
    let read = home.open_read(&at(".fx~left")).await;
    assert!(matches!(read, Err(StorageError::NotFound)));
    let removed = home.remove_file(&at(".fx~left")).await;
    assert!(matches!(removed, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn a_hundred_unique_uploads_at_once_get_a_hundred_names() {
    let premises = Premises::new().await;
    let mut uploads = tokio::task::JoinSet::new();
    for number in 0..100 {
        let home = premises.home();
        let hint = (number % 2 == 0).then(|| "report".to_owned());
        let mode = UploadMode::Unique { hint };
        uploads.spawn(async move {
            let upload = begin(&home, "/", mode, b"x").await.unwrap();
            upload.commit(Durability::Received).await.unwrap()
        });
    }

    let committed = uploads.join_all().await;

    assert!(committed.iter().all(|one| one.replaced.is_none()));
    assert_eq!(premises.names(".").len(), 100);
    assert!(premises.exists("report"));
}

#[tokio::test]
async fn a_promised_name_is_taken_until_its_target_is_dropped() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");
    let mode = UploadMode::Unique {
        hint: Some("dir/a".to_owned()),
    };
    let target = home.target(&at("/"), mode).await.unwrap();

    assert_eq!(target.path(), &at("a"));
    let stored = store(&home, "a", b"x").await;
    assert!(matches!(stored, Err(StorageError::Busy)));
    let renamed = home.rename(&at("f"), &at("a")).await;
    assert!(matches!(renamed, Err(StorageError::Busy)));
    drop(target);
    store(&home, "a", b"x").await.unwrap();
}
