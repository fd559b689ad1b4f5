//! Whole homes: counted, swept, removed.

use std::time::Duration;

use super::*;
use crate::model::Usage;

#[tokio::test]
async fn a_count_takes_apparent_sizes_every_name_and_no_staged_upload() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/e");
    premises.write("d/f", b"hello");
    premises.write("d/e/g", b"12");
    premises.write("d/.fx~leftover", b"12345678");
    premises.link("d/f", "link");
    fs::hard_link(premises.host("d/f"), premises.host("hard")).unwrap();
    let sparse = fs::File::create(premises.host("sparse")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let _upload = begin(&home, "new", UploadMode::Replace, b"abc")
        .await
        .unwrap();

    let usage = home.local().count().await.unwrap();

    let expected = Usage {
        bytes: 5 + 2 + 5 + (1 << 30),
        files: 5,
    };
    assert_eq!(usage, expected);
}

#[tokio::test]
async fn a_sweep_takes_leftovers_that_are_old_and_nobodys() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/e");
    premises.write("d/e/.fx~old", b"x");
    premises.write(".fx~old", b"x");
    premises.write("keep", b"x");
    let upload = begin(&home, "d/f", UploadMode::Replace, b"x")
        .await
        .unwrap();
    let now = premises.clock.now();
    let before = now.minus(Duration::from_hours(1));
    let after = now.plus(Duration::from_hours(1));

    assert_eq!(home.local().sweep_staged(before).await.unwrap(), 0);
    assert_eq!(home.local().sweep_staged(after).await.unwrap(), 2);

    assert!(premises.names("d/e").is_empty());
    assert_eq!(premises.names("."), ["d", "keep"]);
    upload.commit(Durability::Received).await.unwrap();
    assert_eq!(premises.names("d"), ["e", "f"]);
}

#[tokio::test]
async fn what_a_killed_server_left_behind_is_swept_and_counted() {
    let premises = Premises::new().await;
    premises.write("f", b"hello");
    premises.write(".fx~abandoned", b"half");
    let options = HomeOptions {
        clock: Arc::new(premises.clock.clone()),
    };

    let restarted = premises.volume.home("c/alice", options).await.unwrap();
    let soon = premises.clock.now().plus(Duration::from_hours(1));

    assert_eq!(restarted.sweep_staged(soon).await.unwrap(), 1);
    let expected = Usage { bytes: 5, files: 1 };
    assert_eq!(restarted.count().await.unwrap(), expected);
}

/// A chain of `depth` directories with a file in each, deeper than a path may be long.
fn dig(premises: &Premises, depth: usize) {
    use rustix::fs::{CWD, Mode, OFlags};
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut dir = rustix::fs::openat(CWD, premises.host("."), flags, Mode::empty()).unwrap();
    for _ in 0..depth {
        let create = OFlags::CREATE | OFlags::WRONLY;
        let file = rustix::fs::openat(&dir, "f", create, Mode::RWXU).unwrap();
        rustix::io::write(&file, b"x").unwrap();
        for name in ["down", "aside"] {
            rustix::fs::mkdirat(&dir, name, Mode::RWXU).unwrap();
        }
        dir = rustix::fs::openat(&dir, "down", flags, Mode::empty()).unwrap();
    }
}

#[tokio::test]
async fn a_tree_deeper_than_any_path_is_counted_and_removed() {
    let premises = Premises::new().await;
    dig(&premises, 1_100);

    let usage = premises.local.count().await.unwrap();

    assert_eq!(
        usage,
        Usage {
            bytes: 1_100,
            files: 1_100
        }
    );
    premises.remove_all("c/alice").await.unwrap();
    assert!(!premises.exists("."));
}

#[tokio::test]
async fn removing_a_home_removes_links_but_never_what_they_lead_to() {
    let premises = Premises::new().await;
    premises.make_dir("d/e");
    premises.write("d/e/f", b"x");
    premises.link("../../outside", "out");
    premises.link("../../../outside/secret", "d/out");

    premises.remove_all("c/alice").await.unwrap();

    assert!(!premises.exists("."));
    assert!(premises.dir.path().join("c").exists());
    let secret = fs::read(premises.dir.path().join("outside/secret")).unwrap();
    assert_eq!(secret, b"secret");
}

#[tokio::test]
async fn a_tree_is_removed_in_steps_that_are_no_larger_than_asked_for() {
    let premises = Premises::new().await;
    for number in 0..10 {
        premises.make_dir(&format!("d{number}/below"));
        premises.write(&format!("d{number}/below/f"), b"12345");
    }

    let mut removed = Usage::default();
    let mut steps = 0;
    let mut removal = premises.volume.removal("c/alice").unwrap();
    loop {
        let cut = removal.step(4).await.unwrap();
        assert!(cut.names <= 4);
        removed.files += cut.files.files;
        removed.bytes += cut.files.bytes;
        steps += 1;
        if cut.left == Left::Nothing {
            break;
        }
    }

    assert_eq!((removed.files, removed.bytes), (10, 50));
    assert!(steps >= 8, "{steps}");
    assert!(!premises.exists("."));
}

#[tokio::test]
async fn a_tree_that_is_a_link_is_not_removed_and_not_followed() {
    let premises = Premises::new().await;
    std::os::unix::fs::symlink("../outside", premises.dir.path().join("c/link")).unwrap();

    let mut removal = premises.volume.removal("c/link").unwrap();

    let refused = removal.step(100).await;

    assert!(refused.is_err(), "{refused:?}");
    assert!(premises.dir.path().join("outside/secret").exists());
}

#[tokio::test]
async fn what_comes_while_a_tree_is_removed_is_removed_too_but_not_for_ever() {
    let premises = Premises::new().await;
    premises.make_dir("d");
    for number in 0..20 {
        premises.write(&format!("f{number}"), b"1");
    }
    let mut removal = premises.volume.removal("c/alice").unwrap();

    let mut left = removal.step(5).await.unwrap().left;
    premises.write("late", b"1");
    premises.make_dir("later/still");
    while left == Left::More {
        left = removal.step(5).await.unwrap().left;
    }

    assert_eq!(left, Left::Nothing);
    assert!(!premises.exists("."));
}

#[tokio::test]
async fn the_home_of_a_newcomer_holds_nothing() {
    let premises = Premises::new().await;
    premises.write("old", b"of somebody else");
    let options = || HomeOptions {
        clock: Arc::new(premises.clock.clone()),
    };

    let taken = premises.volume.new_home("c/alice", options()).await;
    let fresh = premises.volume.new_home("c/bob", options()).await;
    let again = premises.volume.new_home("c/bob", options()).await;

    assert!(matches!(taken, Err(StorageError::Exists)), "{taken:?}");
    assert_eq!(premises.read("old"), b"of somebody else");
    assert!(fresh.is_ok() && again.is_ok(), "{fresh:?} {again:?}");
}

#[tokio::test]
async fn removing_a_home_that_is_not_there_is_no_error() {
    let premises = Premises::new().await;

    premises.remove_all("c/nobody").await.unwrap();
    premises.remove_all("nobody/nobody").await.unwrap();
}

#[tokio::test]
async fn a_home_is_only_opened_beneath_the_volume() {
    let premises = Premises::new().await;
    std::os::unix::fs::symlink("/", premises.dir.path().join("root")).unwrap();

    for relative in ["", "/", "/etc", "..", "c/../..", "c//alice", "."] {
        let options = HomeOptions {
            clock: Arc::new(premises.clock.clone()),
        };
        let refused = premises.volume.home(relative, options).await;
        assert!(
            matches!(refused, Err(StorageError::IllegalName)),
            "{relative}"
        );
        let refused = premises.volume.removal(relative).map(drop);
        assert!(
            matches!(refused, Err(StorageError::IllegalName)),
            "{relative}"
        );
    }
    let mut removal = premises.volume.removal("root/nothing-here").unwrap();
    let through = removal.step(1).await;
    assert!(!matches!(through, Err(StorageError::Io(_))));
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    let premises = Premises::new().await;

    premises.volume.probe().unwrap();

    assert_eq!(fs::read_dir(premises.dir.path()).unwrap().count(), 2);
}
