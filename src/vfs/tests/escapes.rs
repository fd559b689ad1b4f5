//! No path and no link leads out of a home, not even while somebody swaps directories for links.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use rustix::fs::{CWD, RenameFlags};

use super::super::listing::Listing;
use super::super::local::Overwrite;
use super::super::target::{Rights, Target};
use super::*;
use crate::clock::Timestamp;
use crate::vfs::ruling::{End, Ruling};

/// Does everything that can be done to `path`, and to `other`; whatever comes of it.
fn everything(local: &LocalHome, path: &VirtualPath, other: &VirtualPath) -> Vec<Vec<u8>> {
    use std::io::Read;
    let mut seen = Vec::new();
    let rights = Rights {
        append: true,
        create: true,
        replace: true,
    };
    if let Ok(download) = local.open_read(path) {
        let mut content = Vec::new();
        (&*download.file)
            .take(64)
            .read_to_end(&mut content)
            .unwrap();
        seen.push(content);
    }
    drop(local.stat(path, Permissions::all()));
    drop(local.enter(path));
    let access = Access::from(Permissions::all());
    let ruling = Ruling::of(local, &access, (path, End::Followed)).unwrap();
    drop(Listing::open(local, path, (access, &ruling)));
    drop(local.set_modified(path, Timestamp::from_seconds(7)));
    drop(local.set_mode(path, 0o700));
    for mode in [
        UploadMode::Replace,
        UploadMode::Append,
        UploadMode::Resume { offset: 1 },
        UploadMode::Unique { hint: None },
    ] {
        let target = Target::check(local, path, mode, rights);
        if let Ok(upload) = target.and_then(|target| Upload::begin(target, Umask::default())) {
            drop(upload.writer().append(b"intruder"));
            drop(upload);
        }
    }
    drop(local.create_dir(path, Umask::default()));
    drop(local.rename(path, other, Overwrite::Allow));
    drop(local.rename(other, path, Overwrite::Allow));
    drop(local.remove_file(path));
    drop(local.remove_dir(path));
    seen
}

/// What is outside of the home: names, content, modes and times.
fn outside(premises: &Premises) -> Vec<(PathBuf, Vec<u8>, fs::Permissions, std::time::SystemTime)> {
    let outside = premises.dir.path().join("outside");
    let mut state = Vec::new();
    for path in [outside.clone(), outside.join("secret"), outside.join("d")] {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = fs::read(&path).unwrap_or_default();
        let modified = metadata.modified().unwrap();
        state.push((path, content, metadata.permissions(), modified));
    }
    for entry in fs::read_dir(premises.dir.path()).unwrap() {
        let metadata = entry.as_ref().unwrap().metadata().unwrap();
        let modified = metadata.modified().unwrap();
        state.push((
            entry.unwrap().path(),
            Vec::new(),
            metadata.permissions(),
            modified,
        ));
    }
    state.sort_by(|a, b| a.0.cmp(&b.0));
    state
}

async fn trapped() -> Premises {
    let premises = Premises::new().await;
    fs::create_dir(premises.dir.path().join("outside/d")).unwrap();
    premises
}

fn lay_traps(premises: &Premises) {
    premises.make_dir("d/e");
    premises.write("d/f", b"inside");
    premises.link("../../outside", "out");
    premises.link("../../../outside/secret", "d/secret");
    premises.link("/", "root");
    premises.link("..", "up");
    premises.link(
        premises.dir.path().join("outside").to_str().unwrap(),
        "absolute",
    );
}

/// SEC-T02.
#[tokio::test]
async fn every_verb_through_a_link_to_the_outside_finds_nothing() {
    let premises = trapped().await;
    lay_traps(&premises);
    let home = premises.home();
    let before = outside(&premises);

    for path in [
        "out/secret",
        "d/secret",
        "root/etc/passwd",
        "absolute/secret",
        "up/alice/d/f",
    ] {
        let read = home.open_read(&at(path)).await;
        assert!(matches!(read, Err(StorageError::NotFound)), "{path}");
        let stat = home.stat(&at(path)).await;
        assert!(matches!(stat, Err(StorageError::NotFound)), "{path}");
        let stored = store(&home, path, b"x").await;
        assert!(matches!(stored, Err(StorageError::NotFound)), "{path}");
        let appended = append(&home, path, b"x").await;
        assert!(matches!(appended, Err(StorageError::NotFound)), "{path}");
    }
    for path in ["out/secret", "root/etc/passwd", "absolute/secret"] {
        let removed = home.remove_file(&at(path)).await;
        assert!(matches!(removed, Err(StorageError::NotFound)), "{path}");
        let renamed = home.rename(&at(path), &at("mine")).await;
        assert!(matches!(renamed, Err(StorageError::NotFound)), "{path}");
        let renamed = home.rename(&at("d/f"), &at(path)).await;
        assert!(matches!(renamed, Err(StorageError::NotFound)), "{path}");
        let made = home.create_dir(&at(&format!("{path}2"))).await;
        assert!(matches!(made, Err(StorageError::NotFound)), "{path}");
    }
    for path in ["out", "root", "up", "absolute"] {
        assert!(
            matches!(home.list(&at(path)).await, Err(StorageError::NotFound)),
            "{path}"
        );
        assert!(
            matches!(home.enter(&at(path)).await, Err(StorageError::NotFound)),
            "{path}"
        );
    }

    assert_eq!(outside(&premises), before);
}

#[tokio::test]
async fn a_link_inside_is_followed_and_an_upload_replaces_what_it_leads_to() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/e");
    premises.write("d/e/f", b"old");
    premises.link("d/e", "dir");
    premises.link("../d/e/f", "d/file");

    let committed = store(&home, "d/file", b"new!").await.unwrap();
    store(&home, "dir/g", b"x").await.unwrap();
    append(&home, "d/file", b"+").await.unwrap();

    assert_eq!(committed.replaced.map(|replaced| replaced.bytes), Some(3));
    assert_eq!(premises.read("d/e/f"), b"new!+");
    assert_eq!(premises.names("d/e"), ["f", "g"]);
    assert!(
        premises
            .host("d/file")
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
}

/// DIR-27.
#[tokio::test]
async fn removing_and_renaming_concern_the_link_itself() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"hello");
    premises.link("f", "l");
    premises.link("/etc/passwd", "out");

    home.rename(&at("l"), &at("m")).await.unwrap();
    let removed = home.remove_file(&at("m")).await.unwrap();
    home.remove_file(&at("out")).await.unwrap();

    assert_eq!(removed.bytes, 0);
    assert_eq!(premises.names("."), ["f"]);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_no_target() {
    let premises = Premises::new().await;
    premises.link("nowhere", "l");
    premises.link("l2", "l2");

    for path in ["l", "l2"] {
        let refused = store(&premises.home(), path, b"x").await;
        assert!(matches!(refused, Err(StorageError::NotFound)), "{path}");
    }
}

/// SEC-T03.
#[tokio::test]
async fn a_link_swapped_for_a_directory_in_flight_never_leads_outside() {
    let premises = trapped().await;
    premises.make_dir("x");
    premises.write("x/secret", b"inside");
    premises.write("x/mine", b"inside");
    premises.link("../../outside", "y");
    fs::write(premises.dir.path().join("outside/mine"), b"mine").unwrap();
    let before = outside(&premises);
    let has_ended = AtomicBool::new(false);
    let is_nightly = std::env::var_os("QUAYMASTER_TEST_NIGHTLY").is_some();
    let patience = std::time::Duration::from_secs(if is_nightly { 60 } else { 0 });
    let (x, y) = (premises.host("x"), premises.host("y"));

    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &x, CWD, &y, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let since = std::time::Instant::now();
        let mut round = 0;
        while round < 1_500 || since.elapsed() < patience {
            round += 1;
            let secret = at("x/secret");
            let names = ["x/secret", "x/mine", "x/new", "x/d"];
            let path = at(names[round % names.len()]);
            for content in everything(&premises.local, &path, &secret) {
                assert!(content != b"secret" && content != b"mine", "round {round}");
            }
            let rights = Rights {
                append: true,
                create: true,
                replace: true,
            };
            // Keeps something there that can be read in the next round.
            let target = Target::check(&premises.local, &secret, UploadMode::Replace, rights);
            if let Ok(upload) = target.and_then(|target| Upload::begin(target, Umask::default())) {
                upload.writer().append(b"inside").unwrap();
            }
        }
        has_ended.store(true, Ordering::Relaxed);
    });

    assert_eq!(outside(&premises), before);
    let names = fs::read_dir(premises.dir.path().join("outside")).unwrap();
    assert_eq!(names.count(), 3);
}

fn component() -> impl Strategy<Value = String> {
    let traps = [
        "..", ".", "", "out", "root", "up", "absolute", "d", "secret", "etc", "passwd", "alice",
        "f", "outside", ".fx~a", "%2e%2e", "....", "\\..\\",
    ];
    prop_oneof![
        4 => prop::sample::select(traps.to_vec()).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// SEC-T01.
    #[test]
    fn no_text_reaches_outside(
        components in prop::collection::vec(component(), 0..7),
        others in prop::collection::vec(component(), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let premises = runtime.block_on(trapped());
        lay_traps(&premises);
        let before = outside(&premises);

        let path = VirtualPath::root().resolve(&components.join("/"));
        let other = VirtualPath::root().resolve(&others.join("/"));
        if let (Ok(path), Ok(other)) = (path, other) {
            for content in everything(&premises.local, &path, &other) {
                prop_assert!(content != b"secret");
                prop_assert!(!content.starts_with(b"root:"));
            }
        }

        prop_assert_eq!(outside(&premises), before);
    }
}
