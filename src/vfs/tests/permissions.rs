//! Every verb against every permission.

use Permission::{
    Append, Chmod, Delete, Download, Hash, List, Mkdir, Mtime, Overwrite, Rename, Rmdir, Upload,
};

use super::*;
use crate::clock::Timestamp;
use crate::model::PermissionProfile;

/// One verb on fresh premises; whether it was allowed.
async fn try_verb(verb: &str, home: &Home) -> Result<(), StorageError> {
    match verb {
        "stat" => home.stat(&at("f")).await.map(drop),
        "list" => home.list(&at("d")).await.map(drop),
        "read" => home.open_read(&at("f")).await.map(drop),
        "hash" => home.open_hash(&at("f")).await.map(drop),
        "new" => store(home, "new", b"x").await.map(drop),
        "replace" => store(home, "f", b"x").await.map(drop),
        "append" => append(home, "f", b"x").await.map(drop),
        "resume" => resume(home, "f", 2, b"x").await.map(drop),
        "unique" => {
            let mode = UploadMode::Unique { hint: None };
            home.target(&at("d"), mode).await.map(drop)
        }
        "mkdir" => home.create_dir(&at("new")).await,
        "delete" => home.remove_file(&at("f")).await.map(drop),
        "rmdir" => home.remove_dir(&at("d")).await,
        "source" => home.rename_source(&at("f")).await,
        "rename" => home.rename(&at("f"), &at("new")).await.map(drop),
        "rename_over" => home.rename(&at("f"), &at("g")).await.map(drop),
        "mtime" => {
            home.set_modified(&at("f"), Timestamp::from_seconds(1))
                .await
        }
        "chmod" => home.set_mode(&at("f"), 0o600).await,
        other => panic!("{other}"),
    }
}

/// What each verb needs; `stat` and `rename` are told apart below.
const NEEDS: [(&str, &[Permission]); 16] = [
    ("list", &[List]),
    ("read", &[Download]),
    ("hash", &[Hash]),
    ("new", &[Upload]),
    ("replace", &[Overwrite]),
    ("append", &[Append]),
    ("resume", &[Append]),
    ("unique", &[Upload]),
    ("mkdir", &[Mkdir]),
    ("delete", &[Delete]),
    ("rmdir", &[Rmdir]),
    ("source", &[Rename]),
    ("rename", &[Rename, Upload]),
    ("rename_over", &[Rename, Upload, Overwrite]),
    ("mtime", &[Mtime]),
    ("chmod", &[Chmod]),
];

async fn furnished() -> Premises {
    let premises = Premises::new().await;
    premises.make_dir("d");
    premises.write("f", b"hello");
    premises.write("g", b"other");
    premises
}

/// SEC-T24.
#[tokio::test]
async fn every_verb_needs_exactly_its_permissions() {
    for (verb, needed) in NEEDS {
        let premises = furnished().await;
        let enough = premises.home_with(needed);
        try_verb(verb, &enough).await.unwrap();

        for missing in needed {
            let premises = furnished().await;
            let others: Vec<_> = Permission::ALL
                .into_iter()
                .filter(|one| one != missing)
                .collect();
            let refused = try_verb(verb, &premises.home_with(&others)).await;
            let is_refused = matches!(refused, Err(StorageError::Denied(_) | StorageError::Exists));
            assert!(is_refused, "{verb} without {missing:?}: {refused:?}");
            assert_eq!(premises.read("f"), b"hello");
            assert_eq!(premises.names("."), ["d", "f", "g"], "{verb}");
        }
    }
}

#[tokio::test]
async fn telling_about_a_file_needs_list_or_download() {
    let premises = furnished().await;

    for enough in [List, Download] {
        try_verb("stat", &premises.home_with(&[enough]))
            .await
            .unwrap();
    }
    let refused = try_verb("stat", &premises.home_with(&[Upload, Append])).await;
    assert!(matches!(refused, Err(StorageError::Denied(List))));
}

#[tokio::test]
async fn without_list_a_missing_name_sounds_like_a_denied_one() {
    let premises = furnished().await;
    let home = premises.home_with(&[Download, Delete]);

    let missing = home.open_read(&at("no")).await;
    assert!(matches!(missing, Err(StorageError::Denied(_))));
    let missing = home.remove_file(&at("no")).await;
    assert!(matches!(missing, Err(StorageError::Denied(_))));
}

#[tokio::test]
async fn who_may_not_overwrite_may_still_complete_an_own_attempt() {
    let premises = furnished().await;
    let permissions = PermissionProfile::UploadOnly.permissions();
    let home = Home::new(premises.local.clone(), permissions);
    break_off(&home, "new", b"abc", OnAbort::Auto).await;

    store(&home, "new", b"abcdef").await.unwrap();

    assert_eq!(premises.read("new"), b"abcdef");
    let again = store(&home, "new", b"x").await;
    assert!(matches!(again, Err(StorageError::Denied(Overwrite))));
}

#[tokio::test]
async fn a_file_that_appeared_meanwhile_is_not_replaced_without_permission() {
    let premises = furnished().await;
    let home = premises.home_with(&[List, Upload]);
    let first = begin(&home, "new", UploadMode::Replace, b"1")
        .await
        .unwrap();
    let second = begin(&home, "new", UploadMode::Replace, b"2")
        .await
        .unwrap();

    first.commit(Durability::Received).await.unwrap();
    let refused = second.commit(Durability::Received).await;

    assert!(matches!(refused, Err(StorageError::Denied(Overwrite))));
    assert_eq!(premises.read("new"), b"1");
    assert_eq!(premises.names("."), ["d", "f", "g", "new"]);
}
