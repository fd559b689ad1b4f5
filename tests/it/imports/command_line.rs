//! Import and export with the real binary.

use serde_json::Value;

use crate::support::ftp_client::FtpClient;
use crate::support::process::{Installation, booked};
use crate::support::server::PASSWORD;

/// Behind every hash here.
const LIGHTS: &str = "Harbour-lights 7";

/// One of each kind, made with PHP, OpenSSL and Python.
const PASSWD: &str = "\
bcrypt:$2y$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy:1:1::/srv/bcrypt/./::::::::::::
sha256:$5$rounds=1000$quaysalt$8SHdF8t8gCzKV1eBmeflbrPs9GIMxnAt1jk32W3eBX2:1:1::/srv/sha256/./::::::::::::
sha512:$6$rounds=1000$quaysalt$T1X3ald6IO2J6Bbv1lMWG3Rrq9W4pia9qdu0ugieK2ifvKkuMg.eqFnbUxKwstJj5PchQQ3pGUc220rd4tWWp/:1:1::/srv/sha512/./::::::::::::
md5:$1$quaysalt$CZToviFmw60gDuam1t4gW/:1:1::/srv/md5/./::::::::::::
pbkdf2:$pbkdf2-sha256$1200$quaysalt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=:1:1::/srv/pbkdf2/./::::::::::::
";
const NAMES: [&str; 5] = ["bcrypt", "sha256", "sha512", "md5", "pbkdf2"];

#[tokio::test]
async fn every_kind_of_hash_lets_its_owner_in_and_is_ours_after_that() {
    let mut installation = Installation::new(4);
    installation.set(&[("tls_policy", "optional")]).await;
    let file = installation.file("pureftpd.passwd", PASSWD);
    let import = into_harbour(&file, "pure-ftpd");

    let rehearsed = installation
        .run(&[&import[..], &["--dry-run"]].concat())
        .await;
    assert!(
        rehearsed.contains("Customer Harbour is new."),
        "{rehearsed}"
    );
    assert!(
        rehearsed.contains("Nothing is changed yet. 5 created, 0 changed"),
        "{rehearsed}"
    );
    let done = installation.run(&import).await;
    assert!(done.contains("files from /srv/md5  to harbour-"), "{done}");

    let ftp = installation.start().await;
    for name in NAMES {
        FtpClient::connect(ftp).await.log_in(name, LIGHTS).await;
    }
    installation.stop().await;
    for (name, account) in exported(&installation).await {
        let hash = account["password_hash"].as_str().unwrap();
        assert!(hash.starts_with("$argon2id$"), "{name}");
    }
    let again = installation.run(&import).await;
    assert!(
        again.contains("0 created, 0 changed, 0 differ and stay, 5 unchanged"),
        "{again}"
    );
}

#[tokio::test]
async fn accounts_that_are_imported_beside_a_running_server_log_in_at_once() {
    let mut installation = Installation::new(4);
    installation.set(&[("tls_policy", "optional")]).await;
    let ftp = installation.start().await;
    let file = installation.file("pureftpd.passwd", PASSWD);

    let import = into_harbour(&file, "pure-ftpd");
    installation.run(&import).await;

    let mut client = FtpClient::connect(ftp).await;
    client.log_in("md5", LIGHTS).await;
    client.upload("STOR a", b"light").await;
}

/// So many accounts as CSV, and one that is refused.
fn birds(accounts: usize) -> String {
    let lines = (0..accounts).map(|number| format!("bird-{number}\n"));
    format!("username\n{}b!\n", lines.collect::<String>())
}

#[tokio::test]
async fn many_accounts_are_imported_by_the_running_server_and_the_command_line_waits() {
    let mut installation = Installation::new(4);
    // Makes the plan.
    installation.run(&["account", "list"]).await;
    installation.lift_limits().await;
    installation.start().await;
    let file = installation.file("birds.csv", &birds(250));

    let output = installation.try_run(&into_harbour(&file, "csv")).await;

    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("Customer Harbour is new."), "{told}");
    assert!(
        told.contains("250 created, 0 changed, 0 differ and stay, 0 unchanged, 1 refused."),
        "{told}"
    );
    assert!(told.contains("/bird-249-"), "{told}");
    let jobs = installation.run(&["job", "list"]).await;
    assert!(jobs.contains("import     done"), "{jobs}");
}

#[tokio::test]
async fn many_accounts_are_imported_without_a_server_too() {
    let installation = Installation::new(4);
    // Makes the plan.
    installation.run(&["account", "list"]).await;
    installation.lift_limits().await;
    let file = installation.file("birds.csv", &birds(150));

    let output = installation.try_run(&into_harbour(&file, "csv")).await;

    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("150 created"), "{told}");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("it is done here"), "{complaint}");
    let again = installation.try_run(&into_harbour(&file, "csv")).await;
    let told = String::from_utf8(again.stdout).unwrap();
    assert!(
        told.contains("0 created, 0 changed, 0 differ and stay, 150 unchanged, 1 refused."),
        "{told}"
    );
}

#[tokio::test]
async fn a_file_with_a_wrong_line_is_told_and_the_rest_is_taken() {
    let installation = Installation::new(4);
    let text = format!("{PASSWD}broken:plain:1:1::/srv/x/./\n");
    let file = installation.file("pureftpd.passwd", &text);
    let report = installation.file("report.csv", "");
    let import = into_harbour(&file, "pure-ftpd");

    let output = installation
        .try_run(&[&import[..], &["--report", &report]].concat())
        .await;

    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stdout).unwrap();
    let refusal = "password: not a password hash of a known kind";
    let line = told
        .lines()
        .find(|line| line.starts_with("line 6"))
        .unwrap();
    assert!(
        line.contains("refused") && line.ends_with(refusal),
        "{line}"
    );
    assert!(!told.contains("plain"), "{told}");
    let report = std::fs::read_to_string(&report).unwrap();
    assert!(
        report.contains("line 4,md5,created,,/srv/md5,harbour-"),
        "{report}"
    );
    assert!(
        report.contains(&format!("line 6,broken,refused,{refusal},,,")),
        "{report}"
    );
}

#[tokio::test]
async fn a_file_that_is_none_changes_nothing() {
    let installation = Installation::new(4);
    let file = installation.file("users.json", "{}");

    let import = into_harbour(&file, "sftpgo");
    let output = installation.try_run(&import).await;

    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("there is no list `users`"), "{error}");
    assert!(exported(&installation).await.is_empty());
}

#[tokio::test]
async fn an_export_comes_back_to_the_same_state() {
    let from = Installation::new(4);
    from.account(
        "kestrel",
        &["--permissions", "no-delete", "--quota", "5GiB"],
    )
    .await;
    from.account("heron", &["--quota-files", "7"]).await;
    let rule = [
        "account",
        "rules",
        "set",
        "kestrel",
        "/a=b;c",
        "--permissions",
        "list,upload",
    ];
    from.run(&rule).await;
    from.run(&[
        "account",
        "set",
        "kestrel",
        "--expires",
        "2099-03-12 18:30",
        "--allow-from",
        "192.0.2.0/24,2001:db8::/32",
        "--deny-from",
        "192.0.2.7",
        "--sessions-per-address",
        "2",
        "--start",
        "/in/today",
        "--umask",
        "027",
        "--active-mode",
        "no",
        "--durability",
        "on-disk",
        "--checksum",
        "sha256",
        "--forbid-names",
        "*.php plan",
    ])
    .await;
    from.run(&["account", "rules", "set", "kestrel", "/secret", "--hidden"])
        .await;
    from.run(&[
        "account",
        "suspend",
        "heron",
        "--reason",
        "=cmd|' /C calc'!A0",
    ])
    .await;
    let before = exported(&from).await;

    for format in ["csv", "json"] {
        let export = [
            "account",
            "export",
            "--format",
            format,
            "--with-password-hashes",
        ];
        let text = from.run(&export).await;
        assert!(
            format == "json" || text.contains("\"'=cmd|' /C calc'!A0\""),
            "{text}"
        );
        let to = Installation::new(4);
        let file = to.file("accounts", &text);
        to.run(&["account", "import", &file, "--from", format])
            .await;
        assert_eq!(exported(&to).await, before, "{format}");

        let again = from
            .run(&["account", "import", &file, "--from", format, "--update"])
            .await;
        assert!(again.contains("2 unchanged, 0 refused"), "{again}");
    }
    let open = from.run(&["account", "export"]).await;
    assert!(
        !open.contains("argon2") && !open.contains("password_hash"),
        "{open}"
    );
    assert!(
        open.contains("kestrel") && !open.contains(PASSWORD),
        "{open}"
    );
}

#[tokio::test]
async fn files_that_were_moved_into_a_new_home_are_counted_at_the_start() {
    let mut installation = Installation::new(4);
    installation.set(&[("tls_policy", "optional")]).await;
    let file = installation.file("pureftpd.passwd", PASSWD);
    let import = into_harbour(&file, "pure-ftpd");
    installation.run(&import).await;
    std::fs::write(installation.home("md5").join("moved"), [0; 777]).unwrap();

    let ftp = installation.start().await;

    let mut client = FtpClient::connect(ftp).await;
    client.log_in("md5", LIGHTS).await;
    let usage = booked(&mut client).await;
    assert_eq!((usage.bytes, usage.files), (777, 1));
}

/// The command that takes a file over for the customer Harbour.
fn into_harbour<'a>(file: &'a str, from: &'a str) -> [&'a str; 7] {
    [
        "account",
        "import",
        file,
        "--from",
        from,
        "--customer",
        "Harbour",
    ]
}

/// Every account by name, without its home, which has a number of its own.
async fn exported(installation: &Installation) -> Vec<(String, Value)> {
    let export = [
        "account",
        "export",
        "--format",
        "json",
        "--with-password-hashes",
    ];
    let text = installation.run(&export).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    let accounts = json["accounts"].as_array().unwrap();
    let mut accounts: Vec<_> = accounts
        .iter()
        .map(|account| {
            let mut account = account.clone();
            account.as_object_mut().unwrap().remove("home");
            (account["username"].as_str().unwrap().to_owned(), account)
        })
        .collect();
    accounts.sort_by(|one, other| one.0.cmp(&other.0));
    accounts
}
