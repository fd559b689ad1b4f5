//! Uploads that the disk stores and does not confirm.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use quaymaster::model::TransferResult;

use crate::support::server::TestServer;
use crate::support::unprivileged;

/// STO-34: the file stands, so it is booked; but nobody is told that it is safe.
#[test]
fn a_file_that_the_disk_does_not_confirm_is_booked_and_answered_with_451() {
    unprivileged::run(async {
        let server = TestServer::start().await;
        let alice = server.account("alice").await;
        let mut ftp = server.login("alice").await;
        ftp.expect("MKD d", 257).await;
        assert_eq!(ftp.upload("STOR d/old", b"old").await.code, 226);
        server.set(&[("durability", "on-disk")]).await;
        // A folder that can be changed and not read: nobody gets a handle to synchronise it by.
        let folder = server.home(&alice).join("d");
        std::fs::set_permissions(&folder, Permissions::from_mode(0o300)).unwrap();

        let new = ftp.upload("STOR d/new", b"hello").await;
        let replaced = ftp.upload("STOR d/old", b"newer").await;

        assert_eq!((new.code, replaced.code), (451, 451));
        assert_eq!(
            new.text(),
            "File stored, but the disk did not confirm that it outlives a power failure."
        );
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(server.read(&alice, "d/new"), Some(b"hello".to_vec()));
        assert_eq!(server.read(&alice, "d/old"), Some(b"newer".to_vec()));
        assert_eq!(server.usage(&alice), server.disk(&alice));
        assert_eq!(server.usage(&alice).bytes, 10);
        let row = server.journal(&alice).await.remove(2);
        assert_eq!(
            (row.result, row.reason.as_str(), row.reply_code, row.size),
            (TransferResult::Failed, "not-durable", 451, Some(5))
        );
        assert_eq!(ftp.upload("STOR confirmed", b"hello").await.code, 226);
    });
}
