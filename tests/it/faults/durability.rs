//! Uploads that the disk stores and does not confirm.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use quaymaster::hosting::accounts::AccountSettings;
use quaymaster::model::{Durability, Override, SessionRules, TransferResult};

use crate::support::server::{Allowed, TestServer};
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

/// What an account says about durability holds, whatever the server says.
#[test]
fn an_account_waits_for_the_disk_or_does_not_as_it_says_itself() {
    unprivileged::run(async {
        let server = TestServer::start().await;
        let durable = |own| Allowed {
            rules: AccountSettings {
                session: SessionRules {
                    durability: Override::Own(own),
                    ..SessionRules::default()
                },
                ..AccountSettings::default()
            },
            ..Allowed::default()
        };
        let careful = durable(Durability::OnDisk);
        let careful = server.account_with("careful", careful).await;
        let quick = durable(Durability::Received);
        let quick = server.account_with("quick", quick).await;
        let follows = server.account("follows").await;
        for account in [&careful, &quick, &follows] {
            server.put(account, "d/f", b"");
            let folder = server.home(account).join("d");
            std::fs::set_permissions(&folder, Permissions::from_mode(0o300)).unwrap();
        }
        let store = async |name: &str| {
            let mut ftp = server.login(name).await;
            ftp.upload("STOR d/new", b"hello").await.code
        };

        let while_quick = [
            store("careful").await,
            store("quick").await,
            store("follows").await,
        ];
        server.set(&[("durability", "on-disk")]).await;
        let while_careful = [
            store("careful").await,
            store("quick").await,
            store("follows").await,
        ];

        assert_eq!(while_quick, [451, 226, 226]);
        assert_eq!(while_careful, [451, 226, 451]);
        for account in [&careful, &quick, &follows] {
            let folder = server.home(account).join("d");
            std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        }
    });
}
