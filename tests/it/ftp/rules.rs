//! Rules for folders: what they forbid is forbidden to every verb, on every way there.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use quaymaster::model::{
    Account, Actor, PathRule, PathRules, PermissionProfile, Permissions, VirtualPath,
};
use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::FtpClient;
use crate::support::server::TestServer;

fn rule(folder: &str, permissions: Permissions) -> PathRule {
    PathRule {
        folder: VirtualPath::root().resolve(folder).unwrap(),
        permissions,
        hidden: false,
    }
}

fn read_only(folder: &str) -> PathRule {
    rule(folder, PermissionProfile::ReadOnly.permissions())
}

fn hidden(folder: &str) -> PathRule {
    PathRule {
        hidden: true,
        ..rule(folder, Permissions::all())
    }
}

/// Sets the rules of an account, as an administrator does.
async fn set(server: &TestServer, account: &Account, rules: Vec<PathRule>) {
    let accounts = &server.app().accounts;
    let seen = accounts.details(account.id).await.unwrap().account.version;
    let rules = PathRules::new(rules).unwrap();
    accounts
        .set_rules(&Actor::system(), account.id, seen, rules)
        .await
        .unwrap();
}

/// `/ro` with a file and a folder, a link to it from elsewhere, and rules.
async fn furnished(rules: Vec<PathRule>) -> (TestServer, Account) {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "ro/f", b"hello");
    server.put(&alice, "ro/sub/g", b"inside");
    server.put(&alice, "x/free", b"other");
    symlink("../ro", server.home(&alice).join("x/link")).unwrap();
    set(&server, &alice, rules).await;
    (server, alice)
}

/// Says a line that may want a data connection and never gets as far as using it.
async fn refused(ftp: &mut FtpClient, line: &str) -> String {
    ftp.expect("EPSV", 229).await;
    let reply = ftp.expect(line, 550).await;
    reply.text().to_owned()
}

async fn text(ftp: &mut FtpClient, command: &str) -> String {
    String::from_utf8(ftp.download(command).await).unwrap()
}

/// What the fact `perm` says in a line.
fn perm(line: &str) -> &str {
    let (_, after) = line.split_once("perm=").expect("a fact");
    after.split(';').next().unwrap_or_default()
}

/// DIR-26.
#[tokio::test]
async fn a_read_only_folder_is_read_only_to_every_verb_on_every_way_there() {
    let (server, alice) = furnished(vec![read_only("/ro")]).await;
    let mut ftp = server.login("alice").await;
    let before = server.disk(&alice);

    for folder in [
        "/ro",
        "/x/../ro",
        "/ro/.",
        "//ro//",
        "/x/link",
        "/x/./link/sub/..",
    ] {
        for line in [
            format!("STOR {folder}/new"),
            format!("STOR {folder}/f"),
            format!("APPE {folder}/f"),
            format!("STOU {folder}/new"),
            format!("DELE {folder}/f"),
            format!("RNFR {folder}/f"),
            format!("MKD {folder}/new"),
            format!("XMKD {folder}/sub/new"),
            format!("RMD {folder}/sub"),
            format!("SITE CHMOD 600 {folder}/f"),
            format!("SITE UTIME 20240101000000 {folder}/f"),
            format!("MFMT 20240101000000 {folder}/f"),
            format!("MDTM 20240101000000 {folder}/f"),
            format!("MFF Modify=20240101000000; {folder}/f"),
            format!("MFF UNIX.mode=0600; {folder}/f"),
        ] {
            let told = refused(&mut ftp, &line).await;
            let is_fair = told == "Permission denied." || line.starts_with("MDTM");
            assert!(is_fair, "{line}: {told}");
        }
        ftp.expect("REST 2", 350).await;
        ftp.expect(&format!("STOR {folder}/f"), 550).await;
        ftp.expect("RNFR /x/free", 350).await;
        ftp.expect(&format!("RNTO {folder}/free"), 550).await;
        assert_eq!(ftp.download(&format!("RETR {folder}/f")).await, b"hello");
        let facts = ftp.expect(&format!("MLST {folder}/f"), 250).await;
        assert_eq!(perm(&facts.lines[1]), "r", "{facts:?}");
    }
    for line in ["RNFR /ro", "RMD /ro", "RNFR /", "DELE /ro"] {
        refused(&mut ftp, line).await;
    }
    ftp.expect("CWD /x/link", 250).await;
    refused(&mut ftp, "STOR here").await;

    assert_eq!(server.disk(&alice), before);
    assert_eq!(server.read(&alice, "ro/f"), Some(b"hello".to_vec()));
    assert_eq!(server.names(&alice, "ro"), ["f", "sub"]);
    ftp.expect("CWD /", 250).await;
    let stored = ftp.upload("STOR /x/free", b"may").await;
    assert_eq!(stored.code, 226, "{stored:?}");
}

/// DIR-26: what lies deeper has the last word, and a folder that holds a rule stays where it is.
#[tokio::test]
async fn a_deeper_rule_opens_a_folder_and_holds_those_above_it() {
    let rules = vec![read_only("/"), rule("/ro/sub", Permissions::all())];
    let (server, alice) = furnished(rules).await;
    let mut ftp = server.login("alice").await;

    assert_eq!(ftp.upload("STOR /ro/sub/new", b"in").await.code, 226);
    assert_eq!(ftp.upload("STOR /RO/../ro/sub/g", b"again").await.code, 226);
    refused(&mut ftp, "STOR /ro/new").await;
    set(&server, &alice, vec![read_only("/ro/sub")]).await;

    ftp.expect("RNFR /ro", 550).await;
    ftp.expect("RMD /ro", 550).await;
    ftp.expect("MKD /made", 257).await;
    ftp.expect("RNFR /made", 350).await;
    ftp.expect("RNTO /x/made", 250).await;
    let facts = ftp.expect("MLST /ro", 250).await;
    assert_eq!(perm(&facts.lines[1]), "celmp", "{facts:?}");
    let listing = text(&mut ftp, "MLSD /ro").await;
    let line = |name: &str| listing.lines().find(|line| line.ends_with(name)).unwrap();
    assert_eq!(perm(line(" sub")), "el");
    assert_eq!(perm(line(" f")), "adfrw");
}

/// LST-33.
#[tokio::test]
async fn a_hidden_folder_is_told_like_a_missing_one_by_every_verb() {
    let (server, alice) = furnished(vec![hidden("/ro")]).await;
    let mut ftp = server.login("alice").await;

    for folder in ["/ro", "/x/../ro", "/x/link", "/RO"] {
        for verb in [
            "LIST",
            "NLST",
            "MLSD",
            "MLST",
            "STAT",
            "CWD",
            "SIZE",
            "MDTM",
            "RETR",
            "STOR",
            "APPE",
            "DELE",
            "RNFR",
            "RMD",
            "MKD",
            "HASH",
            "XCRC",
            "AVBL",
            "SITE CHMOD 700",
            "SITE UTIME 20240101000000",
            "MFMT 20240101000000",
            "MFF Modify=20240101000000;",
        ] {
            for name in ["", "/f", "/sub"] {
                let told = refused(&mut ftp, &format!("{verb} {folder}{name}")).await;
                let first = told.lines().next().unwrap_or_default().to_owned();
                assert_eq!(first, "No such file or directory.", "{verb} {folder}{name}");
            }
        }
        ftp.expect("RNFR /x/free", 350).await;
        ftp.expect(&format!("RNTO {folder}/free"), 550).await;
        ftp.expect("RNFR /x/free", 350).await;
        ftp.expect(&format!("RNTO {folder}"), 550).await;
        refused(&mut ftp, &format!("LIST {folder}/*")).await;
    }
    for command in ["LIST -a", "NLST", "MLSD", "LIST -R", "NLST *", "NLST /x"] {
        let listing = text(&mut ftp, command).await;
        assert!(!listing.contains("ro"), "{command}: {listing}");
        assert!(!listing.contains("link"), "{command}: {listing}");
    }
    let status = ftp.expect("STAT /", 213).await;
    assert!(status.lines.iter().all(|line| !line.contains("ro")));

    assert_eq!(server.read(&alice, "ro/f"), Some(b"hello".to_vec()));
    assert_eq!(server.names(&alice, "ro"), ["f", "sub"]);
}

/// A right that is taken away ends what lives by it, and nothing else.
#[tokio::test]
async fn a_transfer_that_a_new_rule_forbids_ends_at_once() {
    let (server, alice) = furnished(Vec::new()).await;
    let mut inside = server.login("alice").await;
    let mut outside = server.login("alice").await;
    let mut data = inside.open_data().await;
    inside.expect("STOR /x/link/big", 150).await;
    data.write_all(b"abc").await.unwrap();
    let mut other = outside.open_data().await;
    outside.expect("STOR /x/big", 150).await;
    other.write_all(b"abc").await.unwrap();
    let since = Instant::now();

    set(&server, &alice, vec![read_only("/ro")]).await;

    inside.expect_reply(426).await;
    assert!(since.elapsed() < Duration::from_secs(1));
    inside.expect("STOR /ro/big", 550).await;
    drop(other);
    outside.expect_reply(226).await;
    assert_eq!(server.read(&alice, "x/big"), Some(b"abc".to_vec()));
}

/// The audit log tells the folder, what its rule said and what it says.
#[tokio::test]
async fn a_changed_rule_stands_in_the_audit_log() {
    let (server, alice) = furnished(vec![read_only("/ro")]).await;

    set(&server, &alice, vec![hidden("/ro")]).await;

    let query = quaymaster::model::AuditQuery {
        limit: 1,
        ..Default::default()
    };
    let log = server.app().audit.page(&query).await.unwrap();
    let told = ("folder /ro", "Read only", "hidden");
    let told = (told.0.to_owned(), told.1.to_owned(), told.2.to_owned());
    assert_eq!(log[0].changes, [told]);
}
