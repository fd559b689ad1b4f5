//! A PostgreSQL server for the tests: the one that `QUAYMASTER_TEST_POSTGRES_URL` names, or one
//! that is started on first use, on a Unix socket, and stops by itself when this process ends,
//! however it ends.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{ConnectOptions, Connection, PgConnection};

/// Who runs the server if the tests run as root, which PostgreSQL refuses to do.
const NOBODY: u32 = 65_534;

/// Initialises and starts a server in the folder `$1` with the programs in `$2`, says `ready`, waits
/// until its input is closed, which the kernel does when the tests end, and cleans up.
const KEEPER: &str = r#"
    folder=$1 programs=$2
    clean_up() {
        "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop > /dev/null 2>&1
        rm -rf "$folder"
    }
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    trap '' PIPE
    "$programs/initdb" -D "$folder/data" -U quaymaster -A trust -E UTF8 --no-sync \
        > "$folder/log" 2>&1 || { tail -n 3 "$folder/log"; exit 1; }
    "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" start > /dev/null 2>&1 -o "-k $folder \
        -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
        -c shared_buffers=32MB -c max_connections=300" \
        || { tail -n 3 "$folder/log"; exit 1; }
    echo ready
    cat > /dev/null
"#;

/// A new, empty database and its address. Ends with the server.
pub(crate) async fn fresh_database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(server).await.unwrap();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let mut connection = connect(&with_database(&server.url, "postgres")).await;
    for statement in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    with_database(&server.url, &name)
}

struct Server {
    /// Address of the server, with any database.
    url: String,
    /// Stops the server when its input closes; its input closes with this process.
    _keeper: Option<Child>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var_os("QUAYMASTER_TEST_POSTGRES_URL") {
        Some(url) => Server {
            url: url.into_string().expect("the address is text"),
            _keeper: None,
        },
        None => start(),
    })
}

fn start() -> Server {
    let programs = programs().expect(
        "PostgreSQL is not installed: its server programs (initdb, pg_ctl) are needed, for example \
         from `apt-get install postgresql`",
    );
    let folder = tempfile::Builder::new()
        .prefix("qm-pg-")
        .tempdir()
        .unwrap()
        .keep();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", KEEPER, "sh"])
        .args([&folder, &programs])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C is for the tests; the server goes when they are gone.
        .process_group(0);
    if std::fs::metadata(&folder).unwrap().uid() == 0 {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut keeper = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(keeper.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert_eq!(said.trim(), "ready", "PostgreSQL did not start");
    Server {
        url: format!(
            "postgres:///postgres?host={}&user=quaymaster",
            folder.display()
        ),
        _keeper: Some(keeper),
    }
}

/// The folder of the server programs: on the path, or where Debian puts them, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    let complete = |folder: &Path| folder.join("initdb").exists() && folder.join("pg_ctl").exists();
    on_path
        .into_iter()
        .chain(versions)
        .find(|folder| complete(folder))
}

/// The same address with another database.
fn with_database(url: &str, name: &str) -> String {
    let (place, options) = url
        .split_once('?')
        .map_or((url, String::new()), |(place, options)| {
            (place, format!("?{options}"))
        });
    let (scheme, rest) = place.split_once("://").expect("postgres://…");
    let server = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{server}/{name}{options}")
}

async fn connect(url: &str) -> PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}
