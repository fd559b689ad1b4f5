//! A thousand accounts from every kind of file, on both databases.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use quaymaster::hosting::imports::{Existing, Mode, Order, Report, Source};
use quaymaster::model::Actor;
use quaymaster::store::Engine;
use sha_crypt::{Algorithm, Params, PasswordHasher, ShaCrypt};

use crate::support::engines::TestDatabase;
use crate::support::server::TestServer;

/// Accounts of a file.
const COUNT: usize = 1_000;
/// Passwords that they share, every other one hashed with bcrypt and with sha512-crypt.
const PASSWORDS: usize = 20;

#[tokio::test]
async fn a_thousand_accounts_come_from_each_server_on_sqlite() {
    a_thousand_from_each(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_thousand_accounts_come_from_each_server_on_postgres() {
    a_thousand_from_each(Engine::Postgres).await;
}

async fn a_thousand_from_each(engine: Engine) {
    let database = TestDatabase::new(engine).await;
    let server = TestServer::on_database(database.url()).await;
    let hashes: Vec<String> = (0..PASSWORDS).map(hash).collect();
    let files = Source::ALL.map(|source| (source, file(source, &hashes)));

    for (source, file) in &files {
        let rehearsed = import(&server, *source, file, Mode::Rehearse).await;
        assert_eq!(rehearsed.counts().created, COUNT as u64, "{source:?}");
        let name = name(*source, 0).parse().unwrap();
        let found = server.app().accounts.by_username(&name).await.unwrap();
        assert_eq!(found, None, "{source:?}");

        let since = Instant::now();
        let done = import(&server, *source, file, Mode::Perform).await;

        assert!(
            since.elapsed() < Duration::from_mins(1),
            "{source:?} took {:?}",
            since.elapsed()
        );
        assert_eq!(words(&done), words(&rehearsed), "{source:?}");
    }
    for (source, _) in &files {
        for number in [0, 1] {
            let mut ftp = server.connect().await;
            ftp.log_in(&name(*source, number), &password(number)).await;
            let name = name(*source, number).parse().unwrap();
            let account = server
                .app()
                .accounts
                .by_username(&name)
                .await
                .unwrap()
                .unwrap();
            let hash = account.password_hash.as_str();
            assert!(hash.starts_with("$argon2id$"), "{source:?} {number}");
        }
    }
    for (source, file) in &files {
        let again = import(&server, *source, file, Mode::Perform).await;
        assert_eq!(again.counts().unchanged, COUNT as u64, "{source:?}");
    }
}

async fn import(server: &TestServer, source: Source, file: &str, mode: Mode) -> Report {
    let records = source.read(file.as_bytes()).unwrap();
    let order = Order {
        title: source.label().to_owned(),
        customer: Some("Harbour".to_owned()),
        existing: Existing::Change,
        mode,
    };
    let (imports, actor) = (server.app().imports(), Actor::system());
    let run = imports.run(&actor, records, &order, |_| ControlFlow::Continue(()));
    run.await.unwrap()
}

fn words(report: &Report) -> Vec<(&str, &str)> {
    let rows = report.rows.iter();
    rows.map(|row| (row.name.as_str(), row.outcome.as_str()))
        .collect()
}

fn name(source: Source, number: usize) -> String {
    format!("{}-{number:04}", source.as_str())
}

fn password(number: usize) -> String {
    format!("harbour light {}", number % PASSWORDS)
}

fn hash(number: usize) -> String {
    let password = password(number);
    if number.is_multiple_of(2) {
        let parts = bcrypt::hash_with_salt(password, 4, salt::<16>(number)).unwrap();
        return parts.to_string();
    }
    let params = Params::new(1_000).unwrap();
    let crypt = ShaCrypt::new(Algorithm::Sha512Crypt, params);
    let hash = crypt.hash_password_with_salt(password.as_bytes(), &salt::<12>(number));
    hash.unwrap().to_string()
}

fn salt<const LENGTH: usize>(number: usize) -> [u8; LENGTH] {
    [u8::try_from(number).unwrap(); LENGTH]
}

fn file(source: Source, hashes: &[String]) -> String {
    let accounts = (0..COUNT).map(|number| (name(source, number), &hashes[number % PASSWORDS]));
    let mut file = String::new();
    let mut members = Vec::new();
    for (name, hash) in accounts {
        match source {
            Source::Csv => writeln!(file, "{name},10GiB,{hash}").unwrap(),
            Source::PureFtpd => {
                writeln!(file, "{name}:{hash}:1001:1001::/srv/{name}/./:::::8:1000:1048576:::::").unwrap();
            }
            Source::ProFtpd => {
                writeln!(file, "{name}:{hash}:1001:1001::/srv/{name}:/bin/false").unwrap();
            }
            Source::ProFtpdSql => members.push(format!("('{name}','{hash}','/srv/{name}')")),
            Source::Json => {
                members.push(format!(r#"{{"username": "{name}", "storage": 4096, "password_hash": "{hash}"}}"#));
            }
            Source::SftpGo => members.push(format!(
                r#"{{"username": "{name}", "status": 1, "password": "{hash}", "permissions": {{"/": ["*"]}}}}"#
            )),
        }
    }
    match source {
        Source::Csv => format!("username,storage,password_hash\n{file}"),
        Source::PureFtpd | Source::ProFtpd => file,
        Source::ProFtpdSql => format!(
            "INSERT INTO users (userid, passwd, homedir) VALUES {};",
            members.join(",\n")
        ),
        Source::Json => format!("{{\"accounts\": [{}]}}", members.join(",")),
        Source::SftpGo => format!("{{\"users\": [{}]}}", members.join(",")),
    }
}
