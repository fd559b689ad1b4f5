//! Rules for folders, and everything that could lead around them.

use super::*;
use crate::clock::Timestamp;
use crate::model::PermissionProfile;

fn read_only() -> Rule {
    Rule::Only(PermissionProfile::ReadOnly.permissions())
}

async fn furnished() -> Premises {
    let premises = Premises::new().await;
    premises.make_dir("ro/sub");
    premises.make_dir("free/ro");
    premises.write("ro/f", b"hello");
    premises.write("free/g", b"other");
    premises.link("ro", "link");
    premises.link("ro/f", "to-file");
    premises.link("../../ro", "free/ro/up");
    premises
}

/// What every verb that changes something says at `path`, where `path/f` and `path/sub` stand.
async fn refusals(home: &Home, path: &str) -> Vec<(&'static str, Result<(), StorageError>)> {
    let (file, new) = (format!("{path}/f"), format!("{path}/new"));
    let time = Timestamp::from_seconds(1);
    let unique = UploadMode::Unique { hint: None };
    vec![
        ("replace", store(home, &file, b"x").await.map(drop)),
        ("store", store(home, &new, b"x").await.map(drop)),
        ("append", append(home, &file, b"x").await.map(drop)),
        ("resume", resume(home, &file, 2, b"x").await.map(drop)),
        ("unique", home.target(&at(path), unique).await.map(drop)),
        ("delete", home.remove_file(&at(&file)).await.map(drop)),
        ("source", home.rename_source(&at(&file)).await),
        ("out", home.rename(&at(&file), &at("/x")).await.map(drop)),
        ("in", home.rename(&at("/free/g"), &at(&new)).await.map(drop)),
        ("mkdir", home.create_dir(&at(&new)).await),
        ("rmdir", home.remove_dir(&at(&format!("{path}/sub"))).await),
        ("mtime", home.set_modified(&at(&file), time).await),
        ("chmod", home.set_mode(&at(&file), 0o600).await),
    ]
}

/// DIR-26.
#[tokio::test]
async fn a_rule_holds_for_every_verb_and_behind_every_link() {
    let premises = furnished().await;
    let home = premises.home_under(&[("/ro", read_only())]);

    for path in ["/ro", "/free/../ro/.", "/link", "/free/ro/up"] {
        for (verb, refused) in refusals(&home, path).await {
            let is_denied = matches!(refused, Err(StorageError::Denied(_)));
            assert!(is_denied, "{verb} in {path}: {refused:?}");
        }
        home.open_read(&at(&format!("{path}/f"))).await.unwrap();
        home.list(&at(path)).await.unwrap();
    }
    let through = store(&home, "/to-file", b"x").await;
    assert!(
        matches!(through, Err(StorageError::Denied(_))),
        "{through:?}"
    );

    assert_eq!(premises.names("ro"), ["f", "sub"]);
    assert_eq!(premises.read("ro/f"), b"hello");
    assert_eq!(premises.names("free"), ["g", "ro"]);
    store(&home, "/free/new", b"x").await.unwrap();
}

#[tokio::test]
async fn a_rule_for_a_link_holds_as_well_as_one_for_its_place() {
    let premises = furnished().await;
    let home = premises.home_under(&[("/link", read_only())]);

    let refused = store(&home, "/link/new", b"x").await;

    assert!(matches!(refused, Err(StorageError::Denied(_))));
    store(&home, "/ro/new", b"x").await.unwrap();
}

#[tokio::test]
async fn a_rule_may_allow_what_the_account_may_not_do_elsewhere() {
    let premises = furnished().await;
    let rules = PathRules::new(vec![PathRule {
        folder: at("/free"),
        permissions: Permissions::all(),
        hidden: false,
    }]);
    let access = Access::new(PermissionProfile::ReadOnly.permissions(), rules.unwrap());
    let home = Home::new(premises.local.clone(), access);

    store(&home, "/free/new", b"x").await.unwrap();

    let refused = store(&home, "/new", b"x").await;
    assert!(matches!(refused, Err(StorageError::Denied(_))));
}

#[tokio::test]
async fn a_folder_is_neither_moved_nor_removed_with_a_rule_inside() {
    let premises = furnished().await;
    let home = premises.home_under(&[("/free/ro", read_only()), ("/later/ro", read_only())]);
    premises.make_dir("other");

    let moved = home.rename(&at("/free"), &at("/elsewhere")).await;
    assert!(matches!(moved, Err(StorageError::Denied(_))), "{moved:?}");
    let filled = home.rename(&at("/other"), &at("/later")).await;
    assert!(matches!(filled, Err(StorageError::Denied(_))), "{filled:?}");
    let removed = home.remove_dir(&at("/free")).await;
    assert!(
        matches!(removed, Err(StorageError::Denied(_))),
        "{removed:?}"
    );

    home.rename(&at("/other"), &at("/others")).await.unwrap();
    home.rename(&at("/free/g"), &at("/g")).await.unwrap();
}

/// LST-33.
#[tokio::test]
async fn a_hidden_folder_is_told_like_a_missing_one() {
    let premises = furnished().await;
    let home = premises.home_under(&[("/RO", Rule::Hidden)]);

    for path in ["/ro", "/link", "/free/ro/up"] {
        for (verb, refused) in refusals(&home, path).await {
            let is_missing = matches!(refused, Err(StorageError::NotFound));
            assert!(is_missing, "{verb} in {path}: {refused:?}");
        }
        let entered = home.enter(&at(path)).await;
        assert!(matches!(entered, Err(StorageError::NotFound)), "{path}");
        let told = home.stat(&at(path)).await;
        assert!(matches!(told, Err(StorageError::NotFound)), "{path}");
        let listed = home.list(&at(path)).await;
        assert!(matches!(listed, Err(StorageError::NotFound)), "{path}");
        let file = at(&format!("{path}/f"));
        let read = home.open_read(&file).await;
        assert!(matches!(read, Err(StorageError::NotFound)), "{path}");
        let hashed = home.open_hash(&file).await;
        assert!(matches!(hashed, Err(StorageError::NotFound)), "{path}");
        let made = home.create_dir(&at(path)).await;
        assert!(matches!(made, Err(StorageError::NotFound)), "{path}");
    }
    let hint = Some("ro".to_owned());
    let target = home.target(&at("/"), UploadMode::Unique { hint }).await;
    assert!(target.unwrap().path().as_str() != "/ro");
    assert_eq!(premises.read("ro/f"), b"hello");
}

/// LST-33.
#[tokio::test]
async fn a_listing_leaves_out_what_is_hidden_and_every_link_to_it() {
    let premises = furnished().await;
    premises.make_dir("ro/hidden");
    let home = premises.home_under(&[
        ("/ro/hidden", Rule::Hidden),
        ("/free", Rule::Hidden),
        ("/ro/sub", read_only()),
    ]);
    premises.link("free", "also");

    let mut names = Vec::new();
    for path in ["/", "/ro", "/link"] {
        let mut listing = home.list(&at(path)).await.unwrap();
        let batch = listing.next_batch().await.unwrap().unwrap();
        names.push(
            batch
                .iter()
                .map(|entry| entry.name.clone())
                .collect::<Vec<_>>(),
        );
        for entry in batch {
            let may_upload = entry.permissions.has(Permission::Upload);
            assert_eq!(may_upload, entry.name != "sub", "{:?}", entry.name);
        }
    }

    assert_eq!(names[0], ["link", "ro", "to-file"]);
    assert_eq!(names[1], ["f", "sub"]);
    assert_eq!(names[2], names[1]);
}

#[tokio::test]
async fn a_name_that_is_about_to_be_hidden_is_never_chosen() {
    let premises = Premises::new().await;
    let home = premises.home_under(&[("/gone", Rule::Hidden)]);

    let hint = Some("gone".to_owned());
    let refused = home.target(&at("/"), UploadMode::Unique { hint }).await;

    assert!(
        matches!(refused, Err(StorageError::NotFound)),
        "{refused:?}"
    );
    let made = home.create_dir(&at("/gone")).await;
    assert!(matches!(made, Err(StorageError::NotFound)));
    assert!(premises.names(".").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_swapped_in_while_a_path_is_judged_leads_around_no_rule() {
    let premises = furnished().await;
    premises.make_dir("dir");
    let home = premises.home_under(&[("/ro", read_only())]);
    let swaps = home.clone();
    let swapping = tokio::spawn(async move {
        for _ in 0..500 {
            for name in ["/dir", "/link"] {
                swaps.rename(&at(name), &at("/way")).await.unwrap();
                swaps.rename(&at("/way"), &at(name)).await.unwrap();
            }
        }
    });

    let mut stored = 0;
    while !swapping.is_finished() {
        stored += u32::from(store(&home, "/way/f", b"other").await.is_ok());
        let _refused = home.create_dir(&at("/way/new")).await;
        let _refused = home.remove_file(&at("/way/f")).await;
    }

    swapping.await.unwrap();
    assert!(stored > 0, "nothing was stored at all");
    assert_eq!(premises.names("ro"), ["f", "sub"]);
    assert_eq!(premises.read("ro/f"), b"hello");
}
