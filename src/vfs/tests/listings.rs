//! What a directory shows, and what it does not.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::*;

async fn all(home: &Home, path: &str) -> Vec<Entry> {
    let mut listing = home.list(&at(path)).await.unwrap();
    let mut entries = Vec::new();
    while let Some(batch) = listing.next_batch().await.unwrap() {
        assert!((1..=1_024).contains(&batch.len()));
        entries.extend(batch);
    }
    assert!(listing.next_batch().await.unwrap().is_none());
    entries
}

#[tokio::test]
async fn a_listing_is_sorted_by_bytes_and_hides_what_is_not_for_clients() {
    let premises = Premises::new().await;
    let home = premises.home();
    for name in ["b", "B", "ä", ".hidden", " lead", ".fx~leftover"] {
        premises.write(name, b"xyz");
    }
    premises.make_dir("d");
    let fifo = premises.host("fifo");
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let _upload = begin(&home, "b", UploadMode::Replace, b"x").await.unwrap();

    let entries = all(&home, "/").await;

    let names: Vec<_> = entries
        .iter()
        .map(|entry| entry.name.to_str().unwrap())
        .collect();
    assert_eq!(names, [" lead", ".hidden", "B", "b", "d", "ä"]);
    assert_eq!((entries[3].kind, entries[3].size), (Kind::File, 3));
    assert_eq!((entries[4].kind, entries[4].size), (Kind::Directory, 0));
}

#[tokio::test]
async fn a_pipe_can_be_neither_read_nor_written() {
    let premises = Premises::new().await;
    let home = premises.home();
    let mode = rustix::fs::Mode::RWXU;
    let fifo = premises.host("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();

    let read = home.open_read(&at("fifo")).await;
    assert!(matches!(read, Err(StorageError::NotFound)));
    let stored = store(&home, "fifo", b"x").await;
    assert!(matches!(stored, Err(StorageError::Exists)));
    let appended = append(&home, "fifo", b"x").await;
    assert!(matches!(appended, Err(StorageError::NotFound)));
    let stat = home.stat(&at("fifo")).await;
    assert!(matches!(stat, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn a_link_shows_as_what_it_leads_to_or_as_a_link_of_no_size() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("d/e");
    premises.write("f", b"hello");
    premises.link("../f", "d/to_file");
    premises.link("e", "d/to_dir");
    premises.link("nowhere", "d/broken");
    premises.link("../../../outside/secret", "d/out");
    premises.link("/etc/passwd", "d/absolute");

    let entries = all(&home, "d").await;

    let shown: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.to_str().unwrap(), entry.kind, entry.size))
        .collect();
    assert_eq!(
        shown,
        [
            ("absolute", Kind::Symlink, 0),
            ("broken", Kind::Symlink, 0),
            ("e", Kind::Directory, 0),
            ("out", Kind::Symlink, 0),
            ("to_dir", Kind::Directory, 0),
            ("to_file", Kind::File, 5),
        ]
    );
}

#[tokio::test]
async fn a_large_directory_comes_completely_in_batches() {
    let premises = Premises::new().await;
    premises.make_dir("d");
    for number in 0..5_000 {
        premises.write(&format!("d/{number}"), b"");
    }

    let mut names: Vec<_> = all(&premises.home(), "d").await;

    names.sort_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    assert_eq!(names.len(), 5_000);
}

#[tokio::test]
async fn names_that_are_not_utf8_are_told_as_they_are() {
    let premises = Premises::new().await;
    let name = OsString::from_vec(b"a\xff".to_vec());
    fs::write(premises.host(".").join(&name), b"x").unwrap();

    let entries = all(&premises.home(), "/").await;

    assert_eq!(entries[0].name, name);
}

#[tokio::test]
async fn a_file_and_nothing_cannot_be_listed() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("f", b"");

    let file = home.list(&at("f")).await;
    assert!(matches!(file, Err(StorageError::NotDirectory)));
    let missing = home.list(&at("no")).await;
    assert!(matches!(missing, Err(StorageError::NotFound)));
    assert!(all(&home, "/").await.len() == 1);
}

#[tokio::test]
async fn an_entry_tells_name_size_mode_and_time() {
    let premises = Premises::new().await;
    let home = premises.home();
    store(&home, "f", b"hello").await.unwrap();

    let entry = home.stat(&at("f")).await.unwrap();
    let root = home.stat(&at("/")).await.unwrap();

    assert_eq!(
        (entry.name.to_str(), entry.size, entry.mode),
        (Some("f"), 5, 0o644)
    );
    assert!(entry.modified.since(premises.clock.now()).as_secs() < 60);
    assert_eq!((root.name.to_str(), root.kind), (Some(""), Kind::Directory));
}
