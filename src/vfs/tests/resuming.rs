//! Files that are continued in place, and the guard against splicing two versions.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_resumed_upload_continues_at_the_offset_and_cuts_off_the_rest() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let committed = resume(&home, "f", 2, b"Y").await.unwrap();

    assert_eq!(premises.read("f"), b"heY");
    assert_eq!(committed.size, 3);
    assert_eq!(committed.replaced.map(|former| former.bytes), Some(5));
    assert_eq!(
        committed.replaced.map(|former| former.key),
        Some(committed.key)
    );
}

#[tokio::test]
async fn nothing_is_cut_off_before_the_first_byte() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    let mode = UploadMode::Resume { offset: 2 };

    let upload = begin(&home, "f", mode, b"").await.unwrap();

    assert_eq!(premises.read("f"), b"hello");
    assert_eq!(
        upload.abandon(OnAbort::Auto).await.unwrap(),
        Abandoned::Nothing
    );
    assert_eq!(premises.read("f"), b"hello");
}

#[tokio::test]
async fn a_clean_end_without_a_byte_cuts_at_the_offset() {
    let premises = Premises::new().await;
    premises.write("f", b"hello");

    let committed = resume(&premises.home(), "f", 2, b"").await.unwrap();

    assert_eq!((committed.size, premises.read("f")), (2, b"he".to_vec()));
}

#[tokio::test]
async fn an_offset_beyond_the_end_is_refused() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let beyond = resume(&home, "f", 6, b"x").await;
    assert!(matches!(
        beyond,
        Err(StorageError::OffsetBeyondEnd { size: 5 })
    ));
    let missing = resume(&home, "new", 1, b"x").await;
    assert!(matches!(
        missing,
        Err(StorageError::OffsetBeyondEnd { size: 0 })
    ));
    assert_eq!(premises.names("."), ["f"]);
    assert_eq!(premises.read("f"), b"hello");
}

#[tokio::test]
async fn append_continues_a_file_and_creates_a_missing_one() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let continued = append(&home, "f", b"++").await.unwrap();
    let created = append(&home, "new", b"z").await.unwrap();

    assert_eq!(premises.read("f"), b"hello++");
    assert_eq!(continued.replaced.map(|former| former.bytes), Some(5));
    assert_eq!(
        (premises.read("new"), created.replaced),
        (b"z".to_vec(), None)
    );
}

#[tokio::test]
async fn the_target_tells_where_the_upload_will_begin() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    let append = home.target(&at("f"), UploadMode::Append).await.unwrap();
    let resume = UploadMode::Resume { offset: 2 };
    let resume = home.target(&at("f"), resume).await.unwrap();
    let replace = home.target(&at("f"), UploadMode::Replace).await.unwrap();

    assert_eq!(
        [append.offset(), resume.offset(), replace.offset()],
        [5, 2, 0]
    );
    for target in [append, resume, replace] {
        assert_eq!(target.existing().map(|existing| existing.bytes), Some(5));
    }
}

#[tokio::test]
async fn bytes_that_arrived_in_place_stay_unless_they_must_go() {
    let premises = Premises::new().await;
    let home = premises.home();
    for (policy, expected) in [
        (OnAbort::Auto, &b"hello++"[..]),
        (OnAbort::Keep, b"hello++"),
        (OnAbort::Discard, b"hello"),
    ] {
        premises.write("f", b"hello");
        let upload = begin(&home, "f", UploadMode::Append, b"++").await.unwrap();

        let abandoned = upload.abandon(policy).await.unwrap();

        assert_eq!(premises.read("f"), expected);
        let change = abandoned.change().unwrap();
        assert_eq!(change.size, expected.len() as u64);
        assert_eq!(change.replaced.map(|former| former.bytes), Some(5));
    }
}

#[tokio::test]
async fn dropping_an_upload_in_place_cuts_the_file_back_and_frees_it() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");

    drop(begin(&home, "f", UploadMode::Append, b"++").await.unwrap());

    assert_eq!(premises.read("f"), b"hello");
    append(&home, "f", b"!").await.unwrap();
}

#[tokio::test]
async fn a_file_being_written_in_place_is_busy_for_everybody_else() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    premises.write("g", b"other");
    let staged = begin(&home, "f", UploadMode::Replace, b"new")
        .await
        .unwrap();
    let upload = begin(&home, "f", UploadMode::Append, b"++").await.unwrap();

    for mode in [UploadMode::Append, UploadMode::Replace] {
        let second = home.target(&at("f"), mode).await;
        assert!(matches!(second, Err(StorageError::Busy)));
    }
    let overtaken = staged.commit(Durability::Received).await;
    assert!(matches!(overtaken, Err(StorageError::Busy)));
    let removed = home.remove_file(&at("f")).await;
    assert!(matches!(removed, Err(StorageError::Busy)));
    let renamed = home.rename(&at("f"), &at("h")).await;
    assert!(matches!(renamed, Err(StorageError::Busy)));
    let replaced = home.rename(&at("g"), &at("f")).await;
    assert!(matches!(replaced, Err(StorageError::Busy)));

    upload.commit(Durability::OnDisk).await.unwrap();
    home.remove_file(&at("f")).await.unwrap();
}

#[tokio::test]
async fn a_rolled_back_overwrite_cannot_be_resumed_until_the_whole_file_came() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    break_off(&home, "f", b"abc", OnAbort::Auto).await;

    let resumed = resume(&home, "f", 5, b"x").await;
    assert!(matches!(resumed, Err(StorageError::ResumeGuard)));
    let appended = append(&home, "f", b"x").await;
    assert!(matches!(appended, Err(StorageError::ResumeGuard)));
    assert_eq!(premises.read("f"), b"hello");

    store(&home, "f", b"whole").await.unwrap();
    append(&home, "f", b"!").await.unwrap();
}

#[tokio::test]
async fn the_guard_ends_after_a_day() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    break_off(&home, "f", b"abc", OnAbort::Auto).await;

    premises.clock.advance(Duration::from_hours(24));

    append(&home, "f", b"!").await.unwrap();
}

#[tokio::test]
async fn the_guard_ends_when_the_file_is_renamed_or_changed() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    break_off(&home, "f", b"abc", OnAbort::Auto).await;
    home.rename(&at("f"), &at("g")).await.unwrap();
    append(&home, "g", b"!").await.unwrap();

    break_off(&home, "g", b"abc", OnAbort::Auto).await;
    let later = premises.clock.now().plus(Duration::from_mins(1));
    home.set_modified(&at("g"), later).await.unwrap();
    append(&home, "g", b"!").await.unwrap();
}
