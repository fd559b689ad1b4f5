//! Passwords that were hashed by another server: they let their owner in, once as they are and from then
//! on as ours.

use quaymaster::model::{Account, PasswordHash};

use crate::support::samples::MADE;
use crate::support::server::TestServer;

/// Behind every hash of this file.
const PASSWORD: &str = "Harbour-lights 7";

/// One of each kind, made with PHP, OpenSSL and Python.
const FOREIGN: &[(&str, &str)] = &[
    (
        "bcrypt",
        "$2y$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
    ),
    (
        "sha256",
        "$5$rounds=1000$quaysalt$8SHdF8t8gCzKV1eBmeflbrPs9GIMxnAt1jk32W3eBX2",
    ),
    (
        "sha512",
        "$6$rounds=1000$quaysalt$T1X3ald6IO2J6Bbv1lMWG3Rrq9W4pia9qdu0ugieK2ifvKkuMg.eqFnbUxKwstJj5PchQQ3pGUc220rd4tWWp/",
    ),
    ("md5", "$1$quaysalt$CZToviFmw60gDuam1t4gW/"),
    ("apr1", "$apr1$quaysalt$2S34GDlP8A3hdg.teoU10/"),
    (
        "sftpgo",
        "$pbkdf2-sha256$1200$quaysalt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
    ),
    (
        "b64salt",
        "$pbkdf2-b64salt-sha256$1200$+/8gcXVheSBzYWx0IDE2Yg==$BpGqCpUszJ93ALpvr2kSfaKWY+mMLgXDBJGswak48Ck=",
    ),
    (
        "passlib",
        "$pbkdf2-sha256$1200$./8gcXVheSBzYWx0IDE2Yg$BpGqCpUszJ93ALpvr2kSfaKWY.mMLgXDBJGswak48Ck",
    ),
    (
        "django",
        "pbkdf2_sha1$1200$quaysalt$ZpBYrAKBfzGPb19Y6QlMaErcQ4M=",
    ),
];

#[tokio::test]
async fn a_password_from_elsewhere_logs_in_and_is_hashed_anew() {
    let server = TestServer::start().await;

    for (name, text) in FOREIGN {
        let brought = bring(&server, name, text).await;
        server.connect().await.log_in(name, PASSWORD).await;
        let renewed = stored(&server, &brought).await;

        let hash = renewed.password_hash.as_str();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{name}"
        );
        let untouched = Account {
            password_hash: brought.password_hash.clone(),
            last_login_at: None,
            last_login_ip: String::new(),
            ..renewed.clone()
        };
        assert_eq!(untouched, brought, "{name}");

        server.connect().await.log_in(name, PASSWORD).await;
        let again = stored(&server, &brought).await;
        assert_eq!(again.password_hash, renewed.password_hash, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_password_leaves_the_hash_and_hears_what_an_unknown_name_hears() {
    let server = TestServer::start().await;
    let brought = bring(&server, "camera", FOREIGN[0].1).await;

    let mut answers = Vec::new();
    for name in ["camera", "nosuch"] {
        let mut ftp = server.connect().await;
        ftp.expect(&format!("USER {name}"), 331).await;
        answers.push(ftp.expect("PASS Harbour-lights 8", 530).await.lines);
    }

    assert_eq!(answers[0], answers[1]);
    let after = stored(&server, &brought).await;
    assert_eq!(after.password_hash, brought.password_hash);
}

#[tokio::test]
async fn logins_at_the_same_time_all_get_in_while_the_hash_is_renewed() {
    let server = TestServer::start().await;
    let brought = bring(&server, "viewer", FOREIGN[0].1).await;
    let held = server.hold_passwords().await;

    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut ftp = server.connect().await;
        ftp.expect("USER viewer", 331).await;
        ftp.send(format!("PASS {PASSWORD}\r\n")).await;
        clients.push(ftp);
    }
    drop(held);

    for client in &mut clients {
        client.expect_reply(230).await;
    }
    let after = stored(&server, &brought).await;
    assert_ne!(after.password_hash, brought.password_hash);
}

/// Makes an account whose password was hashed elsewhere.
async fn bring(server: &TestServer, name: &str, text: &str) -> Account {
    let account = server.account(name).await;
    let hash = PasswordHash::new(text.to_owned());
    let mut tx = server.app().foundation.db.begin().await.unwrap();
    assert!(
        tx.set_account_password(account.id, &hash, MADE)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    stored(server, &account).await
}

async fn stored(server: &TestServer, account: &Account) -> Account {
    let db = &server.app().foundation.db;
    db.account(account.id).await.unwrap().unwrap()
}
