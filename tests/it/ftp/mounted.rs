//! Homes and folders that are file systems of their own; where nothing can be mounted, this is not
//! tested.

use crate::support::mounted::Mounted;
use crate::support::server::TestServer;

/// DIR-23: all of a home is one pool of quota, and what stands in for a second one is a second file
/// system. Nothing is copied behind a client's back.
#[tokio::test]
async fn a_rename_between_file_systems_leaves_both_sides_as_they_are() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "here/f", b"here");
    server.put(&alice, "there/.keep", b"");
    let folder = server.home(&alice).join("there");
    let Some(_mounted) = Mounted::over(&folder, None) else {
        return;
    };
    server.put(&alice, "there/g", b"there");
    let before = server.disk(&alice);
    let mut ftp = server.login("alice").await;

    for (from, to) in [
        ("/here/f", "/there/f"),
        ("/here/f", "/there/g"),
        ("/there/g", "/here/g"),
        ("/here", "/there/here"),
    ] {
        ftp.expect(&format!("RNFR {from}"), 350).await;
        let refused = ftp.expect(&format!("RNTO {to}"), 550).await;
        assert_eq!(refused.text(), "Cannot move to another file system.");
    }

    assert_eq!(server.disk(&alice), before);
    assert_eq!(server.read(&alice, "here/f"), Some(b"here".to_vec()));
    assert_eq!(server.read(&alice, "there/g"), Some(b"there".to_vec()));
    ftp.expect("RNFR /there/g", 350).await;
    ftp.expect("RNTO /there/h", 250).await;
}

/// The reserve is a gibibyte, but at most a twentieth of a disk; this one has 20 MiB.
#[tokio::test]
async fn an_upload_that_would_take_the_reserve_of_a_disk_hears_452() {
    const MIB: usize = 1 << 20;
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let home = server.home(&alice);
    std::fs::create_dir_all(&home).unwrap();
    let Some(_mounted) = Mounted::over(&home, Some(c"size=20m")) else {
        return;
    };
    // It was opened when the account was made, before there was a disk over it.
    server.app().volumes.forget(alice.id);
    let free = || {
        let stat = rustix::fs::statvfs(&home).unwrap();
        stat.f_bavail * stat.f_frsize
    };
    let mut ftp = server.login("alice").await;
    assert_eq!(ftp.upload("STOR fits", &vec![7; 18 * MIB]).await.code, 226);

    let too_large = ftp.upload("STOR large", &vec![7; 4 * MIB]).await;
    let mut small = Vec::new();
    for number in 0..16 {
        let command = format!("STOR {number}");
        small.push(ftp.upload(&command, &vec![7; MIB / 16]).await.code);
    }
    ftp.epsv().await;
    let at_the_reserve = ftp.say("STOR empty").await;
    let available = ftp.expect("AVBL", 213).await;
    let reserve = free();
    server.set(&[("disk_reserve", "0")]).await;
    let mut patience = 0..1_000;
    while ftp.expect("AVBL", 213).await.text() == "0" {
        assert!(patience.next().is_some(), "the reserve is still there");
    }
    let without_reserve = ftp.upload("STOR more", b"more").await;
    server.set(&[("disk_reserve", "1 GiB")]).await;
    ftp.expect("DELE fits", 250).await;
    let after = ftp.upload("STOR large", &vec![7; 4 * MIB]).await;

    assert_eq!((too_large.code, small), (452, vec![226; 16]));
    assert_eq!(at_the_reserve.code, 452);
    assert_eq!((available.text(), reserve), ("0", MIB as u64));
    assert_eq!((without_reserve.code, after.code), (226, 226));
    assert_eq!(server.usage(&alice), server.disk(&alice));
}
